"""The agents of a config: who they are, which one is the default, where their folders lie.

Works on the plain tree of a config, so that it needs no schema and also answers for a config with problems elsewhere.

Facts about Fased: ``src/agents/agent-scope.ts`` (default agent, agent folder), ``src/config/types.agents.ts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..paths import Paths
from ..refs import normalize_agent_id

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Attributes:
        id: the normalised id.
        index: place in ``agents.list``; None for an agent which is not listed.
        entry: its object in ``agents.list``, empty if it is not listed.
    """

    id: str
    index: int | None = None
    entry: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """The name for people, if one is set."""
        name = self.entry.get("name")
        return name.strip() or None if isinstance(name, str) else None

    @property
    def agent_dir(self) -> str | None:
        """``agentDir`` as it stands in the config."""
        folder = self.entry.get("agentDir")
        return folder.strip() or None if isinstance(folder, str) else None


def listed(config: Mapping[str, Any]) -> list[Agent]:
    """The entries of ``agents.list``, in file order; those without a usable id are passed over."""
    entries = section(config, "agents").get("list")
    found: list[Agent] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            continue
        try:
            found.append(Agent(normalize_agent_id(entry["id"]), index, entry))
        except UsageError:
            continue
    return found


def default_agent(config: Mapping[str, Any]) -> str:
    """The id of the default agent: the first entry marked ``default``, else the first entry, else ``main``."""
    agents = listed(config)
    marked = [agent for agent in agents if agent.entry.get("default") is True]
    return next((agent.id for agent in marked or agents), MAIN)


def agents_of(config: Mapping[str, Any]) -> list[Agent]:
    """All agents; without a list there is ``main`` alone."""
    return listed(config) or [Agent(MAIN)]


def find(config: Mapping[str, Any], agent: str | None) -> Agent:
    """The agent of that id, the default agent for None; an agent which is not listed has no entry.

    Raises:
        UsageError: the text cannot be an agent id.
    """
    wanted = normalize_agent_id(agent) if agent else default_agent(config)
    return next((candidate for candidate in listed(config) if candidate.id == wanted), Agent(wanted))


def known(config: Mapping[str, Any], agent: str) -> Agent:
    """The agent of that id, which has to be one of the config's; ``main`` always is, since all others build on its keys.

    Raises:
        UsageError: the text cannot be an agent id, or there is no such agent; names the nearest.
    """
    found = find(config, agent)
    ids = list(dict.fromkeys([*(one.id for one in agents_of(config)), MAIN]))
    if found.id in ids:
        return found
    from difflib import get_close_matches

    near = get_close_matches(found.id, ids, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(f"There is no agent {found.id}.", hint=f"{meant}The config has {', '.join(ids)}.")


def agent_dir(paths: Paths, config: Mapping[str, Any], agent: str | None) -> Path:
    """The folder of an agent.

    Raises:
        MissingVariable: the config has it with a variable that is not set.
    """
    found = find(config, agent)
    if found.agent_dir and "${" in found.agent_dir:
        from .interpolation.missing import require

        require(found.agent_dir, f"agents.list[{found.index}].agentDir", paths.state / ".env")
    return paths.agent_dir(found.id, configured=found.agent_dir, default_agent=default_agent(config))


def auth_profiles(paths: Paths, config: Mapping[str, Any], agent: str | None) -> Path:
    """The agent's own ``auth-profiles.json``.

    Raises:
        MissingVariable: as ``agent_dir``.
    """
    return agent_dir(paths, config, agent) / "auth-profiles.json"


def base_auth_profiles(paths: Paths) -> Path:
    """The ``auth-profiles.json`` which every agent builds on: that of the agent ``main``.

    Fact: Fased's ``src/agents/auth-profiles/paths.ts`` takes the environment's folder, else that of ``main``, whatever
    ``agents.list`` says.
    """
    return paths.auth_profiles(MAIN, default_agent=MAIN)


def section(tree: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at ``keys``; empty where there is none, or something else."""
    found: Any = tree
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
