"""What a provider plug-in is, and the registry that finds the installed ones.

A plug-in is a class named under the entry point group ``fased.providers``. It mirrors what Fased asks of its own in-process
plug-ins: an id, ways to authenticate, a catalog hook with its place in the order, and calls. Fact: Fased's
``src/plugins/types.ts`` and ``src/plugins/provider-discovery.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, get_args

from .context import CallContext
from .errors import PluginError
from .paths import Paths

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "fased.providers"
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


@dataclass(frozen=True, slots=True)
class Broken:
    """A plug-in that cannot be used, and why."""

    name: str
    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"provider plug-in {self.name!r} of {self.distribution} is left out: {self.reason}"


@dataclass(frozen=True, slots=True)
class Registry:
    """The installed providers by id, and the plug-ins that could not be used."""

    providers: Mapping[str, type[Provider]] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    def __iter__(self) -> Iterator[type[Provider]]:
        return iter(self.providers.values())

    def get(self, provider: str) -> type[Provider]:
        """The provider of an id.

        Raises:
            PluginError: there is none, or its plug-in is broken.
        """
        found = self.providers.get(provider)
        if found is not None:
            return found
        why = next((str(broken) for broken in self.broken if broken.name == provider), None)
        raise PluginError(
            why or f"No provider plug-in named {provider!r} is installed.",
            hint=f"Installed: {', '.join(self.providers) or 'none'}.",
        )

    def in_catalog_order(self) -> list[type[Provider]]:
        """The providers as their catalogs are asked: by order, then by label."""
        return sorted(self, key=lambda provider: (CATALOG_ORDERS.index(provider.catalog_order), provider.label))

    def auth_method(self, choice: str) -> tuple[type[Provider], AuthMethod] | None:
        """The provider and method of an ``--auth-choice``, None if no plug-in here has it."""
        for provider in self:
            for method in provider.auth_methods:
                if method.choice == choice:
                    return provider, method
        return None


def load_registry(entry_points: Iterable[EntryPoint] | None = None) -> Registry:
    """Load the installed plug-ins. A broken one is listed as such, and does not take the others down.

    Args:
        entry_points: those to load, by default the installed ones of the group ``fased.providers``.
    """
    if entry_points is None:
        from importlib import metadata  # here, since a call of the provider needs none of it

        entry_points = metadata.entry_points(group=GROUP)
    providers: dict[str, type[Provider]] = {}
    broken: list[Broken] = []
    for entry_point in entry_points:
        try:
            provider = entry_point.load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        else:
            reason = _defect(provider) or ""
            if not reason and provider.id in providers:
                reason = f"the id {provider.id!r} is taken by another plug-in"
            if not reason:
                providers[provider.id] = provider
                continue
        distribution = entry_point.dist.name if entry_point.dist else "an unnamed package"
        broken.append(Broken(entry_point.name, distribution, reason))
    return Registry(providers, tuple(broken))


def _defect(provider: Any) -> str | None:
    """What keeps a class from being a provider."""
    for name in ("id", "label", "default_model"):
        value = getattr(provider, name, None)
        if not isinstance(value, str) or not value:
            return f"it has no {name}"
    for name, kind in (("env_vars", str), ("auth_methods", AuthMethod)):
        value = getattr(provider, name, None)
        if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
            return f"its {name} is no tuple of {kind.__name__}"
    if getattr(provider, "catalog_order", None) not in CATALOG_ORDERS:
        return f"its catalog_order is none of {', '.join(CATALOG_ORDERS)}"
    missing = [name for name in ("from_config", "catalog", "chat") if not callable(getattr(provider, name, None))]
    return f"it has no {', '.join(missing)}" if missing else None
