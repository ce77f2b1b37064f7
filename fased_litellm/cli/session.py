"""What the commands of one run share: the paths and the config, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths import Paths

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

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
        ConfigInvalid: it has problems, and ``require_valid`` is set.
    """
    from ..config.load import load

    snapshot = load(paths())
    return snapshot.require_valid() if require_valid else snapshot
