"""Agent and role → model.

Facts about Fased: ``src/agents/agent-scope.ts`` (order of places), ``src/config/model-input.ts`` (one fallback),
``src/cron/task-model-roles.ts`` (roles), ``src/agents/model-selection.ts`` (aliases, references without a provider).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config.agents import Agent, find, section
from ..errors import UsageError
from ..refs import DEFAULT_REF, Known, ModelRef, normalize_provider
from .known import KnownNames

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

ROLES: dict[str, str] = {
    "cheap-check": "cheapCheck",
    "strong": "strong",
    "escalation": "escalation",
    "coding": "coding",
    "summarizer": "summarizer",
}
"""A role as it is typed → its key in ``taskModels``."""

IMPLIED = "implied"
"""The ``source`` of a choice for which the config says nothing."""

_PRIMARY_PROVIDER = "anthropic"
"""Fact: Fased reads a primary that has no provider and is no alias as a model of this provider, and logs that."""

_DEFAULT_PROVIDER = "openai"
"""Fact: the provider of any other reference without one (``src/agents/defaults.ts``)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The model for an agent and a role.

    Attributes:
        primary: the model to ask.
        fallback: the model to ask when that one fails; Fased honours one alone.
        source: the config path where the primary stands, ``implied`` where nothing is configured.
        notes: what the reader should know, for example a reference without a provider, or one that refers to a variable which
            is not set.
    """

    primary: ModelRef
    fallback: ModelRef | None
    source: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A text in the config that names a model, and its dotted path."""

    text: str
    path: str


def config_key(role: str) -> str:
    """The key in ``taskModels`` for a role typed in either spelling.

    Raises:
        UsageError: there is no such role.
    """
    text = role.strip()
    key = ROLES.get(text.lower().replace("_", "-"))
    if key is None and text not in ROLES.values():
        raise UsageError(f"Unknown model role: {role}.", hint=f"Roles: {', '.join(ROLES)}; without one, the primary.")
    return key or text


def resolve(
    snapshot: ConfigSnapshot, agent: str | None = None, role: str | None = None, *, known: Known | None = None
) -> Choice:
    """The model for an agent, by default the default agent, and a role, by default none.

    A role is looked for in the agent's ``taskModels``, then in ``agents.defaults.taskModels``; where neither has it, the
    primary is taken. The primary is the agent's own, else that of ``agents.defaults``, else ``litellm/default``. A fallback
    that refers to a variable which is not set is left out.

    Args:
        snapshot: the config.
        agent: agent id.
        role: in either spelling.
        known: what is known of models and profiles; by default what config and key stores say.

    Raises:
        UsageError: no such role, or the text cannot be an agent id.
        InvalidRef: the text in the config is no reference.
    """
    config = snapshot.value
    known = known or KnownNames(snapshot, agent)
    found = find(config, agent)
    place = _role_place(config, found, config_key(role)) if role else None
    is_primary = place is None
    if place is None:
        place = _primary_place(config, found)
    if place is None:
        primary, note, source = DEFAULT_REF, None, IMPLIED
    else:
        primary, note = parse_ref(config, place.text, known, is_primary=is_primary)
        source = place.path
    notes = [note] if note else []
    if place is not None and (unset := _unset(snapshot, place)):
        notes = [unset]
    fallback_place = next(fallback_places(config, found), None)
    if fallback_place and (unset := _unset(snapshot, fallback_place)):
        fallback_place = None
        notes.append(unset)
    fallback = parse_ref(config, fallback_place.text, known)[0] if fallback_place else None
    return Choice(primary, None if fallback == primary else fallback, source, tuple(notes))


def _unset(snapshot: ConfigSnapshot, place: Place) -> str | None:
    return next((f"{issue.message}." for issue in snapshot.missing if issue.path == place.path), None)


def aliases(config: Mapping[str, Any]) -> dict[str, str]:
    """Alias → key of ``agents.defaults.models``, in file order; aliases are compared without case."""
    found: dict[str, str] = {}
    for key, entry in section(config, "agents", "defaults", "models").items():
        alias = entry.get("alias") if isinstance(entry, Mapping) else None
        if isinstance(alias, str) and alias.strip():
            found.setdefault(alias.strip(), key)
    return found


def parse_ref(
    config: Mapping[str, Any], text: str, known: Known | None, *, is_primary: bool = False
) -> tuple[ModelRef, str | None]:
    """A reference or an alias from the config, as Fased reads it; with a note where that may surprise.

    Args:
        config: with the aliases.
        text: the reference.
        known: what is known of models and profiles; None for a text that has no profile.
        is_primary: whether it is a primary, which Fased reads in its own way where it names no provider.

    Raises:
        InvalidRef: it is neither.
    """
    if "/" in text:
        return ModelRef.parse(text, known=known), None
    name, at, profile = text.strip().partition("@")
    wanted = name.strip().lower()
    key = next((key for alias, key in aliases(config).items() if alias.lower() == wanted), None)
    if key is not None:
        target = ModelRef.parse(key, known=None)
        return (ModelRef(target.provider, target.model, profile) if at and profile else target), None
    provider = _PRIMARY_PROVIDER if is_primary else _DEFAULT_PROVIDER
    ref = ModelRef.parse(text, default_provider=provider, known=known)
    return (
        ref,
        f'"{text}" names no provider and is not an alias; Fased reads it as {ref}. Write litellm/{text.strip()}.',
    )


# ---- where the config names models


def model_value(value: Any, path: str) -> Place | None:
    """The primary of a ``model`` value: a text, or ``{primary}``."""
    if isinstance(value, str) and value.strip():
        return Place(value.strip(), path)
    if isinstance(value, Mapping) and isinstance(value.get("primary"), str) and value["primary"].strip():
        return Place(value["primary"].strip(), f"{path}.primary")
    return None


def entry_path(agent: Agent) -> str:
    """The path of an agent's entry."""
    return f"agents.list[{agent.index}]"


def legacy_models(agent: Agent) -> tuple[Mapping[str, Any], str]:
    """The older, provider-scoped settings of an agent, still read: ``modelProviders.<activeModelProvider>``."""
    active = agent.entry.get("activeModelProvider")
    providers = section(agent.entry, "modelProviders")
    if isinstance(active, str):
        for name, entry in providers.items():
            if normalize_provider(name) == normalize_provider(active) and isinstance(entry, Mapping):
                return entry, f"{entry_path(agent)}.modelProviders.{name}"
    return {}, ""


def _primary_place(config: Mapping[str, Any], agent: Agent) -> Place | None:
    legacy, legacy_path = legacy_models(agent)
    return (
        model_value(agent.entry.get("model"), f"{entry_path(agent)}.model")
        or model_value(dict(legacy), legacy_path)
        or model_value(section(config, "agents", "defaults").get("model"), "agents.defaults.model")
    )


def _role_place(config: Mapping[str, Any], agent: Agent, key: str) -> Place | None:
    legacy, legacy_path = legacy_models(agent)
    for owner, path in (
        (agent.entry, entry_path(agent)),
        (legacy, legacy_path),
        (section(config, "agents", "defaults"), "agents.defaults"),
    ):
        text = section(owner, "taskModels").get(key)
        if isinstance(text, str) and text.strip():
            return Place(text.strip(), f"{path}.taskModels.{key}")
    return None


def fallback_places(config: Mapping[str, Any], agent: Agent) -> Iterator[Place]:
    """The fallbacks that count for an agent, in order.

    An agent's ``model: {fallbacks: []}`` turns the global ones off; ``model: "x"`` and ``{primary}`` inherit them.
    """
    legacy, legacy_path = legacy_models(agent)
    for owner, path in (
        (agent.entry.get("model"), f"{entry_path(agent)}.model"),
        (legacy, legacy_path),
        (section(config, "agents", "defaults").get("model"), "agents.defaults.model"),
    ):
        listed = owner.get("fallbacks") if isinstance(owner, Mapping) else None
        if isinstance(listed, list):
            for index, text in enumerate(listed):
                if isinstance(text, str) and text.strip():
                    yield Place(text.strip(), f"{path}.fallbacks[{index}]")
            return
