"""JSON objects, and Python's way to print them, within a text."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from ... import jsontext

_BEGIN = re.compile(r"\{\s*(?P<quote>[\"'])")
_MOST = 12
_LONGEST = 32 * 1024
_TELLING = ("error", "detail", "message", "ok", "choices")
_decoder = json.JSONDecoder()


def error_objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects that could tell of an error, with their places in ``text``. One within another is not given apart.

    ``json.dumps`` of an answer, and ``repr`` of one: ``Error code: 401 - {'error': {'message': …}}``.
    """
    at = tried = 0
    while tried < _MOST and (begin := _BEGIN.search(text, at)) is not None:
        tried += 1
        start = begin.start()
        value, end = _json(text, start) if begin["quote"] == '"' else _python(text, start)
        if value is None:
            at = begin.end()
            continue
        at = end
        if any(name in value for name in _TELLING):
            yield start, value


def _json(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return (value if isinstance(value, dict) and jsontext.is_shallow(value) else None), end


def _python(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    end = _closing(text, start)
    if end is None:
        return None, start
    try:
        # To plain JSON values: Python has others, such as sets.
        value = json.loads(json.dumps(ast.literal_eval(text[start:end]), default=str))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None, start
    return (value if isinstance(value, dict) and jsontext.is_shallow(value) else None), end


def _closing(text: str, start: int) -> int | None:
    """The place behind the bracket that closes the one at ``start``; brackets within quotes do not count."""
    depth, quote, escaped = 0, "", False
    for at in range(start, min(len(text), start + _LONGEST)):
        character = text[at]
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
            if depth == 0:
                return at + 1
    return None
