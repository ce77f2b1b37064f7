"""Where the Node agent keeps its sessions and the logs of its tasks.

Facts about Fased: ``src/config/sessions/paths.ts`` (folders of sessions, ``session.store`` with ``{agentId}``) and
``src/cron/run-log.ts`` (``runs`` beside the file of the tasks, ``cron.store``). ``agents.list[].agentDir`` moves an agent's
profiles, not its sessions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from ... import plainfile
from ...config.agents import agents_of, default_agent, section
from ...errors import FasedError
from ...paths import Paths

if TYPE_CHECKING:
    from .prices import Known

_MAY_MOVE = re.compile(rb"\b(?:store|agentDir)\b|\$include")
_AGENT = "{agentId}"
_MOST_BYTES = 16 * 1024 * 1024  # as for whoever loads it


class SessionFolder(NamedTuple):
    """A folder with transcripts, and the store that names their sessions.

    Attributes:
        agent: whose transcripts they are.
        path: of the folder.
        store: the file.
        owner: whose sessions are in the store, where their keys do not say it.
    """

    agent: str
    path: str
    store: str
    owner: str


class NodeConfig:
    """What an import needs of the Node agent's config. It is read only when something of it is asked for.

    Args:
        paths: the installation.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._value: Mapping[str, Any] | None = None
        self._env: Mapping[str, str] = {}
        self.problem: str | None = None
        """Why the config cannot be read; then it is taken for an empty one."""

    @property
    def value(self) -> Mapping[str, Any]:
        """The config after ``${VAR}``, with whatever problems it has."""
        if self._value is None:
            from ...config.interpolation.environment import with_dotenv
            from ...config.load import load

            try:
                found = load(self._paths)
                self._value, self._env = found.value, found.env
            except FasedError as error:
                self._value = {}
                self._env, _ = with_dotenv(os.environ, self._paths, None)
                self.problem = error.message
        return self._value

    def prices(self) -> Known:
        """The prices of its models, and where those stand that its proxies named."""
        from .prices import known

        value = self.value  # which reads the variables, too
        return known(value, self._env, self._paths)

    def remember_keys(self) -> None:
        """Have the installation's keys hidden, as far as they can be known at once; see ``secrets.stored``."""
        from ...secrets.stored import remember_stored

        value = self.value  # which reads the variables, too
        remember_stored(self._paths, value, self._env)

    def moves_stores(self) -> bool:
        """Whether it may say where stores lie; most do not, and need not be parsed for that."""
        try:
            return _MAY_MOVE.search(plainfile.read(self._paths.config, _MOST_BYTES)) is not None
        except OSError:
            return False


class Layout(NamedTuple):
    """The folders to look into.

    Attributes:
        sessions: one for each agent, and those which ``session.store`` names.
        runs: of the tasks' logs.
        tasks: files in which tasks are defined.
        databases: agents, and folders in which newer releases keep their sessions in SQLite.
        agent: the default agent, for keys that name none.
    """

    sessions: tuple[SessionFolder, ...]
    runs: str
    agent: str = "main"
    databases: tuple[tuple[str, str], ...] = ()
    tasks: tuple[str, ...] = ()


def find(paths: Paths, config: NodeConfig) -> Layout:
    """Where the files of an installation lie; nothing is opened but the config, if that may say so."""
    home = paths.state / "agents"
    agents = _folders(home)
    folders = [_folder(agent, home / agent / "sessions") for agent in agents]
    runs = paths.state / "cron" / "runs"
    databases = {str(home / agent / "agent"): agent for agent in agents}
    if not config.moves_stores():
        return Layout(
            tuple(folders), str(runs), databases=_pairs(databases), tasks=_tasks(paths, runs.parent / "jobs.json")
        )
    tree = config.value
    main = default_agent(tree)
    store = section(tree, "session").get("store")
    if _usable(store):
        known = {folder.store for folder in folders}
        owners = {agent.id for agent in agents_of(tree)} | set(agents) if _AGENT in store else {main}
        for owner in sorted(owners):
            file = _expand(store.replace(_AGENT, owner), paths)
            if str(file) not in known:
                agent = owner if _AGENT in os.path.dirname(store) else main
                folders.append(SessionFolder(agent, str(file.parent), str(file), owner))
    jobs = runs.parent / "jobs.json"
    tasks = section(tree, "cron").get("store")
    if _usable(tasks):
        jobs = _expand(tasks, paths)
        runs = jobs.parent / "runs"
    for one in agents_of(tree):
        if _usable(one.agent_dir):
            databases.setdefault(str(_expand(one.agent_dir, paths)), one.id)
    return Layout(tuple(folders), str(runs), main, _pairs(databases), _tasks(paths, jobs))


def _tasks(paths: Paths, jobs: Path) -> tuple[str, ...]:
    """Fact: the ledger of tasks is beside the folder ``cron``; beside the jobs, where that has another name."""
    root = jobs.parent.parent if jobs.parent.name == "cron" else jobs.parent
    return str(jobs), str(root / "tasks" / "task-ledger.sqlite"), str(paths.state / "state" / "openclaw.sqlite")


def _pairs(databases: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((agent, folder) for folder, agent in databases.items())


def _usable(store: object) -> TypeGuard[str]:
    """Whether a place is given; one with a variable that is missing would be a folder of that name in the working folder."""
    from ...config.interpolation.placeholders import names_in  # where the config was read, this is loaded already

    return isinstance(store, str) and bool(store.strip()) and not names_in(store)


def _folder(agent: str, path: Path) -> SessionFolder:
    return SessionFolder(agent, str(path), str(path / "sessions.json"), agent)


def _folders(home: Path) -> list[str]:
    try:
        with os.scandir(home) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def _expand(text: str, paths: Paths) -> Path:
    text = text.strip()
    if text == "~" or text.startswith("~/"):
        return paths.home / text[2:]
    return Path(os.path.abspath(text))
