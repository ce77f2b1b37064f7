"""Escapes of single characters, as they are used in URLs, JSON, Python, C and HTML, and a text with them decoded. Pure."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

DEPTH = 3
"""How often a text is decoded: percent-encoded JSON in JSON."""
MARKS = "%\\&"
"""With one of these an escape begins."""

_SIMPLE = {**dict.fromkeys("bfnrt", " "), **{character: character for character in "\\\"'/"}}
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_HEX = "[0-9A-Fa-f]"
_NEXT = rf"%[89ABab]{_HEX}"
"""A further byte of a character in UTF-8, percent-encoded."""
_HIGH = rf"[Dd][89ABab]{_HEX}{{2}}"
"""The first half of a character that JSON spells as two."""
_ESCAPE = (
    rf"(?P<percent>%(?:[0-7]{_HEX}|[CDcd]{_HEX}{_NEXT}|[Ee]{_HEX}(?:{_NEXT}){{2}}|[Ff][0-4](?:{_NEXT}){{3}}|[89A-Fa-f]{_HEX}))"
    rf"|(?P<pair>\\u{_HIGH}\\u[Dd][C-Fc-f]{_HEX}{{2}})"
    rf"|\\(?:u(?P<u>{_HEX}{{4}})|x(?P<x>{_HEX}{{2}})|U000(?P<U>[01]{_HEX}{{4}})|(?P<octal>[0-3][0-7]{{2}})"
    r"|(?P<simple>[bfnrt\\\"'/]))"
    rf"|&(?:#(?P<decimal>[0-9]{{1,6}})|#[xX](?P<hex>{_HEX}{{1,5}})|(?P<named>amp|lt|gt|quot|apos));"
)
_CUT_OFF = (
    rf"(?P<cut>%{_HEX}?|%(?:[C-Fc-f]{_HEX}|[Ee]{_HEX}{_NEXT}|[Ff][0-4](?:{_NEXT}){{1,2}})(?:%[89ABab]?)?"
    rf"|\\u{_HIGH}(?:\\(?:u{_HEX}{{0,3}})?)?|\\(?:u{_HEX}{{0,3}}|x{_HEX}?|U{_HEX}{{0,7}}|[0-3][0-7]?)?"
    rf"|&(?:#(?:[0-9]{{0,6}}|[xX]{_HEX}{{0,5}})|[a-z]{{0,4}})?)\Z"
)


class View:
    """A text as it is, or decoded.

    Attributes:
        text: decoded.
        starts: where each of its characters begins in the text as it is, and in the end the length of that.
    """

    def __init__(self, text: str, starts: Sequence[int]) -> None:
        self.text, self.starts = text, starts

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Where a part of ``text`` is in the text as it is."""
        return self.starts[begin], self.starts[end]

    def token(self, at: int) -> int:
        """Where the escape begins within which that place in the text as it is lies; the place itself where it is in none."""
        place = bisect_right(self.starts, at)
        return self.starts[place - 1] if place < len(self.starts) else at

    def decoded(self) -> View:
        """This view with its escapes decoded once."""
        pieces: list[str] = []
        starts: list[int] = []
        done = 0
        for escape in _pattern(_ESCAPE).finditer(self.text):
            begin, end = escape.span()
            pieces += [self.text[done:begin], _character(escape)]
            starts += self.starts[done : begin + 1]
            done = end
        return View("".join([*pieces, self.text[done:]]), [*starts, *self.starts[done:]])


def views(text: str, *, whole: bool = True) -> Iterator[View]:
    """``text`` as it is, and decoded once, twice and so on, as long as there is something to decode.

    Args:
        text: it.
        whole: whether it ends there. Else an escape that its end cuts off is left out of what is decoded.
    """
    view = View(text, range(len(text) + 1))
    yield view
    for _ in range(DEPTH):
        end = len(view.text) if whole else len(view.text) - len(cut_off(view.text))
        decoded = View(view.text[:end], view.starts[: end + 1]).decoded()
        if len(decoded.text) == end:
            return
        view = decoded
        yield view


def decoded(text: str) -> str:
    """``text`` with its escapes decoded once."""
    return _pattern(_ESCAPE).sub(_character, text)


def cut_off(text: str) -> str:
    """The escape that the end of ``text`` cuts off, '' if there is none."""
    if not any(mark in text for mark in MARKS):
        return ""
    # From the left, so that of two backslashes the second begins nothing.
    for found in _pattern(f"{_CUT_OFF}|{_ESCAPE}").finditer(text):
        if found["cut"]:
            return found[0]
    return ""


def may_become(begun: str, characters: Iterable[str]) -> bool:
    """Whether an escape that is cut off may come to one of some characters."""
    # All but the kind of an escape may be in either case.
    begun = begun[:2] + begun[2:].lower() if begun[0] == "\\" else begun.lower()
    return any(spelling.startswith(begun) for character in characters for spelling in _spellings(character))


def written(text: str) -> Iterator[str]:
    """A text that holds the mark of an escape, as JSON and URLs have it; nothing for any other."""
    if any(mark in text for mark in MARKS):
        from urllib.parse import quote

        yield from (json.dumps(text)[1:-1], quote(text, safe="", errors="replace"))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _character(escape: re.Match[str]) -> str:
    """What an escape stands for: one character."""
    kind, found = escape.lastgroup, escape[escape.lastgroup or 0]
    if kind == "percent":
        from urllib.parse import unquote  # here, since few commands meet an escape

        decoded = unquote(found)
        return decoded if len(decoded) == 1 else " "
    if kind == "pair":
        return chr(0x10000 + ((int(found[2:6], 16) & 0x3FF) << 10) + (int(found[8:], 16) & 0x3FF))
    if kind == "simple":
        return _SIMPLE[found]
    if kind == "named":
        return _NAMED[found]
    return chr(int(found, {"octal": 8, "decimal": 10}.get(kind or "", 16)))


def _spellings(character: str) -> Iterator[str]:
    """How a character may be escaped, in lower case but for ``\\U``."""
    from urllib.parse import quote

    code = ord(character)
    yield quote(character, safe="", errors="replace").lower() if code >= 0x80 else f"%{code:02x}"
    if code < 0x100:
        yield from (f"\\x{code:02x}", f"\\{code:03o}")
    yield from (json.dumps(character)[1:-1] if code >= 0x10000 else f"\\u{code:04x}", f"\\U{code:08x}")
    yield from (f"&#{code:0{size}d};" for size in range(1, 7))
    yield from (f"&#x{code:0{size}x};" for size in range(1, 6))
    yield from (f"&{name};" for name, meant in _NAMED.items() if meant == character)
    yield from (f"\\{simple}" for simple, meant in _SIMPLE.items() if meant == character)
