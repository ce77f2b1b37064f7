"""How a text is written: indent, quotes, unquoted keys, commas. Inserted text follows it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .tokens import NEWLINE
from .tree import Entry, Node

_NEWLINE = re.compile(r"\r\n|\n|\r")
_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Style:
    """The habits of a text; the defaults are those of the files that Fased itself writes (plain JSON, two blanks).

    Attributes:
        newline: what ends a line.
        unit: one step of indent.
        quote: the quote of strings.
        key_quote: the quote of keys; empty for none where the key is an identifier.
        colon: from the key to the value.
        separator: between the entries of a one-line container.
        padding: inside the braces of a one-line object.
        trailing_comma: whether the last entry of a many-line container has a comma.
    """

    newline: str = "\n"
    unit: str = "  "
    quote: str = '"'
    key_quote: str = '"'
    colon: str = ": "
    separator: str = ", "
    padding: str = " "
    trailing_comma: bool = False


_FIELDS = ("unit", "quote", "key_quote", "colon", "separator", "padding", "trailing_comma")
_COLON = re.compile(r" ?: ?")
_Counts = dict[str, Counter[Any]]


def style_of(text: str, root: Node) -> Style:
    """The prevailing habits of a whole text."""
    counts: _Counts = {name: Counter() for name in _FIELDS}
    for box in _boxes(root):
        _count(text, box, counts)
    newline = _NEWLINE.search(text)
    return replace(_commonest(counts, Style()), newline=newline[0] if newline else "\n")


def local_style(text: str, box: Node, style: Style) -> Style:
    """The habits of one container's own entries and, where these show none, those of the text."""
    counts: _Counts = {name: Counter() for name in _FIELDS}
    _count(text, box, counts)
    counts["unit"].clear()  # one step is the same everywhere
    return _commonest(counts, style)


def _commonest(counts: _Counts, otherwise: Style) -> Style:
    return replace(otherwise, **{name: counter.most_common(1)[0][0] for name, counter in counts.items() if counter})


def _count(text: str, box: Node, counts: _Counts) -> None:
    entries = box.entries
    if not entries:
        return
    if own_line(text, box, 0):
        step = indent_at(text, entries[0].start).removeprefix(indent_at(text, box.start))
        if step:
            counts["unit"][step] += 1
        counts["trailing_comma"][entries[-1].comma >= 0] += 1
    elif type(box.value) is dict and _at_most_one_blank(padding := text[box.start + 1 : entries[0].start]):
        counts["padding"][padding] += 1
    for entry, following in pairwise(entries):
        if _at_most_one_blank(gap := text[entry.comma + 1 : following.start]):
            counts["separator"]["," + gap] += 1
    for entry in entries:
        if entry.key is not None:
            first = text[entry.start]
            counts["key_quote"][first if first in "\"'" else ""] += 1
            if _COLON.fullmatch(colon := text[entry.key_end : entry.node.start]):
                counts["colon"][colon] += 1
        if type(entry.node.value) is str:
            counts["quote"][text[entry.node.start]] += 1


def _at_most_one_blank(gap: str) -> bool:
    return gap in ("", " ")


def _boxes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.entries is not None:
            yield node
            waiting.extend(entry.node for entry in reversed(node.entries))


def line_start(text: str, offset: int) -> int:
    """The offset at which the line of ``offset`` begins."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def indent_at(text: str, offset: int) -> str:
    """The blanks and tabs at the beginning of the line of ``offset``."""
    match = _INDENT.match(text, line_start(text, offset), offset)
    return match[0] if match else ""


def own_line(text: str, box: Node, index: int) -> bool:
    """Whether a new line begins between the entry ``index`` and what stands before it (comments do not count)."""
    entries: list[Entry] = box.entries or []
    before = entries[index - 1].comma if index else box.start
    return any(char in NEWLINE for char in text[before : entries[index].start])
