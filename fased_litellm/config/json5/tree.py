"""JSON5 text to a tree of values, each with its place. A loop, not a recursion."""

from __future__ import annotations

from typing import Any

from ...errors import ConfigSyntaxError
from ..keypath import KeyPath
from . import tokens
from .places import syntax_error
from .tokens import DOUBLE, END, NUMBER, SINGLE, TOKEN, WORD, BadToken

MAX_DEPTH = 64
"""Containers within containers; more is an error. The json5 library, which checks each edit, gives up at 44 to 60."""


class Node:
    """A value in the text.

    Attributes:
        start: offset of its first character.
        end: offset behind its last character.
        value: the Python value; ``dict`` or ``list`` for containers.
        entries: members or elements in the order of the text; None for other values.
    """

    __slots__ = ("end", "entries", "start", "value")

    def __init__(self, start: int, end: int, value: Any, entries: list[Entry] | None) -> None:
        self.start, self.end, self.value, self.entries = start, end, value, entries


class Entry:
    """A member of an object, or an element of an array.

    Attributes:
        start: offset of the key, or of the element.
        key: the key; None in an array.
        key_end: offset behind the key; ``start`` in an array.
        node: the value.
        comma: offset of the comma behind it, -1 where there is none.
    """

    __slots__ = ("comma", "key", "key_end", "node", "start")

    def __init__(self, start: int, key: str | None, key_end: int, node: Node) -> None:
        self.start, self.key, self.key_end, self.node = start, key, key_end, node
        self.comma = -1

    @property
    def end(self) -> int:
        """Offset behind the value."""
        return self.node.end


def entry_of(node: Node, part: str | int) -> Entry | None:
    """The entry of a container that ``part`` names; of a key that stands there twice, the last, which is the one that counts."""
    entries = node.entries
    if entries is None:
        return None
    if isinstance(part, str):
        return next((entry for entry in reversed(entries) if entry.key == part), None)
    is_element = isinstance(node.value, list) and 0 <= part < len(entries)
    return entries[part] if is_element else None


def node_at(root: Node, path: KeyPath) -> Node | None:
    """The value at ``path``, if there is one."""
    node = root
    for part in path:
        entry = entry_of(node, part)
        if entry is None:
            return None
        node = entry.node
    return node


def parse(text: str, path: str) -> Node:
    """Parse a whole text.

    Args:
        text: JSON5; a byte order mark counts as a blank, as in the json5 library.
        path: the name of the file, for messages.

    Raises:
        ConfigSyntaxError: it is not JSON5, or is nested deeper than ``MAX_DEPTH``.
    """
    reader = _Reader(text, path)
    reader.advance()
    root = reader.value("a value")
    boxes = [root] if root.entries is not None else []
    while boxes:
        child = reader.entry(boxes[-1])
        if child is None:
            boxes.pop()
        elif child.entries is not None:
            if len(boxes) >= MAX_DEPTH:
                raise syntax_error(text, child.start, f"nested deeper than {MAX_DEPTH} levels", path)
            boxes.append(child)
    reader.advance()
    if reader.kind != END:
        raise reader.unexpected("the end of the file")
    return root


class _Reader:
    """The current token of a text, and what is read from here on."""

    __slots__ = ("end", "kind", "lexeme", "path", "start", "text")

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path = text, path
        self.kind = self.start = self.end = 0
        self.lexeme = ""

    def advance(self) -> None:
        match = TOKEN.match(self.text, self.end)
        if match is None:
            offset, reason = tokens.why_not(self.text, self.end)
            raise syntax_error(self.text, offset, reason, self.path)
        self.kind = match.lastindex or END
        self.start, self.end = match.span(self.kind)
        self.lexeme = match[self.kind]

    def entry(self, box: Node) -> Node | None:
        """The value of the next entry, which joins ``box``; None where the box ends."""
        entries, value = box.entries, box.value
        assert entries is not None
        is_object = type(value) is dict
        close = "}" if is_object else "]"
        self.advance()
        if entries and self.lexeme != close:
            if self.lexeme != ",":
                raise self.unexpected(f"',' or '{close}'")
            entries[-1].comma = self.start
            self.advance()
        if self.lexeme == close:
            box.end = self.end
            return None
        start = key_end = self.start
        key: str | None = None
        if is_object:
            key, key_end = self.key(), self.end
            self.advance()
            if self.lexeme != ":":
                raise self.unexpected("':' after the key")
            self.advance()
            node = self.value("a value")
            value[key] = node.value
        else:
            node = self.value("a value or ']'")
            value.append(node.value)
        entries.append(Entry(start, key, key_end, node))
        return node

    def key(self) -> str:
        try:
            if self.kind == WORD:
                return tokens.read_identifier(self.lexeme)
            if self.kind in (DOUBLE, SINGLE):
                return tokens.read_string(self.lexeme)
        except BadToken as error:
            raise self.bad(error) from None
        raise self.unexpected("a key or '}'")

    def value(self, expected: str) -> Node:
        """The value that starts with the current token; a container is opened, its entries are still to be read."""
        kind, lexeme = self.kind, self.lexeme
        try:
            if kind in (DOUBLE, SINGLE):
                return Node(self.start, self.end, tokens.read_string(lexeme), None)
            if kind == NUMBER:
                return Node(self.start, self.end, tokens.read_number(lexeme), None)
        except BadToken as error:
            raise self.bad(error) from None
        if kind == WORD and lexeme in tokens.LITERALS:
            return Node(self.start, self.end, tokens.LITERALS[lexeme], None)
        if lexeme == "{":
            return Node(self.start, self.end, {}, [])
        if lexeme == "[":
            return Node(self.start, self.end, [], [])
        raise self.unexpected(expected)

    def bad(self, error: BadToken) -> ConfigSyntaxError:
        return syntax_error(self.text, self.start + error.offset, error.reason, self.path)

    def unexpected(self, expected: str) -> ConfigSyntaxError:
        found = "the file ends" if self.kind == END else f"found {self.lexeme[:20]!r}"
        return syntax_error(self.text, self.start, f"expected {expected}, {found}", self.path)
