"""Where Fased's files live, and ours beside them.

Fact: the variables and defaults are those of Fased's ``src/config/paths.ts``; there is no legacy folder to look in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def home(env: Mapping[str, str]) -> Path:
    """The folder that ``~`` means: ``FASED_HOME``, ``HOME``, ``USERPROFILE``, or what the system says."""
    system = env.get("HOME") or env.get("USERPROFILE") or os.path.expanduser("~")
    chosen = env.get("FASED_HOME", "").strip()
    if chosen == "~" or chosen.startswith("~/"):
        return Path(system + chosen[1:])
    return Path(chosen or system)


def expand(text: str, env: Mapping[str, str]) -> Path:
    """A path as typed: ``~`` expanded, made absolute."""
    text = text.strip()
    if text == "~" or text.startswith("~/"):
        return home(env) / text[2:]
    return Path(os.path.abspath(text))


@dataclass(frozen=True, slots=True)
class Paths:
    """The places of one installation. Nothing is created by asking for a path.

    Attributes:
        state: the state folder, ``~/.fased`` by default.
        config: fased.json; it need not exist.
        home: the folder that ``~`` means.
        explicit_state: whether ``FASED_STATE_DIR`` named the folder.
        agent_dir_override: ``FASED_AGENT_DIR`` (or ``PI_CODING_AGENT_DIR``), for the default agent alone.
    """

    state: Path
    config: Path
    home: Path
    explicit_state: bool = False
    agent_dir_override: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, *, profile: str | None = None) -> Paths:
        """Find the places.

        Args:
            env: the environment, ``os.environ`` by default.
            profile: ``--profile NAME``; else ``FASED_PROFILE``. The state folder is then ``~/.fased-NAME``.
        """
        env = os.environ if env is None else env
        root = home(env)
        profile = (profile or env.get("FASED_PROFILE", "")).strip()
        explicit = env.get("FASED_STATE_DIR", "").strip()
        if explicit:
            state = expand(explicit, env)
        else:
            state = root / (f".fased-{profile}" if profile and profile != "default" else ".fased")
        config = env.get("FASED_CONFIG_PATH", "").strip()
        agent_dir = (env.get("FASED_AGENT_DIR") or env.get("PI_CODING_AGENT_DIR") or "").strip()
        return cls(
            state=state,
            config=expand(config, env) if config else state / "fased.json",
            home=root,
            explicit_state=bool(explicit),
            agent_dir_override=expand(agent_dir, env) if agent_dir else None,
        )

    def agent_dir(self, agent: str, *, configured: str | None = None, default_agent: str = "main") -> Path:
        """The folder of an agent: ``agents.list[].agentDir``, else the override, else below the state folder."""
        if configured:
            return Path(str(self.home) + configured[1:]) if configured.startswith("~") else Path(configured)
        if agent == default_agent and self.agent_dir_override:
            return self.agent_dir_override
        return self.state / "agents" / agent / "agent"

    def auth_profiles(self, agent: str, *, configured: str | None = None, default_agent: str = "main") -> Path:
        """``auth-profiles.json`` of an agent."""
        return self.agent_dir(agent, configured=configured, default_agent=default_agent) / "auth-profiles.json"

    @property
    def config_audit(self) -> Path:
        """Fased's log of config writes."""
        return self.state / "logs" / "config-audit.jsonl"

    @property
    def own(self) -> Path:
        """The folder of this package's own state."""
        return self.state / "litellm"

    @property
    def ledger(self) -> Path:
        """The usage ledger (SQLite)."""
        return self.own / "usage.sqlite3"

    @property
    def budgets(self) -> Path:
        """The soft budgets, apart from the ledger; there is no file without a budget."""
        return self.own / "budgets.json"

    @property
    def catalogs(self) -> Path:
        """Last-good model catalogs, one file per proxy."""
        return self.own / "catalog"

    @property
    def ladder(self) -> Path:
        """What of a route was once verified."""
        return self.own / "ladder.json"

    @property
    def advisories(self) -> Path:
        """What the database of advisories last said of the proxy's release."""
        return self.own / "advisories.json"

    @property
    def local_proxy(self) -> Path:
        """Files of the local LiteLLM proxy: config, master key, log, process id."""
        return self.own / "proxy"
