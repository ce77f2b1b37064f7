"""Read a ``.env`` file the way the Node agent reads it.

Fact: Fased's ``src/infra/dotenv.ts`` uses the npm package ``dotenv``, so that package's reading counts: optional
``export``, ``NAME=value`` or ``NAME: value``; single, double and back quotes, which may span lines; ``#`` begins a comment
outside quotes; inside double quotes ``\\n`` and ``\\r`` are the only escapes. The last of two equal names wins.
"""

from __future__ import annotations

import re

_START = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.-]+)(?:[ \t]*=|:(?=[ \t]))[ \t]*")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_PORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTES = "'\"`"


def parse(text: str) -> dict[str, str]:
    """The variables of a ``.env`` text. A line that makes no sense is passed over; nothing is ever raised.

    Names which a shell could not hold (``a-b``, ``1x``) are left out, as in Fased.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    variables: dict[str, str] = {}
    position = 0
    while position < len(text):
        start = _START.match(text, position)
        if start is None:
            position = _next_line(text, position)
            continue
        value, position = _value(text, start.end())
        name = start.group(1)
        if _PORTABLE.fullmatch(name):
            variables[name] = value
    return variables


def _value(text: str, start: int) -> tuple[str, int]:
    """The value that begins at ``start``, and where the next line begins."""
    quote = text[start : start + 1]
    if quote and quote in _QUOTES:
        end = _closing(text, quote, start + 1)
        rest = _REST.match(text, end + 1) if end >= 0 else None
        if rest is not None:
            return _unescape(text[start + 1 : end], quote), rest.end()
    # Not quoted, or the quote does not close the value: everything up to the comment or the end of the line.
    following = _next_line(text, start)
    value = text[start:following].partition("#")[0].strip()
    return _unescape(value, quote), following


def _closing(text: str, quote: str, start: int) -> int:
    """Where the value's closing quote stands; one behind a backslash does not close. -1 without one."""
    position = text.find(quote, start)
    while position > 0 and text[position - 1] == "\\":
        position = text.find(quote, position + 1)
    return position


def _unescape(value: str, quote: str) -> str:
    return value.replace("\\n", "\n").replace("\\r", "\r") if quote == '"' else value


def _next_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1
