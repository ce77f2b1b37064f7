"""Make steps on a text, reading it anew after each one that moves entries."""

from __future__ import annotations

from collections.abc import Sequence

from ..keypath import KeyPath
from .operations import Delete, Insert, Operation, Replace
from .style import Style
from .text_edit import TextEdit, deletion, insertion, replacement, splice
from .tree import Node, entry_of, node_at, parse


def apply_operations(text: str, root: Node, todo: Sequence[Operation], *, style: Style, name: str) -> tuple[str, Node]:
    """Make the steps.

    Args:
        text: the text.
        root: its tree.
        todo: the steps, as ``steps`` gives them.
        style: how new text is to be written.
        name: the name of the file, for messages.

    Returns:
        The new text and its tree.

    Raises:
        ConfigSyntaxError: the new text is nested too deep.
    """
    replacements = [_replacement(text, root, step, style) for step in todo if isinstance(step, Replace)]
    if replacements:  # all at once, for they move nothing
        text = splice(text, replacements)
        root = parse(text, name)
    for step in todo:
        if isinstance(step, Insert):
            text = splice(text, _insertion(text, root, step, style))
            root = parse(text, name)
        elif isinstance(step, Delete):
            while (splices := _deletion(text, root, step.path)) is not None:
                text = splice(text, splices)
                root = parse(text, name)
                if not isinstance(step.path[-1], str):
                    break  # only a key can stand there twice
    return text, root


def _replacement(text: str, root: Node, step: Replace, style: Style) -> TextEdit:
    node, parent = _with_parent(root, step.path)
    return replacement(text, node, parent, step.value, style)


def _insertion(text: str, root: Node, step: Insert, style: Style) -> list[TextEdit]:
    node, parent = _with_parent(root, step.path)
    index = len(node.entries or []) if step.index is None else step.index
    return insertion(text, node, parent, index=index, items=step.items, style=style)


def _deletion(text: str, root: Node, path: KeyPath) -> list[TextEdit] | None:
    box = node_at(root, path[:-1])
    entry = None if box is None else entry_of(box, path[-1])
    if box is None or box.entries is None or entry is None:
        return None
    return deletion(text, box, box.entries.index(entry))


def _with_parent(root: Node, path: KeyPath) -> tuple[Node, Node | None]:
    node = node_at(root, path)
    assert node is not None
    return node, node_at(root, path[:-1]) if path else None
