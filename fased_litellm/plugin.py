"""What a provider plug-in is, and the registry that finds the installed ones.

A plug-in is a class named under the entry point group ``fased.providers``. It mirrors what Fased asks of its own in-process
plug-ins: an id, ways to authenticate, a catalog hook with its place in the order, and calls. Fact: Fased's
``src/plugins/types.ts`` and ``src/plugins/provider-discovery.ts``.

Any installed distribution may name a plug-in. The id ``litellm`` is that of the plug-in here, whatever else is installed; an id that
several others claim belongs to none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, Self, get_args

from .context import CallContext
from .errors import PluginError
from .paths import Paths
from .redaction import logger
from .refs import PROVIDER, normalize_provider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "fased.providers"
_OWN = "fased_litellm.provider:LiteLLMProvider"
_log = logger("plugin")
CatalogOrder = Literal["simple", "profile", "paired", "late"]
CATALOG_ORDERS: tuple[CatalogOrder, ...] = get_args(CatalogOrder)


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """A way to authenticate that onboarding offers.

    Attributes:
        choice: value of ``--auth-choice``, such as ``litellm-api-key``.
        label: what a person reads.
        kind: ``api_key``, ``token``, ``oauth``, ``device_code`` or ``custom``.
        flag: command line flag that takes the key.
        hint: one line of explanation.
    """

    choice: str
    label: str
    kind: Literal["api_key", "token", "oauth", "device_code", "custom"]
    flag: str
    hint: str = ""


class Provider(Protocol):
    """A provider of models for a Fased agent."""

    id: ClassVar[str]
    """Provider id: the part of a model reference before the first slash."""
    label: ClassVar[str]
    env_vars: ClassVar[tuple[str, ...]]
    """Variables that may hold its key."""
    auth_methods: ClassVar[tuple[AuthMethod, ...]]
    default_model: ClassVar[str]
    """Reference of the model which is registered always."""
    catalog_order: ClassVar[CatalogOrder]
    """When its catalog is asked, among those of all providers."""

    @classmethod
    def from_config(
        cls, paths: Paths | None = None, env: Mapping[str, str] | None = None, *, agent: str | None = None
    ) -> Self:
        """Make it from the agent's config.

        Raises:
            FasedError: the config does not hold.
        """
        ...

    def catalog(self) -> Mapping[str, Any] | None:
        """Its entry for ``models.providers`` with the models it offers now, None if it has nothing to offer."""
        ...

    def chat(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        role: str | None = None,
        context: CallContext | None = None,
        **params: Any,
    ) -> Any:
        """Answer a conversation."""
        ...


class PluginSource(NamedTuple):
    """The installed distribution that a plug-in comes from; the name is empty where there is none."""

    name: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip() or "an unnamed package"


@dataclass(frozen=True, slots=True)
class Broken:
    """A plug-in that cannot be used, and why.

    Attributes:
        name: of its entry point.
        source: where it comes from.
        reason: why it is not used.
        claims: the id that it would have, where that is the reason.
    """

    name: str
    source: PluginSource
    reason: str
    claims: str | None = None

    @property
    def distribution(self) -> str:
        """The distribution in words."""
        return str(self.source)

    def __str__(self) -> str:
        return f"Provider plug-in {self.name!r} of {self.source} is not used: {self.reason}."


@dataclass(frozen=True, slots=True)
class Registry:
    """The installed providers by id, and the plug-ins that could not be used.

    Attributes:
        providers: id → class; the plug-in of this package first.
        broken: the others.
        sources: id → the distribution which provides it.
    """

    providers: Mapping[str, type[Provider]] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()
    sources: Mapping[str, PluginSource] = field(default_factory=dict)

    def __iter__(self) -> Iterator[type[Provider]]:
        return iter(self.providers.values())

    def get(self, provider: str) -> type[Provider]:
        """The provider of an id.

        Raises:
            PluginError: there is none, its plug-in is broken, or several claim the id.
        """
        found = self.providers.get(provider)
        if found is not None:
            return found
        wanted = normalize_provider(provider)
        why = [str(broken) for broken in self.broken if wanted in (broken.claims, normalize_provider(broken.name))]
        raise PluginError(
            " ".join(why) or f"No provider plug-in named {provider!r} is installed.",
            hint=f"Installed: {', '.join(self.providers) or 'none'}.",
        )

    def in_catalog_order(self) -> list[type[Provider]]:
        """The providers as their catalogs are asked: by order, then by label."""
        return sorted(self, key=lambda provider: (CATALOG_ORDERS.index(provider.catalog_order), provider.label))

    def auth_method(self, choice: str) -> tuple[type[Provider], AuthMethod] | None:
        """The provider and method of an ``--auth-choice``, None if no plug-in here has it.

        One that the plug-in of this package has is its own, whoever else offers it.

        Raises:
            PluginError: several other plug-ins offer it.
        """
        found = [(one, method) for one in self for method in one.auth_methods if method.choice == choice]
        if len({one.id for one, _ in found}) > 1 and found[0][0].id != PROVIDER:
            names = " and ".join(f"{one.id} ({self.sources.get(one.id, PluginSource())})" for one, _ in found)
            raise PluginError(
                f"--auth-choice {choice} is offered by several plug-ins: {names}.",
                hint="Uninstall all but one of them.",
            )
        return found[0] if found else None


def load_registry(entry_points: Iterable[EntryPoint] | None = None) -> Registry:
    """Load the installed plug-ins. A broken one is listed as such, and does not take the others down.

    A plug-in that would take the place of the one in this package is not loaded, and a warning is logged.

    Args:
        entry_points: those to load, by default the installed ones of the group ``fased.providers``, and the plug-in of this
            package, whether it is installed or not.
    """
    if entry_points is None:
        from importlib import metadata  # here, since a call of the provider needs none of it

        own = metadata.EntryPoint(PROVIDER, _OWN, GROUP)
        points = list(metadata.entry_points(group=GROUP))
        points += [] if any(point.value == _OWN for point in points) else [own]
    else:
        points = list(entry_points)
    claims: dict[str, list[tuple[EntryPoint, type[Provider]]]] = {}
    broken: list[Broken] = []
    for point in sorted(points, key=lambda point: point.value != _OWN):
        if point.value != _OWN and normalize_provider(point.name) == PROVIDER:
            broken.append(_taken(point))
            continue
        try:
            provider = point.load()
        except Exception as error:
            broken.append(Broken(point.name, _source(point), f"{type(error).__name__}: {error}"))
            continue
        defect = _defect(provider)
        if defect:
            broken.append(Broken(point.name, _source(point), defect))
        elif point.value != _OWN and normalize_provider(provider.id) == PROVIDER:
            broken.append(_taken(point))
        elif point.value != _OWN or PROVIDER not in claims:
            claims.setdefault(normalize_provider(provider.id), []).append((point, provider))
    providers: dict[str, type[Provider]] = {}
    sources: dict[str, PluginSource] = {}
    for name, found in claims.items():
        if len(found) == 1:
            point, provider = found[0]
            providers[provider.id], sources[provider.id] = provider, _source(point)
        else:
            broken += _contested(name, [point for point, _ in found])
    return Registry(providers, tuple(broken), sources)


def _taken(point: EntryPoint) -> Broken:
    broken = Broken(point.name, _source(point), f"the id {PROVIDER!r} is that of fased-litellm's own", claims=PROVIDER)
    _log.warning("%s", broken)
    return broken


def _contested(name: str, points: list[EntryPoint]) -> list[Broken]:
    sources = dict.fromkeys(str(_source(point)) for point in points)
    reason = f"the id {name!r} is claimed by {' and '.join(sources)}" + (" twice" if len(sources) == 1 else "")
    found = [Broken(point.name, _source(point), reason, claims=name) for point in points]
    for broken in found:
        _log.warning("%s", broken)
    return found


def _source(point: EntryPoint) -> PluginSource:
    if point.dist is None:
        return PluginSource("fased-litellm") if point.value == _OWN else PluginSource()
    return PluginSource(point.dist.name, point.dist.version)


def _defect(provider: Any) -> str | None:
    """What keeps a class from being a provider."""
    for name in ("id", "label", "default_model"):
        value = getattr(provider, name, None)
        if not isinstance(value, str) or not value:
            return f"it has no {name}"
    for name, kind in (("env_vars", str), ("auth_methods", AuthMethod)):
        value = getattr(provider, name, None)
        if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
            return f"its {name} is not a tuple of {kind.__name__}"
    if getattr(provider, "catalog_order", None) not in CATALOG_ORDERS:
        return f"its catalog_order is none of {', '.join(CATALOG_ORDERS)}"
    missing = [name for name in ("from_config", "catalog", "chat") if not callable(getattr(provider, name, None))]
    return f"it has no {', '.join(missing)}" if missing else None
