"""The environment that a config is read in: process, ``.env`` files, and the config's own ``env`` block.

Highest first, and nothing overrides what is set above it:

1. the process's environment
2. ``.env`` in the working folder, for keys alone
3. ``.env`` in the state folder
4. ``~/.config/fased/gateway.env``, where the state folder is the default one
5. the config's ``env`` block

The working folder may be a repository that somebody else wrote. What its ``.env`` says is therefore kept apart: an
``Environment`` is a mapping without it, and whoever looks up a key asks for ``for_keys``. So nothing that decides where a request goes, or
which program runs, can come from there, unless it asks for it. Fased takes such variables for everything but the names of ``hostenv``.

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

from ...errors import ConfigError, Issue
from ...paths import Paths
from ..files.readfile import read_bytes
from . import dotenv
from .hostenv import is_blocked_in_working_folder, is_dangerous

MAX_DOTENV_BYTES = 1024 * 1024
_PORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"(?<!\$)\$\{[A-Z_][A-Z0-9_]*\}")


class Environment(dict[str, str]):
    """Variables, without those of the working folder's ``.env``. A copy as a plain ``dict`` is without them, too.

    Attributes:
        untrusted: the variables of the working folder's ``.env`` which nothing above it sets.
        untrusted_file: that file.
        for_keys: all variables, each from the highest place; for keys, and nothing else.
    """

    def __init__(
        self,
        trusted: Mapping[str, str],
        untrusted: Mapping[str, str] | None = None,
        untrusted_file: Path | None = None,
        for_keys: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(trusted)
        self.untrusted: Mapping[str, str] = untrusted or {}
        self.untrusted_file = untrusted_file
        self.for_keys: Mapping[str, str] = {**trusted, **self.untrusted} if for_keys is None else for_keys

    def __repr__(self) -> str:
        return f"Environment({len(self)} variables)"  # they may hold secrets


def for_keys(env: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that may hold a key: all of them."""
    return env.for_keys if isinstance(env, Environment) else env


def with_dotenv(process: Mapping[str, str], paths: Paths, cwd: Path | None) -> tuple[Environment, list[str]]:
    """Add the ``.env`` files to the process's environment.

    A variable that is set but empty counts as set here, as for every dotenv.

    Args:
        process: the process's environment, or an earlier result; it is not changed.
        paths: the installation.
        cwd: the working folder, None for none.

    Returns:
        The environment, and warnings about files and names that were passed over.
    """
    env = dict(process)
    untrusted: dict[str, str] = dict(process.untrusted) if isinstance(process, Environment) else {}
    warnings: list[str] = []
    file = None if cwd is None else cwd / ".env"
    if file is not None:
        for name, value in _read(file, warnings).items():
            if not is_blocked_in_working_folder(name):
                if name not in process:
                    untrusted.setdefault(name, value)
            elif name.upper().startswith(("LITELLM_", "FASED_")):
                warnings.append(f"{file}: {name} is ignored; a .env file in the working folder may not set it.")
    trusted = [paths.state / ".env"]
    # Fact: Fased skips gateway.env for a state folder of its own, which `--profile NAME` makes too.
    if _same(paths.state, paths.home / ".fased"):
        trusted.append(paths.home / ".config" / "fased" / "gateway.env")
    for each in trusted:
        for name, value in _read(each, warnings).items():
            env.setdefault(name, value)
    return Environment(env, untrusted, file), warnings


def with_block(env: Environment, config: Mapping[str, Any]) -> tuple[Environment, list[str]]:
    """Add the config's ``env`` block: ``env.vars.NAME`` and flat ``env.NAME``, of which the flat one wins.

    Here a blank variable counts as missing: Fased's ``applyConfigEnvVars`` looks whether the value, trimmed, is empty.

    Args:
        env: the environment so far; it is not changed.
        config: the config after ``$include``, before ``${VAR}``.

    Returns:
        The environment, and warnings about refused names.
    """
    trusted, keys = dict(env), dict(env.for_keys)
    warnings: list[str] = []
    for name, (value, path) in _block_values(config).items():
        if is_dangerous(name):
            warnings.append(f"{path}: {name} is refused; a config may not change this variable.")
            continue
        if _REFERENCE.search(value):
            warnings.append(f"{path}: ${{…}} is not expanded in the env block; {name} gets the text as it stands.")
        for variables in (trusted, keys):
            if not variables.get(name, "").strip():
                variables[name] = value
    return Environment(trusted, env.untrusted, env.untrusted_file, keys), warnings


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
    if not os.path.exists(file) or os.path.isdir(file):
        return {}
    try:
        data = read_bytes(file, max_bytes=MAX_DOTENV_BYTES)
    except ConfigError as error:
        warnings.append(error.message)
        return {}
    return dotenv.parse((data or b"").decode("utf-8", errors="replace"))


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
