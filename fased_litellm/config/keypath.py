"""Places in a tree of JSON values, and how they are written in messages."""

from __future__ import annotations

from collections.abc import Iterable

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
