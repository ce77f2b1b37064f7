"""Which keys an installation has, as far as its own files and variables tell: for hiding them in what others wrote down.

Nothing is run, asked or waited for: no program, no keyring, no network. What cannot be read is passed over.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from .. import plainfile
from ..config.agents import agents_of, auth_profiles, section
from ..config.interpolation.environment import for_keys
from ..errors import FasedError
from ..paths import Paths
from ..redaction import remember

_VARIABLES = ("_API_KEY", "_MASTER_KEY")
"""How the names of variables end that hold keys."""
_MOST_BYTES = 64 * 1024


def remember_stored(paths: Paths, config: Mapping[str, Any], env: Mapping[str, str]) -> None:
    """Have the keys of an installation hidden from now on: those in variables, in the profiles of all agents, in files that
    references name, and the local proxy's. Those in the config itself, whoever read it remembers already.

    Args:
        paths: the installation.
        config: its config.
        env: its variables, with those of its ``.env`` files.
    """
    for name, value in for_keys(env).items():
        if name.endswith(_VARIABLES):
            remember(value.strip())
    for ref in _references(paths, config):
        if ref["source"] != "exec":
            from .secretref import resolve  # most installations have no references

            with contextlib.suppress(FasedError):
                resolve(ref, config, env)  # which remembers it
    with contextlib.suppress(OSError):
        remember(plainfile.read(paths.local_proxy / "master-key", _MOST_BYTES).decode("utf-8", "replace").strip())


def _references(paths: Paths, config: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    places = {auth_profiles(paths, config, agent.id) for agent in agents_of(config)}
    home = paths.state / "agents"
    places |= {home / agent / "agent" / "auth-profiles.json" for agent in _names_in(home)}
    for place in sorted(place for place in places if os.path.lexists(place)):
        from .profiles import read

        with contextlib.suppress(FasedError):
            yield from [found.ref for found in read(place).profiles.values() if found.ref]
    for entry in section(config, "models", "providers").values():
        key = entry.get("apiKey") if isinstance(entry, Mapping) else None
        if isinstance(key, Mapping) or (isinstance(key, str) and "${" in key):
            from .profiles import coerce_ref

            if ref := coerce_ref(key):
                yield ref


def _names_in(folder: str | os.PathLike[str]) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
