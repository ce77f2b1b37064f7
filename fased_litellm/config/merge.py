"""Two changes of one tree, made by two programs at once, put together where they do not touch."""

from __future__ import annotations

import copy
from typing import Any, Final

from ..errors import ConfigConflict
from .json5.operations import same
from .keypath import KeyPath, dotted


class _Gone:
    """What stands where a side has no such key; like a plain value, it is what a side may make of another."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Gone:
        return self


_GONE: Final = _Gone()


def merge(base: Any, ours: Any, theirs: Any, path: KeyPath = ()) -> Any:
    """The tree with both changes.

    Objects are merged key by key, arrays whose elements all have an ``id`` element by element, in the order of ``theirs`` with our
    new elements last. Any other array, and any plain value, is changed by one side alone or alike by both.

    Args:
        base: what both programs began with.
        ours: what we want of it.
        theirs: what the other program made of it.
        path: where this is, for messages.

    Raises:
        ConfigConflict: both changed the same value, each in its own way.
    """
    if same(ours, base) or same(ours, theirs):
        return copy.deepcopy(theirs)
    if same(theirs, base):
        return copy.deepcopy(ours)
    if base is _GONE and type(ours) is type(theirs):  # both made it; what each put in is compared
        base = [] if isinstance(ours, list) else {} if isinstance(ours, dict) else base
    if isinstance(base, dict) and isinstance(ours, dict) and isinstance(theirs, dict):
        return _merge_keys(base, ours, theirs, path)
    before, own, other = _by_id(base), _by_id(ours), _by_id(theirs)
    if before is not None and own is not None and other is not None and _in_order(before, own):
        return list(_merge_keys(before, own, other, path).values())
    raise ConfigConflict(
        f"{dotted(path) or '<root>'} was changed by another program too; nothing was written.",
        hint="Look at its value, and run the command again if you still want yours.",
    )


def _merge_keys(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key in [*theirs, *(key for key in ours if key not in theirs)]:
        value = merge(base.get(key, _GONE), ours.get(key, _GONE), theirs.get(key, _GONE), (*path, key))
        if value is not _GONE:
            merged[key] = value
    return merged


def _by_id(tree: Any) -> dict[str, Any] | None:
    """The elements by their ``id``; None if this is no array of elements which all have one of their own."""
    if not isinstance(tree, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in tree
    ):
        return None
    named = {item["id"]: item for item in tree}
    return named if len(named) == len(tree) else None


def _in_order(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether what stayed is in the order that it was in."""
    return [key for key in before if key in after] == [key for key in after if key in before]
