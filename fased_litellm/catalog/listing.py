"""The rows of ``fased models list``: what is configured, and with ``--all`` what the proxy offers besides.

Fact: the JSON and the columns are those of Fased's ``src/commands/models/list.ts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NotRequired
from urllib.parse import urlsplit

from ..config.agents import section
from ..config.defaults import entry_place, provider_of
from ..config.interpolation.missing import below
from ..documents import TypedDict
from ..errors import InvalidRef
from ..formatting import tokens
from ..net.addresses import is_loopback_url, is_private_url
from ..refs import DEFAULT_MODEL_ID, PROVIDER, Known, ModelRef, normalize_provider
from ..roles.choice import aliases, parse_ref
from ..roles.known import KnownNames
from .definitions import cost_per_million
from .facts import Catalog, ModelFacts

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot


class Metadata(TypedDict):
    """What the proxy says of a model; null is unknown.

    ``price`` is USD per million tokens of a short request, the highest of all deployments. ``rates`` has all prices of each
    deployment that differs from the others, under LiteLLM's own names for them, in USD per token (picture, second, search);
    ``route`` is the provider by whose rules LiteLLM bills, ``key`` its name of the model.
    """

    mode: str | None
    maxTokens: int | None
    price: dict[str, int | float] | None
    rates: list[dict[str, Any]]
    providers: list[str]


class ListedModel(TypedDict):
    """One model of ``fased models list --json``; ``metadata`` is left out where the proxy says nothing of it."""

    key: str
    name: str
    input: str
    contextWindow: int | None
    features: list[str]
    local: bool
    available: bool
    tags: list[str]
    missing: bool
    metadata: NotRequired[Metadata]


class ModelList(TypedDict):
    """The JSON document of ``fased models list --json``."""

    count: int
    models: list[ListedModel]


@dataclass(slots=True)
class ModelRow:
    """One model. ``missing`` is True only where the proxy was asked and does not take it."""

    key: str
    name: str
    input: str
    context_window: int | None
    features: list[str]
    local: bool
    available: bool
    tags: list[str] = field(default_factory=list)
    missing: bool = False
    metadata: Metadata | None = None

    def as_dict(self) -> ListedModel:
        """The JSON of the row; ``metadata`` is left out where nothing is known."""
        row: ListedModel = {
            "key": self.key,
            "name": self.name,
            "input": self.input,
            "contextWindow": self.context_window,
            "features": self.features,
            "local": self.local,
            "available": self.available,
            "tags": self.tags,
            "missing": self.missing,
        }
        return row if self.metadata is None else {**row, "metadata": self.metadata}


def rows(
    snapshot: ConfigSnapshot,
    catalog: Catalog | None,
    *,
    available: Callable[[str], bool],
    everything: bool = False,
    provider: str | None = None,
    only_local: bool = False,
) -> list[ModelRow]:
    """The models, those in use first, then those that are configured, then those that the proxy offers.

    Args:
        snapshot: the config.
        catalog: what the proxy offers; None if that is not known.
        available: whether there is a key for a provider.
        everything: also what is offered and not configured.
        provider: only this provider.
        only_local: only models behind an address of this machine.
    """
    tags = _tagged(snapshot, KnownNames(snapshot, listed=lambda: catalog.by_id if catalog else ()))
    if everything and catalog is not None:
        for model in catalog.chat_models:
            tags.setdefault(ModelRef(PROVIDER, model.id), [])
    wanted = normalize_provider(provider) if provider else None
    places = {name: _Place(snapshot, name) for name in {ref.provider for ref in tags}}
    keys = {name: available(name) for name in places if wanted is None or name == wanted}
    found = [
        _row(ref, names, places[ref.provider], catalog, keys[ref.provider])
        for ref, names in tags.items()
        if wanted is None or ref.provider == wanted
    ]
    return [row for row in found if row.local or not only_local]


class _Place:
    """A provider: where it is, and its definitions by id."""

    def __init__(self, snapshot: ConfigSnapshot, provider: str) -> None:
        providers = section(snapshot.value, "models", "providers")
        entry: Mapping[str, Any] = next(
            (item for name, item in providers.items() if normalize_provider(str(name)) == provider), {}
        )
        url = entry.get("baseUrl")
        if any(below(issue.path, f"{entry_place(snapshot, provider)}.baseUrl") for issue in snapshot.missing):
            url = None  # it refers to a variable that is not set, and nobody can say where that is
        allowed = section(entry, "request").get("allowPrivateNetwork") is True
        if not entry and provider == PROVIDER:
            implied = provider_of(snapshot, PROVIDER)
            url, allowed = implied.base_url, implied.allows_private_network
        models = entry.get("models")
        self.definitions: dict[str, Mapping[str, Any]] = {
            model["id"]: model
            for model in (models if isinstance(models, list) else [])
            if isinstance(model, Mapping) and isinstance(model.get("id"), str)
        }
        self.local = isinstance(url, str) and _is_local(url)
        self.network: list[str] = []
        if isinstance(url, str) and is_private_url(url):
            self.network = ["private-net" if allowed else "private-net blocked"]


def _tagged(snapshot: ConfigSnapshot, known: Known) -> dict[ModelRef, list[str]]:
    """References of the config → tags, in the order of the list."""
    config = snapshot.value
    defaults = section(config, "agents", "defaults")
    tags: dict[ModelRef, list[str]] = {}

    def tag(text: Any, name: str | None, *, is_primary: bool = False, is_key: bool = False) -> None:
        if not isinstance(text, str) or not text.strip():
            return
        try:
            ref, _ = parse_ref(config, text, None if is_key else known, is_primary=is_primary)
        except InvalidRef:
            return
        names = tags.setdefault(ModelRef(ref.provider, ref.model), [])
        if name and name not in names:
            names.append(name)

    for key, first, rest in (("model", "default", "fallback"), ("imageModel", "image", "img-fallback")):
        value = defaults.get(key)
        tag(value.get("primary") if isinstance(value, Mapping) else value, first, is_primary=key == "model")
        fallbacks = section(defaults, key).get("fallbacks")
        for number, text in enumerate(fallbacks if isinstance(fallbacks, list) else [], start=1):
            tag(text, f"{rest}#{number}")
    if not tags:
        tag(f"{PROVIDER}/{DEFAULT_MODEL_ID}", "default")
    for role, text in section(defaults, "taskModels").items():
        tag(text, str(role))
    agents = section(config, "agents").get("list")
    for agent in agents if isinstance(agents, list) else []:
        entry: Mapping[str, Any] = agent if isinstance(agent, Mapping) else {}
        value = entry.get("model")
        tag(value.get("primary") if isinstance(value, Mapping) else value, f"agent:{entry.get('id')}", is_primary=True)
    for key in section(defaults, "models"):
        tag(key, "configured", is_key=True)
    for alias, key in aliases(config).items():
        tag(key, f"alias:{alias}", is_key=True)
    for name, provider in section(config, "models", "providers").items():
        models = provider.get("models") if isinstance(provider, Mapping) else None
        for model in models if isinstance(models, list) else []:
            if isinstance(model, Mapping) and isinstance(model.get("id"), str):
                tag(f"{name}/{model['id']}", "configured", is_key=True)
    return tags


def _row(ref: ModelRef, tags: list[str], place: _Place, catalog: Catalog | None, has_key: bool) -> ModelRow:
    facts = catalog.facts_for(ref.model) if catalog is not None and ref.provider == PROVIDER else None
    definition = place.definitions.get(ref.model, {})
    kinds = definition.get("input")
    if not isinstance(kinds, list):
        kinds = ["text", "image"] if facts and facts.vision else ["text"]
    window = definition.get("contextWindow") or (facts.context_window if facts else None)
    missing = catalog is not None and ref.provider == PROVIDER and facts is None
    return ModelRow(
        key=ref.key,
        name=str(definition.get("name") or ref.model),
        input="+".join(map(str, kinds)),
        context_window=int(window) if window else None,
        features=[*_features(definition, facts), *place.network],
        local=place.local,
        available=has_key,
        tags=[*tags, *(["missing"] if missing else [])],
        missing=missing,
        metadata=_metadata(facts) if facts else None,
    )


def _features(definition: Mapping[str, Any], facts: ModelFacts | None) -> list[str]:
    capabilities = section(definition, "capabilities")
    known = {
        "reasoning": definition.get("reasoning") or (facts is not None and facts.reasoning),
        "tools": capabilities.get("tools") or (facts is not None and facts.tools),
        "json": capabilities.get("json") or (facts is not None and facts.json),
        "audio": capabilities.get("audio") or (facts is not None and facts.audio_input),
        "speech": capabilities.get("speech") or (facts is not None and facts.audio_output),
        # Not offered for certain, only because the proxy does not say what it is for.
        "mode-unknown": facts is not None and facts.mode is None,
        "not-chat": facts is not None and not facts.chat_capable,
    }
    return [name for name, present in known.items() if present is True]


def _metadata(facts: ModelFacts) -> Metadata:
    return {
        "mode": facts.mode,
        "maxTokens": facts.max_output_tokens,
        "price": cost_per_million(facts.prices) or None,
        "rates": [one.as_dict(float) for one in facts.prices.cards],
        "providers": list(facts.providers),
    }


def _is_local(url: str) -> bool:
    # Fact: Fased counts these besides loopback (src/commands/models/list.registry.ts).
    host = (urlsplit(url).hostname or "").lower()
    return is_loopback_url(url) or host in ("0.0.0.0", "::") or host.endswith(".local")  # noqa: S104 - compared, not bound


COLUMNS = ("Model", "Input", "Features", "Ctx", "Local", "Auth", "Tags")


def table(found: Sequence[ModelRow]) -> list[str]:
    """The rows for people, in columns as wide as their content. ``Ctx`` is in tokens."""
    cells = [COLUMNS]
    for row in found:
        window = "-" if row.context_window is None else tokens(row.context_window)
        auth = "yes" if row.available else "no"
        features, tags = ",".join(row.features) or "-", ",".join(row.tags) or "-"
        cells.append((row.key, row.input, features, window, "yes" if row.local else "no", auth, tags))
    widths = [max(len(cell[column]) for cell in cells) for column in range(len(COLUMNS))]
    return ["  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip() for cell in cells]
