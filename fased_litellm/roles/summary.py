"""Every agent with its folders and models, as ``fased agents list`` shows them.

Fact: the first keys are those of Fased's ``src/commands/agents.config.ts``; ``fallback`` and ``taskModels`` are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.agents import Agent, agent_dir, agents_of, default_agent, section
from ..errors import MissingVariable, UsageError
from ..paths import Paths
from ..refs import normalize_agent_id
from .choice import IMPLIED, ROLES, resolve

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot


@dataclass(frozen=True, slots=True)
class AgentSummary:
    """One agent.

    Attributes:
        id: agent id.
        name: name for people, if one is set.
        workspace: the folder in which it works.
        agent_dir: the folder of its own state.
        model: its primary; None where the config says nothing.
        fallback: its fallback.
        task_models: config key of a role → model, for the roles that differ from the primary.
        bindings: how many routing rules lead to it.
        is_default: whether it is the default agent.
    """

    id: str
    name: str | None
    workspace: Path
    agent_dir: Path
    model: str | None
    fallback: str | None
    task_models: Mapping[str, str]
    bindings: int
    is_default: bool

    def as_dict(self) -> dict[str, Any]:
        """One element of the JSON of ``agents list``; keys without a value are left out, as in Fased."""
        whole = {
            "id": self.id,
            "name": self.name,
            "workspace": str(self.workspace),
            "agentDir": str(self.agent_dir),
            "model": self.model,
            "fallback": self.fallback,
            "taskModels": dict(self.task_models) or None,
            "bindings": self.bindings,
            "isDefault": self.is_default,
        }
        return {key: value for key, value in whole.items() if value is not None}


def summaries(snapshot: ConfigSnapshot) -> list[AgentSummary]:
    """All agents in the order of the config; each id once.

    Raises:
        InvalidRef: a text that should name a model does not.
    """
    default = default_agent(snapshot.value)
    first: dict[str, Agent] = {}
    for agent in agents_of(snapshot.value):
        first.setdefault(agent.id, agent)
    return [_summary(snapshot, agent, default) for agent in first.values()]


def _summary(snapshot: ConfigSnapshot, agent: Agent, default: str) -> AgentSummary:
    chosen = resolve(snapshot, agent.id)
    roles: dict[str, str] = {}
    for key in ROLES.values():
        role = resolve(snapshot, agent.id, key)
        if ".taskModels." in role.source:
            roles[key] = str(role.primary)
    return AgentSummary(
        id=agent.id,
        name=agent.name,
        workspace=_workspace(snapshot.paths, snapshot.value, agent, default),
        agent_dir=_agent_dir(snapshot, agent),
        model=None if chosen.source == IMPLIED else str(chosen.primary),
        fallback=str(chosen.fallback) if chosen.fallback else None,
        task_models=roles,
        bindings=_bindings(snapshot.value, agent.id),
        is_default=agent.id == default,
    )


def _agent_dir(snapshot: ConfigSnapshot, agent: Agent) -> Path:
    try:
        return agent_dir(snapshot.paths, snapshot.value, agent.id)
    except MissingVariable:
        return Path(agent.agent_dir or "")  # as it is written


def _workspace(paths: Paths, config: Mapping[str, Any], agent: Agent, default: str) -> Path:
    """Fact: Fased's ``src/agents/agent-scope.ts``: the entry's, for the default agent that of the defaults, else by id."""
    own = agent.entry.get("workspace")
    shared = section(config, "agents", "defaults").get("workspace") if agent.id == default else None
    for text in (own, shared):
        if isinstance(text, str) and text.strip():
            folder = text.strip()
            return Path(str(paths.home) + folder[1:]) if folder == "~" or folder.startswith("~/") else Path(folder)
    return paths.state / ("workspace" if agent.id == default else f"workspace-{agent.id}")


def _bindings(config: Mapping[str, Any], agent: str) -> int:
    rules = config.get("bindings")
    count = 0
    for rule in rules if isinstance(rules, list) else []:
        target = rule.get("agentId") if isinstance(rule, Mapping) else None
        try:
            count += isinstance(target, str) and normalize_agent_id(target) == agent
        except UsageError:
            continue
    return count
