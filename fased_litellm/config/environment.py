"""The environment that a config is read in: process, ``.env`` files, and the config's own ``env`` block.

Highest first, and nothing overrides what is set above it:

1. the process's environment
2. ``.env`` in the working folder (untrusted, see ``hostenv``)
3. ``.env`` in the state folder
4. ``~/.config/fased/gateway.env``, where the state folder is the default one
5. the config's ``env`` block

Fact: Fased's ``src/infra/dotenv.ts`` and ``src/config/env-vars.ts``. Fased can further ask a login shell for a fixed list of
names (``env.shellEnv``); ``LITELLM_API_KEY`` is not among them, so there is nothing to ask for here. ``os.environ`` itself is
never changed: Fased does change its own, but a library must not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError, Issue
from ..paths import Paths
from . import dotenv
from .hostenv import is_blocked_in_working_folder, is_dangerous
from .readfile import read_bytes

MAX_DOTENV_BYTES = 1024 * 1024
_PORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"(?<!\$)\$\{[A-Z_][A-Z0-9_]*\}")


def with_dotenv(process: Mapping[str, str], paths: Paths, cwd: Path | None) -> tuple[dict[str, str], list[str]]:
    """Add the ``.env`` files to the process's environment.

    A variable that is set but empty counts as set here, as for every dotenv.

    Args:
        process: the process's environment; it is not changed.
        paths: the installation.
        cwd: the working folder, None for none.

    Returns:
        The environment, and warnings about files and names that were passed over.
    """
    env = dict(process)
    warnings: list[str] = []
    if cwd is not None:
        file = cwd / ".env"
        for name, value in _read(file, warnings).items():
            if not is_blocked_in_working_folder(name):
                env.setdefault(name, value)
            elif name.upper().startswith(("LITELLM_", "FASED_")):
                warnings.append(f"{file}: {name} is ignored; a .env file in the working folder may not set it.")
    trusted = [paths.state / ".env"]
    # Fact: Fased skips gateway.env for a state folder of its own, which `--profile NAME` makes too.
    if _same(paths.state, paths.home / ".fased"):
        trusted.append(paths.home / ".config" / "fased" / "gateway.env")
    for file in trusted:
        for name, value in _read(file, warnings).items():
            env.setdefault(name, value)
    return env, warnings


def with_block(env: Mapping[str, str], config: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Add the config's ``env`` block: ``env.vars.NAME`` and flat ``env.NAME``, of which the flat one wins.

    Here a blank variable counts as missing: Fased's ``applyConfigEnvVars`` looks whether the value, trimmed, is empty.

    Args:
        env: the environment so far; it is not changed.
        config: the config after ``$include``, before ``${VAR}``.

    Returns:
        The environment, and warnings about refused names.
    """
    result = dict(env)
    warnings: list[str] = []
    for name, (value, path) in _block_values(config).items():
        if is_dangerous(name):
            warnings.append(f"{path}: {name} is refused; a config may not change this variable.")
            continue
        if _REFERENCE.search(value):
            warnings.append(f"{path}: ${{…}} is not expanded in the env block; {name} gets the text as it stands.")
        if not result.get(name, "").strip():
            result[name] = value
    return result, warnings


def block_issues(config: Mapping[str, Any]) -> list[Issue]:
    """What Fased's schema would say about the ``env`` block: an object of texts, ``vars`` and ``shellEnv``."""
    block = config.get("env", {})
    if not isinstance(block, dict):
        return [Issue("env", "Expected an object")]
    issues: list[Issue] = []
    variables = block.get("vars", {})
    if not isinstance(variables, dict):
        issues.append(Issue("env.vars", "Expected an object"))
        variables = {}
    if not isinstance(block.get("shellEnv", {}), dict):
        issues.append(Issue("env.shellEnv", "Expected an object"))
    flat = {name: value for name, value in block.items() if name not in ("vars", "shellEnv")}
    for place, values in (("env.vars", variables), ("env", flat)):
        wrong = [name for name, value in values.items() if not isinstance(value, str)]
        issues += [Issue(f"{place}.{name}", "Expected a string") for name in wrong]
    return issues


def _block_values(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Variable → (value, where it stands), for every usable entry of the block."""
    block = config.get("env")
    if not isinstance(block, dict):
        return {}
    variables = block.get("vars")
    flat = {name: value for name, value in block.items() if name not in ("vars", "shellEnv")}
    found: dict[str, tuple[str, str]] = {}
    for place, values in (("env.vars", variables if isinstance(variables, dict) else {}), ("env", flat)):
        for name, value in values.items():
            if isinstance(value, str) and value.strip() and _PORTABLE.fullmatch(name.strip()):
                found[name.strip()] = (value, f"{place}.{name}")
    return found


def _read(file: Path, warnings: list[str]) -> dict[str, str]:
    """The variables of a file; none where there is no such file. A folder named ``.env`` is a virtual environment."""
    if not os.path.isfile(file):
        return {}
    try:
        data = read_bytes(file, max_bytes=MAX_DOTENV_BYTES)
    except ConfigError as error:
        warnings.append(error.message)
        return {}
    return dotenv.parse((data or b"").decode("utf-8", errors="replace"))


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
