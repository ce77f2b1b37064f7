"""Replace ``${VAR}`` in the values of a config.

Fact: as in ``src/config/env-substitution.ts``, an empty variable counts as missing, a substituted text is not looked at again, and
keys are never touched. The grammar is in ``placeholders``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Issue
from ..keypath import KeyPath, dotted
from ..schema import SECTIONS
from . import missing as missing_variables
from .environment import Environment, for_keys
from .placeholders import PLACEHOLDER, names_in

_READ = {(name,) for name in (*SECTIONS, "cron", "env", "session")}
"""Sections of which this package uses values."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with at least one ``${NAME}``: where it stands, the text as written, and the names in it, in order."""

    path: KeyPath
    text: str
    names: tuple[str, ...]


def templates(tree: Any) -> list[Template]:
    """All templates of a tree, in the order of its keys."""
    found: list[Template] = []

    def visit(path: KeyPath, text: str) -> str:
        names = names_in(text)
        if names:
            found.append(Template(path, text, names))
        return text

    _map_texts(tree, (), visit)
    return found


def substitute(tree: Any, env: Mapping[str, str]) -> tuple[Any, list[Issue], list[str]]:
    """A copy of the tree with every ``${NAME}`` replaced.

    A text with a missing variable keeps that ``${NAME}``. A variable of the working folder's ``.env`` counts for keys alone; it is
    missing everywhere else, and that is an issue in the sections which this package reads (the Node agent, which reads the
    others, takes it).

    Args:
        tree: any JSON value.
        env: the environment (``environment``).

    Returns:
        The copy; one issue for each variable that is missing at a place; and warnings, where the Node agent takes the working
        folder's variable and this package another one.
    """
    issues: list[Issue] = []
    warnings: list[str] = []
    untrusted = env.untrusted if isinstance(env, Environment) else {}
    file = env.untrusted_file if isinstance(env, Environment) else None

    def replace(path: KeyPath, text: str) -> str:
        variables = for_keys(env) if _is_key(path) else env
        place = dotted(path)
        missing: list[str] = []

        def value(match: re.Match[str]) -> str:
            escape, name = match.groups()
            if escape:
                return f"${{{name}}}"
            found = variables.get(name)
            if variables is env and untrusted.get(name) and untrusted[name] != found:
                if found:
                    warnings.append(
                        f"{place}: {name} of {file} is not used, since a .env file in the working folder may give nothing "
                        "but keys. The Node agent may use it there."
                    )
                elif path[:1] not in _READ:
                    return match.group()
            if found:
                return found
            missing.append(name)
            return match.group()

        result = PLACEHOLDER.sub(value, text)
        for name in dict.fromkeys(missing):
            message = missing_variables.message(name, place)
            if untrusted.get(name):
                message += f" ({file} sets it, but a .env file in the working folder may give nothing but keys)"
            issues.append(Issue(place, message))
        return result

    return _map_texts(tree, (), replace), issues, list(dict.fromkeys(warnings))


def _is_key(path: KeyPath) -> bool:
    """Whether the value at a path is the key of a provider: the only place for which the working folder may set a variable.

    A list of the places that may, not of those that may not: a new one is safe without a thought.
    """
    return len(path) == 4 and path[:2] == ("models", "providers") and path[3] == "apiKey"


def _map_texts(value: Any, path: KeyPath, change: Callable[[KeyPath, str], str]) -> Any:
    if isinstance(value, str):
        return change(path, value) if "$" in value else value
    if isinstance(value, list):
        return [_map_texts(item, (*path, index), change) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _map_texts(item, (*path, key), change) for key, item in value.items()}
    return value
