"""Where prices are looked up afterwards: the definitions in the config, then what the proxies said when they were last asked.

Facts: Fased's ``src/utils/usage-format.ts`` takes the price of ``models.providers.<provider>.models[].cost``, in USD per
million tokens, and a model whose prices are zeros counts as free there. A catalog has no zeros: LiteLLM writes them for
prices that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from ...catalog import cache
from ...catalog.configured import definitions_of
from ...catalog.definitions import states
from ...catalog.facts import Catalog, ModelFacts
from ...config.agents import section
from ...config.defaults import base_urls
from ...config.load import ConfigSnapshot
from ...errors import UnknownModel, UsageError
from ...paths import Paths
from ...proxy.pricing.prices import Prices
from ...proxy.urls import normalize_base_url
from ...redaction import redact
from ...refs import PROVIDER, ModelRef, normalize_provider
from .config_prices import written, written_of

_MILLION = 1_000_000

_NEAREST = 5


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, and who says so.

    Attributes:
        prices: USD per token.
        source: ``config`` or ``catalog``.
        note: where exactly, in words.
        remark: what should be known of it.
    """

    prices: Prices
    source: Literal["config", "catalog"]
    note: str
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Why a model has no price, and what would help."""

    reason: str
    remedy: str


def per_token(values: Sequence[str | None]) -> Prices:
    """Four prices as ``written`` gives them, in USD per token."""
    plain, output, read, write = (None if value is None else Decimal(value) / _MILLION for value in values)
    return Prices(plain, output, read, write)


class PriceList:
    """The prices of a config and of the catalogs of its proxies. Files are read with the first model that needs them.

    Args:
        config: the config's value.
        base_urls: provider, in its normalised form → its address.
        paths: where the catalogs are.
        now: for their age.
    """

    def __init__(self, config: Mapping[str, Any], base_urls: Mapping[str, str], paths: Paths, now: datetime) -> None:
        self._config, self._written = config, written(config)
        self._providers = [str(key) for key in section(config, "models", "providers")]
        self._base_urls, self._paths, self._now = base_urls, paths, now
        self._catalogs: dict[str, Catalog | None] = {}

    @classmethod
    def of(cls, snapshot: ConfigSnapshot, paths: Paths, now: datetime | None = None) -> PriceList:
        """The prices which a config knows of."""
        urls = base_urls(snapshot.value, snapshot.env)
        return cls(snapshot.value, urls, paths, now or datetime.now(UTC))

    def find(self, provider: str, model: str) -> Price | NoPrice:
        """What a model costs: as the config defines it, else as its proxy last said."""
        if not provider or not model:
            return NoPrice("neither provider nor model is known", "None is possible: the call records neither.")
        found = self._defined(provider, model)
        if found is not None and found[0].known:
            return self._configured(*found, provider, model)
        listed = self._listed(provider, model)
        if isinstance(listed, NoPrice) and found is not None:
            return NoPrice(f"{found[1]} lacks input or output", "Add it there, in USD per million tokens.")
        return listed

    def target(self, text: str) -> tuple[ModelRef, Price]:
        """A model that is to be priced, as typed: a reference, an alias of the config, or an id of the LiteLLM proxy.

        Raises:
            InvalidRef: it is none.
            UnknownModel: it has no price here, or its proxy does not offer it; with those that look alike.
        """
        word = text.strip()
        known = self._refs()
        for name in (word, f"{PROVIDER}/{word}"):
            if name in known:
                ref = ModelRef(*known[name])
                break
        else:
            from ...roles.choice import parse_ref

            ref, note = parse_ref(self._config, word, None)
            ref = ModelRef(PROVIDER, word) if note else ref
        found = self.find(ref.provider, ref.model)
        catalog, url = self._catalog(ref.provider)
        if catalog is not None and not catalog.accepts(ref.model):
            found = NoPrice(f"the proxy at {url} does not offer it", "`fased providers refresh` asks the proxy again.")
        if isinstance(found, Price):
            return ref, found
        nearest = self._nearest(ref, known)
        meant = f"Nearest: {', '.join(nearest)}. " if nearest else ""
        raise UnknownModel(
            f"{ref.key} cannot be priced: {found.reason}.",
            hint=f"{meant}{found.remedy}",
            nearest=nearest,
        )

    def _refs(self) -> dict[str, tuple[str, str]]:
        """``provider/model`` → both, for all models that the config or a catalog names."""
        found: dict[str, tuple[str, str]] = {}
        for name in self._base_urls:
            catalog, _ = self._catalog(name)
            found |= {f"{name}/{model.id}": (name, model.id) for model in (catalog.chat_models if catalog else ())}
        for name in self._written:
            provider, _, model = name.partition("/")
            found.setdefault(name, (normalize_provider(provider), model))
        return found

    def _nearest(self, ref: ModelRef, known: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
        """Up to five models with a price whose names look like that one: those that contain it, then similar ones."""
        from difflib import get_close_matches

        priced = {name: pair for name, pair in known.items() if isinstance(self.find(*pair), Price)}
        wanted = ref.model.casefold()
        inside = [name for name, (_, model) in priced.items() if len(wanted) > 2 and wanted in model.casefold()]
        by_id = {model.casefold(): name for name, (_, model) in reversed(priced.items())}
        similar = [by_id[model] for model in get_close_matches(wanted, by_id, n=_NEAREST)]
        return tuple(dict.fromkeys([*sorted(inside, key=len), *similar]))[:_NEAREST] or tuple(priced)[:_NEAREST]

    def _defined(self, provider: str, model: str) -> tuple[Prices, str] | None:
        """The price in the config, and where it stands."""
        found = written_of(self._written, self._providers, provider, model)
        return None if found is None else (per_token(found[0]), found[1])

    def _keys(self, provider: str) -> list[str]:
        """The keys of a provider in ``models.providers``: exactly, as in Fased, then those that mean the same."""
        wanted = normalize_provider(provider)
        same = [key for key in self._providers if normalize_provider(key) == wanted and key != provider]
        return [*([provider] if provider in self._providers else []), *same]

    def _define(self, provider: str, model: str) -> str:
        """How to write a price into the config."""
        import shlex

        key = next(iter(self._keys(provider)), provider)
        models = definitions_of(self._config, key)
        defined = (
            index for index, entry in enumerate(models) if isinstance(entry, Mapping) and entry.get("id") == model
        )
        if (index := next(defined, None)) is None:
            added = shlex.join(["fased", "providers", "models", "add", "--provider", key, "--model", model])
            return f"`{added}` defines it; then give the definition a `cost`."
        place = shlex.quote(f"models.providers.{key}.models[{index}].cost")
        return f"`fased config set {place} '{{input: X, output: Y}}'`, with X and Y in USD per million tokens."

    def _listed(self, provider: str, model: str) -> Price | NoPrice:
        catalog, url = self._catalog(provider)
        if catalog is None:
            if normalize_provider(provider) != PROVIDER:
                return NoPrice("the config has no price for it", self._define(provider, model))
            return NoPrice(
                f"the config has no price for it, and the proxy at {url} was never asked",
                "`fased providers refresh` asks the proxy.",
            )
        date = f"{catalog.fetched_at.astimezone(UTC):%Y-%m-%d}"
        facts = catalog.facts_for(model)
        if facts is None:
            return NoPrice(
                f"the config has no price for it, and the proxy's list of {date} does not have it",
                f"`fased providers refresh` asks the proxy again; else: {self._define(provider, model)}",
            )
        if not facts.prices.known:
            return NoPrice(
                f"the config has no price for it, and the proxy reported none on {date}", self._define(provider, model)
            )
        age = cache.age_text(catalog.age_s(self._now))
        return Price(facts.prices, "catalog", f"catalog of {url} of {date}", f"as the proxy said {age} ago")

    def _configured(self, found: Prices, note: str, provider: str, model: str) -> Price:
        """Zeros in a config may be meant, or be what Fased once wrote for "not known". Four prices which are those of the
        proxy stand for all that it names: for long prompts, for caching for an hour, for tiers of service."""
        listed = self._listed(provider, model)
        if not isinstance(listed, Price):
            return Price(found, "config", note)
        if not (found.input or found.output):
            return Price(found, "config", note, "free by the zeros of the config, though the proxy tells a price")
        if listed.prices.cards and states(found, ModelFacts(model, prices=listed.prices)):
            return Price(listed.prices, "config", f"{note}, with what else the {listed.note} has")
        return Price(found, "config", note)

    def _catalog(self, provider: str) -> tuple[Catalog | None, str]:
        name = normalize_provider(provider)
        try:
            url = normalize_base_url(self._base_urls.get(name, ""))
        except UsageError:
            return None, "?"
        if url not in self._catalogs:
            self._catalogs[url] = cache.load_last_good(self._paths, url)
        return self._catalogs[url], redact(url)
