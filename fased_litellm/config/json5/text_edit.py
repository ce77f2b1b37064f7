"""Replace, insert and delete entries: each is a few splices of the text, computed from the tree.

What happens to comments:

- A comment on the line of an entry, behind it, belongs to that entry: it stays in front of what is inserted after the entry, and
  goes when the entry is deleted (else it would speak of the entry before).
- A comment on a line of its own belongs to nobody: it always stays, also when the entry below it is deleted. Better a comment
  too many than the loss of what somebody wrote.
- When the last entry of an object or array goes and no comment is left inside, it becomes ``{}`` or ``[]``.
- A comma is added behind, or taken from, the entry before only where the new last entry needs that to keep the habit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .style import Style, indent_at, line_start, local_style, own_line
from .tokens import BLANK, NEWLINE
from .tree import Entry, Node
from .write import write_key, write_value

_COMMENT = rf"//[^{NEWLINE}]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"
_ONE_COMMENT = re.compile(_COMMENT)
_COMMENTS_OF_LINE = re.compile(rf"(?:[{BLANK}]*+(?:{_COMMENT}))*")
_LINE_END = re.compile(rf"[{BLANK}]*+(?:\r\n|[{NEWLINE}])")
_NOTHING = re.compile(rf"[{BLANK}{NEWLINE}]*+")
_NOTHING_ON_LINE = re.compile(rf"[{BLANK}]*+")
_WIDTH = 100


class TextEdit(NamedTuple):
    """Put ``text`` in the place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


Item = tuple[str | None, Any]
"""Key (None in an array) and value of a new entry."""


def splice(text: str, splices: Iterable[TextEdit]) -> str:
    """Apply splices that do not overlap; of those at one place the first given comes first."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(splices, key=lambda part: (part.start, part.end)):
        assert start >= done
        pieces += (text[done:start], new)
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def replacement(text: str, node: Node, parent: Node | None, value: Any, style: Style) -> TextEdit:
    """Put another value in the place of one."""
    if parent is not None:
        style = local_style(text, parent, style)
    quote = text[node.start] if type(node.value) is str else style.quote
    one_line = parent is not None and _on_one_line(text, parent)
    written = _write(value, replace(style, quote=quote), indent_at(text, node.start), one_line=one_line)
    return TextEdit(node.start, node.end, written)


def insertion(
    text: str, box: Node, parent: Node | None, *, index: int, items: Sequence[Item], style: Style
) -> list[TextEdit]:
    """Add entries to a container before the entry ``index``, or at the end.

    Args:
        text: the whole text.
        box: the container.
        parent: the container around it.
        index: from 0 to the number of entries.
        items: at least one.
        style: the habits of the whole text.
    """
    entries = box.entries
    assert entries is not None
    if not entries:
        return _insertion_into_empty(text, box, parent, items, style)
    style = local_style(text, box, style)
    previous = entries[index - 1] if index else None
    behind = box.start + 1 if previous is None else _behind(previous)
    tail = _match_end(_COMMENTS_OF_LINE, text, behind)
    neighbour = max(index - 1, 0)
    own = own_line(text, box, neighbour)
    if (own and (previous is not None or _LINE_END.match(text, tail))) or (
        previous is not None and tail > behind and _LINE_END.match(text, tail)
    ):
        indent = indent_at(text, entries[neighbour].start) if own else indent_at(text, box.start) + style.unit
        written = [style.newline + indent + part for part in _write_items(text, box, items, style, indent)]
        is_last = index == len(entries)
        comma = "," if not is_last or (previous is not None and previous.comma >= 0) else ""
        added = TextEdit(tail, tail, ",".join(written) + comma)
        if previous is not None and previous.comma < 0:
            return [TextEdit(previous.end, previous.end, ","), added]
        return [added]
    written = _write_items(text, box, items, style, indent_at(text, box.start), one_line=True)
    if index < len(entries):
        following = entries[index].start
        return [TextEdit(following, following, "".join(part + style.separator for part in written))]
    assert previous is not None
    if previous.comma >= 0:
        return [TextEdit(behind, behind, "".join(f"{style.separator[1:]}{part}," for part in written))]
    return [TextEdit(behind, behind, "".join(style.separator + part for part in written))]


def deletion(text: str, box: Node, index: int) -> list[TextEdit]:
    """Take the entry ``index`` out of a container."""
    entries = box.entries
    assert entries is not None
    entry = entries[index]
    previous = entries[index - 1] if index else None
    following = entries[index + 1] if index + 1 < len(entries) else None
    behind = _behind(entry)
    begin = line_start(text, entry.start)
    line_end = _LINE_END.match(text, _match_end(_COMMENTS_OF_LINE, text, behind))
    whole_lines = begin > box.start and _NOTHING_ON_LINE.fullmatch(text, begin, entry.start) and line_end

    if previous is None and following is None:
        first, last = (begin, line_end.end()) if whole_lines and line_end else (entry.start, behind)
        if _nothing(text, box.start + 1, first) and _nothing(text, last, box.end - 1):
            return [TextEdit(box.start + 1, box.end - 1, "")]
    if whole_lines and line_end:
        taken = [TextEdit(begin, line_end.end(), "")]
        if following is None and entry.comma < 0 and previous is not None:
            taken.append(TextEdit(previous.comma, previous.comma + 1, ""))
        return taken
    if following is not None and _NOTHING_ON_LINE.fullmatch(text, behind, following.start):
        return [TextEdit(entry.start, following.start, "")]
    if previous is not None and _nothing(text, previous.comma + 1, entry.start):
        first = previous.comma if entry.comma < 0 else previous.comma + 1
        return [TextEdit(first, behind, "")]
    if previous is None and entry.comma >= 0 and _nothing(text, box.start + 1, entry.start):
        return [TextEdit(box.start + 1, behind, "")]
    comma = entry.comma if entry.comma >= 0 else (previous.comma if previous is not None else -1)
    return [TextEdit(entry.start, entry.end, "")] + ([TextEdit(comma, comma + 1, "")] if comma >= 0 else [])


def _insertion_into_empty(
    text: str, box: Node, parent: Node | None, items: Sequence[Item], style: Style
) -> list[TextEdit]:
    indent = indent_at(text, box.start)
    is_object = type(box.value) is dict
    if _nothing(text, box.start + 1, box.end - 1):
        value = dict(items) if is_object else [value for _, value in items]
        one_line = parent is not None and _on_one_line(text, parent)
        return [TextEdit(box.start, box.end, _write(value, style, indent, one_line=one_line))]
    comments = list(_ONE_COMMENT.finditer(text, box.start + 1, box.end - 1))
    last = comments[-1]
    own = line_start(text, last.start()) > box.start
    inner = indent_at(text, last.start()) if own else indent + style.unit
    written = [style.newline + inner + part for part in _write_items(text, box, items, style, inner)]
    added = ",".join(written) + ("," if style.trailing_comma else "")
    if any(char in NEWLINE for char in text[last.end() : box.end]):
        return [TextEdit(last.end(), last.end(), added)]
    return [TextEdit(last.end(), box.end - 1, added + style.newline + indent)]


def _write_items(
    text: str, box: Node, items: Sequence[Item], style: Style, indent: str, *, one_line: bool = False
) -> list[str]:
    written = []
    for key, value in items:
        like = one_line or _sibling_on_one_line(text, box, value)
        head = "" if key is None else write_key(key, style) + style.colon
        written.append(head + _write(value, style, indent, one_line=like, wide=like and not one_line))
    return written


def _write(value: Any, style: Style, indent: str, *, one_line: bool, wide: bool = False) -> str:
    """A value; one that would make a long line gets several, unless ``wide`` allows that."""
    written = write_value(value, style, indent=indent, one_line=one_line)
    if one_line and not wide and len(indent) + len(written) > _WIDTH:
        return write_value(value, style, indent=indent, one_line=False)
    return written


def _sibling_on_one_line(text: str, box: Node, value: Any) -> bool:
    """Whether the last sibling of the same kind stands on one line; new ones are written like it."""
    kind = list if isinstance(value, tuple) else type(value)
    for entry in reversed(box.entries or []):
        if entry.node.entries and type(entry.node.value) is kind:
            return _on_one_line(text, entry.node)
    return False


def _on_one_line(text: str, node: Node) -> bool:
    return not any(char in NEWLINE for char in text[node.start : node.end])


def _behind(entry: Entry) -> int:
    return entry.comma + 1 if entry.comma >= 0 else entry.end


def _nothing(text: str, start: int, end: int) -> bool:
    return _NOTHING.fullmatch(text, start, end) is not None


def _match_end(pattern: re.Pattern[str], text: str, offset: int) -> int:
    match = pattern.match(text, offset)
    return match.end() if match else offset
