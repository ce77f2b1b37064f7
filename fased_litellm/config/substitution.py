"""``${VAR}`` in the values of a config.

Fact: the grammar and the message are those of ``src/config/env-substitution.ts``. A name is ``[A-Z_][A-Z0-9_]*``; anything
else behind a dollar sign stays as it is; ``$${NAME}`` is a literal ``${NAME}``; an empty variable counts as missing; a
substituted text is not looked at again; keys are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Issue
from .keypath import KeyPath, dotted

_TOKEN = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with at least one ``${NAME}``: where it stands, the text as written, and the names in it, in order."""

    path: KeyPath
    text: str
    names: tuple[str, ...]


def names_in(text: str) -> tuple[str, ...]:
    """The variables which a text refers to, in order, each once."""
    return tuple(dict.fromkeys(name for escape, name in _TOKEN.findall(text) if not escape))


def sole_name(text: str) -> str | None:
    """``NAME`` if the text is exactly ``${NAME}``, which Fased's secrets treat as a reference to the environment."""
    match = _TOKEN.fullmatch(text.strip())
    return match.group(2) if match and not match.group(1) else None


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


def substitute(tree: Any, env: Mapping[str, str]) -> tuple[Any, list[Issue]]:
    """A copy of the tree with every ``${NAME}`` replaced, and one issue for each variable that is missing at a place.

    A text with a missing variable keeps that ``${NAME}``.

    Args:
        tree: any JSON value.
        env: the environment (``environment``).
    """
    issues: list[Issue] = []

    def replace(path: KeyPath, text: str) -> str:
        missing: list[str] = []

        def value(match: re.Match[str]) -> str:
            escape, name = match.groups()
            if escape:
                return f"${{{name}}}"
            if env.get(name):
                return env[name]
            missing.append(name)
            return match.group()

        result = _TOKEN.sub(value, text)
        place = dotted(path)
        issues.extend(
            Issue(place, f'Missing env var "{name}" referenced at config path: {place}')
            for name in dict.fromkeys(missing)
        )
        return result

    return _map_texts(tree, (), replace), issues


def _map_texts(value: Any, path: KeyPath, change: Callable[[KeyPath, str], str]) -> Any:
    if isinstance(value, str):
        return change(path, value) if "$" in value else value
    if isinstance(value, list):
        return [_map_texts(item, (*path, index), change) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _map_texts(item, (*path, key), change) for key, item in value.items()}
    return value
