"""Places in a tree of JSON values, and how they are written in messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..errors import ConfigError

NOTHING: Final = object()
"""What stands for a value that is not there; ``None`` is one that is."""

KeyPath = tuple[str | int, ...]
"""The way from the root to a value: keys of objects, and indices of arrays from 0."""


def dotted(path: Iterable[str | int]) -> str:
    """``models.providers.litellm.models[0].id``; the root is the empty text.

    Fact: Fased prints keys as they are, so a key with a dot in it is not told apart from two keys.
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


BLOCKED = frozenset({"__proto__", "prototype", "constructor"})
"""Names that are never a key: in the agent's language they would reach what all objects share."""


def parse_path(text: str) -> list[str]:
    """The parts of a path as typed: ``agents.list[0].id``, ``agents.defaults.models.litellm/gpt-5\\.5``, ``a[b.c]``.

    Fact: Fased's ``src/cli/config-cli.ts``. A backslash takes the next character as it is; empty parts and blanks around a part
    do not count. Whether ``0`` is an index is decided by what stands there (``find_path``).

    Raises:
        ConfigError: nothing is left, a bracket does not end or is empty, or a name is one of ``BLOCKED``.
    """
    parts, current, place = [], "", 0
    trimmed = text.strip()
    while place < len(trimmed):
        char = trimmed[place]
        if char == "\\":
            current += trimmed[place + 1 : place + 2]
            place += 2
        elif char == ".":
            parts.append(current)
            current, place = "", place + 1
        elif char == "[":
            end = trimmed.find("]", place)
            if end < 0:
                raise ConfigError(f'Invalid path (missing "]"): {text}')
            inside = trimmed[place + 1 : end].strip()
            if not inside:
                raise ConfigError(f'Invalid path (empty "[]"): {text}')
            parts += [current, inside]
            current, place = "", end + 1
        else:
            current, place = current + char, place + 1
    parts = [part.strip() for part in (*parts, current) if part.strip()]
    if not parts:
        raise ConfigError("Path is empty.")
    for part in parts:
        if part in BLOCKED:
            raise ConfigError(f"Invalid path segment: {part}")
    return parts


def find_path(tree: Any, parts: Sequence[str]) -> KeyPath:
    """The place that typed parts mean in a tree: digits are an index in an array, and where there is nothing yet; else a key.

    Raises:
        ConfigError: a name is given where an array is.
    """
    path: list[str | int] = []
    here: Any = tree
    for part in parts:
        digits = part.isascii() and part.isdigit() and len(part) < 10
        if isinstance(here, list) and not digits:
            raise ConfigError(f'Expected numeric index for array segment "{part}".')
        step = int(part) if digits and not isinstance(here, dict) else part
        path.append(step)
        here = _below(here, step)
    return tuple(path)


def value_at(tree: Any, path: KeyPath, default: Any = None) -> Any:
    """The value at a place of a tree, else ``default``."""
    for step in path:
        tree = _below(tree, step)
        if tree is NOTHING:
            return default
    return tree


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step, NOTHING)
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    return NOTHING
