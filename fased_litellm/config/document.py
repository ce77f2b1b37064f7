"""A JSON5 document that can be changed without loss: what an edit does not mean keeps every byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigError
from .json5.places import place_of
from .json5.tree import Node, entry_of, node_at, parse
from .keypath import KeyPath, dotted

# What edits need is imported when one is made: every command reads a config, few change it.
if TYPE_CHECKING:
    from .json5.operations import Operation
    from .json5.style import Style


class Document:
    """JSON5 text, its values and their places. Immutable: an edit gives a new document.

    How comments, commas and indents fare under edits is said in ``json5.splice``.
    """

    def __init__(self, text: str, root: Node, path: str, style: Style | None = None) -> None:
        self._text, self._root, self.path, self._style = text, root, path, style

    @classmethod
    def parse(cls, text: str, *, path: str = "<text>") -> Self:
        """Read a document.

        Args:
            text: JSON5, exactly as it stands in the file (line ends untranslated).
            path: the name of the file, for messages.

        Raises:
            ConfigSyntaxError: the json5 library would not take it, or it is nested deeper than 64 levels.
        """
        return cls(text, parse(text, path), path)

    @classmethod
    def empty(cls, *, path: str = "<text>") -> Self:
        """``{}`` and a line end: the beginning of a file that is not there yet."""
        return cls.parse("{}\n", path=path)

    @property
    def text(self) -> str:
        """The text, with nothing lost."""
        return self._text

    @property
    def value(self) -> Any:
        """The plain tree, equal to what ``json5.loads`` makes of the text. Shared: not to be changed."""
        return self._root.value

    def has(self, path: KeyPath) -> bool:
        """Whether there is a value at ``path``."""
        return node_at(self._root, path) is not None

    def get(self, path: KeyPath, default: Any = None) -> Any:
        """The value at ``path``, else ``default``."""
        node = node_at(self._root, path)
        return default if node is None else node.value

    def location(self, path: KeyPath) -> tuple[int, int]:
        """Line and column, from 1, of the entry at ``path`` (its key, in an object), or of the nearest that exists above it."""
        node, start = self._root, self._root.start
        for part in path:
            entry = entry_of(node, part)
            if entry is None:
                break
            node, start = entry.node, entry.start
        return place_of(self._text, start)

    def set(self, path: KeyPath, value: Any) -> Self:
        """Put a value at ``path``: replace the one there, or add it; missing objects on the way are made.

        A container that takes the place of one of its kind is changed entry by entry, so that comments and style of the entries that
        stay the same are kept; an equal value changes nothing. An array grows by one when the index is its length.

        Raises:
            ConfigError: something on the way is neither object nor array, or an index is out of range.
            TypeError: JSON5 has no such value.
        """
        from .json5.operations import Insert, steps

        node, depth = self._root, 0
        while depth < len(path) and (entry := entry_of(node, path[depth])) is not None:
            node, depth = entry.node, depth + 1
        if depth == len(path):
            return self._made(list(steps(node.value, value, path)))
        self._check_insertion(node, path, depth)
        for part in reversed(path[depth + 1 :]):
            if isinstance(part, int) and part != 0:
                raise ConfigError(f"{self.path}: {dotted(path)} cannot be set: the array is not there yet.")
            value = {part: value} if isinstance(part, str) else [value]
        key = path[depth]
        return self._made([Insert(path[:depth], None, ((key if isinstance(key, str) else None, value),))])

    def delete(self, path: KeyPath) -> Self:
        """Take away what is at ``path``; what is not there need not be taken away.

        Raises:
            ConfigError: the root cannot be deleted.
        """
        if not path:
            raise ConfigError(f"{self.path}: the whole document cannot be deleted.")
        from .json5.operations import Delete

        return self._made([Delete(path)]) if self.has(path) else self

    def _check_insertion(self, node: Node, path: KeyPath, depth: int) -> None:
        """Refuse what cannot take ``path[depth]`` as a new entry."""
        part = path[depth]
        here = f"{dotted(path[:depth]) or '<root>'} in {self.path} (line {self.location(path[:depth])[0]})"
        if isinstance(node.value, dict) and isinstance(part, str):
            return
        if not isinstance(node.value, list) or isinstance(part, str):
            wanted = "an object" if isinstance(part, str) else "an array"
            raise ConfigError(
                f"{dotted(path)} cannot be set: {here} is not {wanted}.",
                hint=f"Make it {wanted}, or remove it.",
            )
        if part != len(node.value):
            raise ConfigError(f"{dotted(path)} cannot be set: {here} has {len(node.value)} elements.")

    def _made(self, todo: Sequence[Operation]) -> Self:
        if not todo:
            return self
        from .json5.apply import apply_operations
        from .json5.style import style_of

        # The habits of the first text go for all that come of it, also when an edit has removed what showed them.
        style = self._style or style_of(self._text, self._root)
        text, root = apply_operations(self._text, self._root, todo, style=style, name=self.path)
        return type(self)(text, root, self.path, style)
