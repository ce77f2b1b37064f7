"""From one value to another in few steps, so that what does not change keeps its text and its comments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..keypath import KeyPath


@dataclass(frozen=True, slots=True)
class Replace:
    """Another value at ``path``."""

    path: KeyPath
    value: Any


@dataclass(frozen=True, slots=True)
class Insert:
    """New entries in the container at ``path``, before the entry ``index`` (None: at the end)."""

    path: KeyPath
    index: int | None
    items: tuple[tuple[str | None, Any], ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """The entry at ``path`` goes; of a key that stands there twice, both."""

    path: KeyPath


Operation = Replace | Insert | Delete


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON5: ``1``, ``1.0`` and ``true`` differ, NaN equals NaN, ``0.0`` is not ``-0.0``.

    The order of keys does not count. A tuple is a list.
    """
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


def steps(old: Any, new: Any, path: KeyPath = ()) -> Iterator[Operation]:
    """The steps from ``old`` to ``new``; each path is right once the steps before have been made.

    Elements of an array are matched by their ``id``, where they have one, else by their content.
    """
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in new:
                yield from steps(value, new[key], (*path, key))
        added = tuple((key, value) for key, value in new.items() if key not in old)
        if added:
            yield Insert(path, None, added)
        for key in old:
            if key not in new:
                yield Delete((*path, key))
    elif isinstance(old, list) and isinstance(new, (list, tuple)):
        yield from _array_steps(old, list(new), path)
    else:
        yield Replace(path, new)


def _array_steps(old: list[Any], new: list[Any], path: KeyPath) -> Iterator[Operation]:
    from difflib import SequenceMatcher

    runs = SequenceMatcher(
        None, [_name(item) for item in old], [_name(item) for item in new], autojunk=False
    ).get_opcodes()
    for _, start, end, new_start, new_end in runs:
        for index, wanted in zip(range(start, end), range(new_start, new_end), strict=False):
            yield from steps(old[index], new[wanted], (*path, index))
    # From the end, so that the indices before stay what they are.
    for _, start, end, new_start, new_end in reversed(runs):
        paired = min(end - start, new_end - new_start)
        if new_end - new_start > paired:
            items = tuple((None, item) for item in new[new_start + paired : new_end])
            yield Insert(path, start + paired, items)
        for index in reversed(range(start + paired, end)):
            yield Delete((*path, index))


def _name(item: Any) -> str:
    if isinstance(item, dict) and isinstance(item.get("id"), str):
        return f"id {item['id']}"
    return repr(item)
