"""Python values to JSON5 text, in a given style."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from .style import Style

_WIDTH = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ESCAPED = re.compile("[\u2028\u2029\ud800-\udfff\x7f]")


def write_value(value: Any, style: Style, *, indent: str, one_line: bool) -> str:
    """A value as text, without the indent of its first line.

    Args:
        value: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``tuple`` or ``dict`` with text keys, nested.
        style: the habits to follow.
        indent: the indent of the line on which the value starts.
        one_line: whether objects stay on that line too; short arrays of plain values always do.

    Raises:
        TypeError: JSON5 has no such value.
    """
    if isinstance(value, dict):
        items = [write_key(key, style) + style.colon for key in value]
        return _write_box(items, list(value.values()), "{}", style, indent=indent, one_line=one_line)
    if isinstance(value, (list, tuple)):
        one_line = one_line or _short(value, style, indent)
        return _write_box([""] * len(value), list(value), "[]", style, indent=indent, one_line=one_line)
    return _write_plain(value, style.quote)


def write_key(key: Any, style: Style) -> str:
    """A key, quoted where the style or the key asks for it.

    Raises:
        TypeError: the key is not a text.
    """
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is not a JSON5 key")
    if not style.key_quote and _PLAIN_KEY.fullmatch(key):
        return key
    return write_string(key, style.key_quote or style.quote)


def write_string(text: str, quote: str) -> str:
    """A quoted string that both JSON5 and, with double quotes, JSON read."""
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    body = _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", body)
    if quote == "'":
        body = body.replace('\\"', '"').replace("'", "\\'")
    return quote + body + quote


def _write_box(heads: list[str], values: list[Any], brackets: str, style: Style, *, indent: str, one_line: bool) -> str:
    opening, closing = brackets[0], brackets[1]
    if not values:
        return brackets
    inner = indent if one_line else indent + style.unit
    parts = [
        head + write_value(value, style, indent=inner, one_line=one_line)
        for head, value in zip(heads, values, strict=True)
    ]
    if one_line:
        padding = style.padding if opening == "{" else ""
        return opening + padding + style.separator.join(parts) + padding + closing
    lines = f",{style.newline}{inner}".join(parts)
    last = "," if style.trailing_comma else ""
    return f"{opening}{style.newline}{inner}{lines}{last}{style.newline}{indent}{closing}"


def _short(values: list[Any] | tuple[Any, ...], style: Style, indent: str) -> bool:
    if any(isinstance(value, (dict, list, tuple)) for value in values):
        return False
    written = sum(len(_write_plain(value, style.quote)) + 2 for value in values)
    return len(indent) + written <= _WIDTH


def _write_plain(value: Any, quote: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return float.__repr__(value)
    if isinstance(value, str):
        return write_string(value, quote)
    raise TypeError(f"{value!r} is not a JSON5 value")
