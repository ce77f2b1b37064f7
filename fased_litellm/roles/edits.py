"""The edits of fased.json that choose models. Pure: nothing is read or written here.

All start from the tree before ``${VAR}`` is replaced, so that no value of a variable is ever written into the file.

Facts about Fased: ``src/commands/models/shared.ts`` (``models set``), ``src/commands/agents.commands.models.ts`` and
``agents.config.ts`` (``agents models set``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config.agents import default_agent, find, section
from ..config.edits import DELETE, Edit
from ..config.interpolation.placeholders import literal
from ..errors import RefError
from ..refs import ModelRef
from .choice import config_key, legacy_models

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

_DEFAULTS = ("agents", "defaults")
_LEGACY = ("activeModelProvider", "modelProviders")


@dataclass(frozen=True, slots=True)
class AgentModels:
    """The models of an agent after an edit, in the shape in which Fased prints them, and the edits."""

    agent_id: str
    model: str | dict[str, Any]
    task_models: dict[str, str]
    edits: tuple[Edit, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of ``agents models set``."""
        return {"agentId": self.agent_id, "model": self.model, "taskModels": self.task_models}


def written(ref: ModelRef) -> str:
    """A reference as it stands in the values of a config; a model's name may hold what looks like a variable there."""
    return literal(str(ref))


def set_primary_edits(snapshot: ConfigSnapshot, ref: ModelRef) -> list[Edit]:
    """Make ``ref`` the primary of all agents that have none of their own; fallbacks stay."""
    current = section(snapshot.source, *_DEFAULTS).get("model")
    text = written(ref)
    if isinstance(current, Mapping):
        return [] if current.get("primary") == text else [Edit((*_DEFAULTS, "model", "primary"), text)]
    if current == text:
        return []
    return [Edit((*_DEFAULTS, "model"), {"primary": text})]


def allow_edits(snapshot: ConfigSnapshot, refs: Iterable[ModelRef], *, always: bool = False) -> list[Edit]:
    """Add references to the allow-list ``agents.defaults.models``.

    Args:
        snapshot: the config.
        refs: the references to allow.
        always: also where there is no list yet. Such a list then allows nothing else, so this is off by default.
    """
    models = section(snapshot.source, *_DEFAULTS, "models")
    if not models and not always:
        return []
    keys = dict.fromkeys(ref.key for ref in refs)
    return [Edit((*_DEFAULTS, "models", key), {}) for key in keys if key not in models]


def role_edits(snapshot: ConfigSnapshot, task_models: Mapping[str, ModelRef]) -> list[Edit]:
    """Set model roles for all agents that do not set them themselves (``agents.defaults.taskModels``)."""
    current = section(snapshot.source, *_DEFAULTS, "taskModels")
    wanted = {config_key(role): written(ref) for role, ref in task_models.items()}
    return [Edit((*_DEFAULTS, "taskModels", key), text) for key, text in wanted.items() if current.get(key) != text]


def agent_model_edits(
    snapshot: ConfigSnapshot,
    agent: str | None,
    *,
    primary: str | None = None,
    fallbacks: Sequence[str] | None = None,
    task_models: Mapping[str, str] | None = None,
) -> AgentModels:
    """Set the models of one agent.

    What is not given stays as it is. The entry in ``agents.list`` is made if there is none; where that would make another
    agent the default one, the default agent gets an entry before it. ``model`` is a bare text where there is no fallback, else
    ``{primary, fallbacks}``; an empty list there, which turns the global fallback off, stays. The older fields ``activeModelProvider`` and ``modelProviders`` are removed.

    Args:
        snapshot: the config.
        agent: agent id; None for the default agent.
        primary: the new primary.
        fallbacks: the new fallbacks; with an empty list the agent has none of its own.
        task_models: role (either spelling) → reference; an empty text removes the role.

    Raises:
        RefError: nothing would be set; message and exit status are those of Fased.
        UsageError: a role or the agent id is not one.
    """
    source = snapshot.source
    found = find(source, agent)
    current = found.entry.get("model")
    legacy, _ = legacy_models(found)
    inherited = current if current is not None else legacy  # what the older fields said goes into the newer ones
    chosen = _clean(primary) or _primary_of(inherited)
    backups = _fallbacks_of(inherited) if fallbacks is None else _unique(fallbacks)
    roles = {
        key: text
        for owner in (legacy, found.entry)
        for key, text in section(owner, "taskModels").items()
        if isinstance(text, str) and text
    }
    for role, text in (task_models or {}).items():
        cleaned = _clean(text)
        if cleaned:
            roles[config_key(role)] = cleaned
        else:
            roles.pop(config_key(role), None)
    if not chosen and not backups and not roles:
        raise RefError("Set at least one model with --primary, --fallback, or a task-role option.")
    model: str | dict[str, Any]
    turned_off = fallbacks is None and isinstance(current, Mapping) and current.get("fallbacks") == []
    if chosen:
        model = {"primary": chosen, "fallbacks": backups} if backups or turned_off else chosen
    else:
        model = {"fallbacks": backups}
    if found.index is None:
        edits = _new_entry(source, found.id, model, roles)
    else:
        edits = _changed_entry(found.entry, ("agents", "list", found.index), model, roles)
    return AgentModels(found.id, model, roles, tuple(edits))


def _new_entry(source: Mapping[str, Any], agent: str, model: Any, roles: dict[str, str]) -> list[Edit]:
    entry: dict[str, Any] = {"id": agent}
    if model != {"fallbacks": []}:
        entry["model"] = model
    if roles:
        entry["taskModels"] = roles
    entries = section(source, "agents").get("list")
    count = len(entries) if isinstance(entries, list) else 0
    if count:
        return [Edit(("agents", "list", count), entry)]
    default = default_agent(source)
    return [Edit(("agents", "list"), [entry] if agent == default else [{"id": default}, entry])]


def _changed_entry(
    entry: Mapping[str, Any], path: tuple[str | int, ...], model: Any, roles: dict[str, str]
) -> list[Edit]:
    edits: list[Edit] = []
    current = entry.get("model")
    if isinstance(current, Mapping) and isinstance(model, dict):
        # Key by key: what else stands in the object, comments too, stays.
        edits += [Edit((*path, "model", key), value) for key, value in model.items() if current.get(key) != value]
    elif model != current and not (current is None and model == {"fallbacks": []}):
        edits.append(Edit((*path, "model"), model))
    before = section(entry, "taskModels")
    if roles and not before:
        edits.append(Edit((*path, "taskModels"), roles))
    elif before and not roles:
        edits.append(Edit((*path, "taskModels"), DELETE))
    else:
        edits += [Edit((*path, "taskModels", key), text) for key, text in roles.items() if before.get(key) != text]
        edits += [Edit((*path, "taskModels", key), DELETE) for key in before if key not in roles]
    edits += [Edit((*path, key), DELETE) for key in _LEGACY if key in entry]
    return edits


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def _unique(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _primary_of(model: Any) -> str | None:
    text = model.get("primary") if isinstance(model, Mapping) else model
    return _clean(text) if isinstance(text, str) else None


def _fallbacks_of(model: Any) -> list[str]:
    listed = model.get("fallbacks") if isinstance(model, Mapping) else None
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
