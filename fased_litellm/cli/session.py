"""What the commands of one run share: the paths and the config, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths import Paths
from .startup import without_plugins_of_pydantic

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot
    from ..provider import LiteLLMProvider

_state: dict[str, str | None] = {"profile": None}


def begin(*, profile: str | None) -> None:
    """Remember the global options."""
    _state["profile"] = profile


def paths() -> Paths:
    """The places of this installation, by environment and ``--profile``."""
    return Paths.from_env(profile=_state["profile"])


def config(*, require_valid: bool = True) -> ConfigSnapshot:
    """Read the config, with its environment.

    Raises:
        ConfigSyntaxError: it is not JSON5.
        ConfigInvalid: it has problems other than variables that are not set, and ``require_valid`` is set.
    """
    from ..config.load import load

    with without_plugins_of_pydantic():
        snapshot = load(paths())
    return snapshot.require_usable() if require_valid else snapshot


def known_agent(snapshot: ConfigSnapshot, agent: str | None) -> str | None:
    """An agent as typed after ``--agent``, None for none.

    Raises:
        UsageError: the config has no such agent; names the nearest.
    """
    if not agent:
        return None
    from ..config.agents import known

    return known(snapshot.value, agent).id


def provider(*, agent: str | None = None) -> LiteLLMProvider:
    """The provider for an agent, by default the default agent; to be closed.

    Raises:
        ConfigError: the config does not parse or does not hold.
    """
    from ..provider import LiteLLMProvider

    with without_plugins_of_pydantic():
        return LiteLLMProvider.from_config(paths(), agent=agent)
