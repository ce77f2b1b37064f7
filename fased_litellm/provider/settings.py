"""What the config says about the provider ``litellm``: address, models, limits, prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.defaults import address_of, entry_place, provider_of
from ..config.load import ConfigSnapshot
from ..config.schema.models import Cost, ModelDefinition, ProviderConfig
from ..errors import UnknownModel
from ..paths import Paths
from ..proxy.pricing.prices import Prices
from ..proxy.urls import normalize_base_url
from ..refs import PROVIDER, ModelRef
from ..roles.allowed import check_allowed
from ..roles.choice import IMPLIED, Choice, resolve
from ..roles.known import KnownNames

if TYPE_CHECKING:
    from ..catalog.facts import Catalog, ModelFacts

_MILLION = Decimal(1_000_000)
_MOST_CHOSEN = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """A config read for calls.

    Attributes:
        snapshot: the config.
        paths: the places of this installation.
        provider: the provider's entry, configured or implied.
        base_url: the proxy's root, normalised.
    """

    snapshot: ConfigSnapshot = field(repr=False)
    paths: Paths
    provider: ProviderConfig = field(repr=False)
    base_url: str
    # What a call asks for again and again; a snapshot does not change.
    _definitions: Mapping[str, ModelDefinition] = field(repr=False, compare=False)
    _chosen: dict[tuple[str | ModelRef | None, str, str | None], Choice] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _catalog: dict[Path, tuple[tuple[int, int, int] | None, Catalog | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, snapshot: ConfigSnapshot, paths: Paths) -> Settings:
        """Read a valid config.

        Raises:
            UsageError: its base URL is none.
            MissingVariable: its base URL refers to a variable that is not set.
        """
        provider = provider_of(snapshot, PROVIDER)
        url = normalize_base_url(address_of(snapshot))
        # Of definitions with the same id the first one counts.
        definitions = {definition.id: definition for definition in reversed(provider.models)}
        return cls(snapshot, paths, provider, url, definitions)

    def choose(self, *, model: str | ModelRef | None, agent: str, role: str | None) -> Choice:
        """The model for a call: the one asked for, without a fallback; else that of the agent and its role.

        A text is read as ``catalog.typed`` has it, by what the proxy listed when it was last asked.

        Raises:
            InvalidRef: the text is no reference.
            UnknownModel: it belongs to another provider.
            ModelNotAllowed: the config has an allow-list without it.
            MissingVariable: the place in the config which names it refers to a variable that is not set.
            UsageError: no such role.
        """
        key = (model, agent, role)
        choice = self._chosen.get(key)
        if choice is None:
            choice = self._choose(model, agent, role)
            if len(self._chosen) >= _MOST_CHOSEN:
                self._chosen.clear()
            self._chosen[key] = choice
        return choice

    def _choose(self, model: str | ModelRef | None, agent: str, role: str | None) -> Choice:
        names = self.known(agent)
        if model is None:
            choice = resolve(self.snapshot, agent, role, known=names)
            if choice.source != IMPLIED:
                self.snapshot.need(choice.source)
        else:
            ref = model if isinstance(model, ModelRef) else self._typed(model, agent)
            choice = Choice(ref, None, "asked for")
        if choice.primary.provider != PROVIDER:
            raise UnknownModel(
                f"{choice.primary} belongs to the provider {choice.primary.provider!r}; this plug-in serves {PROVIDER!r}.",
                hint=f"Choose a model of the proxy: `fased models set {PROVIDER}/<model-id>`, or `--model`. If the proxy has a"
                f" model of this name, write {PROVIDER}/{choice.primary}.",
            )
        if model is not None:
            check_allowed(self.snapshot, choice.primary, names)
        return choice

    def known(self, agent: str | None = None) -> KnownNames:
        """What is known of models and profiles: of the config, the key stores, and what the proxy listed when last asked."""
        return KnownNames(self.snapshot, agent, lambda: listed.by_id if (listed := self._last_good()) else ())

    def _typed(self, text: str, agent: str) -> ModelRef:
        from ..catalog.typed import read_ref

        return read_ref(self.snapshot, text, self._last_good, agent=agent, only_proxy=True)

    def definition(self, model_id: str) -> ModelDefinition | None:
        """What the config says about a model."""
        return self._definitions.get(model_id)

    def headers(self, model_id: str) -> dict[str, str]:
        """The headers which the config adds to a model's requests; names in lower case, the model's win.

        Raises:
            MissingVariable: one of them refers to a variable that is not set.
        """
        definition = self.definition(model_id)
        own = definition.headers if definition else None
        if own:
            index = next(index for index, model in enumerate(self.provider.models) if model is definition)
            self.snapshot.need(f"{entry_place(self.snapshot)}.models[{index}].headers")
        return {**self.provider_headers(), **{name.lower(): value for name, value in (own or {}).items()}}

    def client_options(self) -> dict[str, Any]:
        """How the proxy is to be asked, for a ``ProxyClient``.

        Raises:
            MissingVariable: a header refers to a variable that is not set.
        """
        return {
            "allow_private_network": self.provider.allows_private_network,
            "headers": self.provider_headers(),
        }

    def provider_headers(self) -> dict[str, str]:
        """The headers which the config adds to every request to the proxy; names in lower case.

        Raises:
            MissingVariable: one of them refers to a variable that is not set.
        """
        if not self.provider.headers:
            return {}
        self.snapshot.need(f"{entry_place(self.snapshot)}.headers")
        return {name.lower(): value for name, value in self.provider.headers.items()}

    def prices(self, model_id: str) -> Prices | None:
        """What a model costs; None if nobody knows.

        As configured. Where that is what the proxy's prices come to for a short request, all of the proxy's prices count,
        as it said when it was last asked; likewise where the config has none. Zeros in the config mean that a model is free,
        unless the proxy names a price.
        """
        definition = self.definition(model_id)
        configured = None if definition is None or definition.cost is None else _per_token(definition.cost)
        listed = self._listed(model_id)
        if configured is not None and any(_four(configured)):
            from ..catalog.definitions import states

            return listed.prices if listed is not None and states(configured, listed) else configured
        if listed is not None:
            return listed.prices
        return configured if configured is not None and configured.free else None

    def _listed(self, model_id: str) -> ModelFacts | None:
        catalog = self._last_good()
        facts = catalog.facts_for(model_id) if catalog else None
        return facts if facts is not None and facts.prices.known else None

    def _last_good(self) -> Catalog | None:
        """What the proxy listed when it was last asked."""
        from ..catalog import cache

        path = cache.file_of(self.paths, self.base_url)
        try:
            found = path.stat()
        except OSError:
            return None
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        known, catalog = self._catalog.get(path, (None, None))
        if known != mark:
            catalog = cache.load_last_good(self.paths, self.base_url)
            self._catalog[path] = mark, catalog
        return catalog

    def supported_params(self, model_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters without those which the model is configured not to take."""
        definition = self.definition(model_id)
        kept = {name: value for name, value in params.items() if value is not None}
        compat = definition.compat if definition else None
        if compat and compat.supports_reasoning_effort is False:
            kept.pop("reasoning_effort", None)
        return kept

    def max_tokens_field(self, model_id: str) -> str:
        """The field by which a model takes its output limit."""
        definition = self.definition(model_id)
        compat = definition.compat if definition else None
        return (compat.max_tokens_field if compat else None) or "max_tokens"


def _four(prices: Prices) -> tuple[Decimal | None, ...]:
    return prices.input, prices.output, prices.cache_read, prices.cache_write


def _per_token(cost: Cost) -> Prices:
    def price(usd_per_million: Decimal | None) -> Decimal | None:
        return None if usd_per_million is None else usd_per_million / _MILLION

    return Prices(price(cost.input), price(cost.output), price(cost.cache_read), price(cost.cache_write))
