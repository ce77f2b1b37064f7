"""Changes to a config: what is wanted, done to the text, and checked before it counts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ..errors import ConfigError, ConfigSyntaxError, ConfigWriteError
from .document import Document
from .json5.operations import same
from .keypath import KeyPath, dotted


class Deleted:
    """The type of ``DELETE``."""

    def __repr__(self) -> str:
        return "DELETE"

    def __copy__(self) -> Deleted:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Deleted:
        return self


DELETE: Final = Deleted()
"""The value of an edit that takes a key or an element away."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One wanted change.

    Attributes:
        path: the place; the index that equals an array's length appends.
        value: the new value, or ``DELETE``.
    """

    path: KeyPath
    value: Any


def apply(document: Document, edits: Sequence[Edit]) -> Document:
    """Make edits, one after the other, and check the result.

    The check is independent of our own parser: the json5 library reads the new text, and what it finds must be the tree that plain
    Python makes of the old values and the edits.

    Returns:
        The new document; ``document`` itself where the edits change no value.

    Raises:
        ConfigError: an edit leads through a value that is neither object nor array, or to an index out of range.
        ConfigWriteError: the check failed; nothing of this may be written.
        TypeError: a value that JSON5 does not have.
    """
    changed = document
    for edit in edits:
        try:
            if isinstance(edit.value, Deleted):
                changed = changed.delete(edit.path)
            else:
                changed = changed.set(edit.path, edit.value)
        except ConfigSyntaxError as error:
            raise _refused(document, f"the changed text could not be read ({error.reason})") from None
    wanted = intended(document.value, edits)
    if changed.text == document.text:
        if not same(changed.value, wanted):
            raise _refused(document, "an edit had no effect")
        return document
    _verify(changed, wanted)
    return changed


def intended(tree: Any, edits: Sequence[Edit]) -> Any:
    """The tree after the edits, on plain data and without any text.

    Raises:
        ConfigError: an edit leads nowhere.
    """
    root = {"": copy.deepcopy(tree)}
    for edit in edits:
        if not edit.path and isinstance(edit.value, Deleted):
            raise ConfigError("The whole document cannot be deleted.")
        path: KeyPath = ("", *edit.path)
        box: Any = root
        for part, following in pairwise(path):
            if not _holds(box, part):
                if isinstance(edit.value, Deleted):
                    break
                _put(box, part, {} if isinstance(following, str) else [], edit.path)
            box = box[part]
        else:
            if not isinstance(edit.value, Deleted):
                _put(box, path[-1], copy.deepcopy(edit.value), edit.path)
            elif _holds(box, path[-1]):
                del box[path[-1]]
    return root[""]


def _holds(box: Any, part: str | int) -> bool:
    if isinstance(part, str):
        return isinstance(box, dict) and part in box
    return isinstance(box, list) and 0 <= part < len(box)


def _put(box: Any, part: str | int, value: Any, path: KeyPath) -> None:
    if isinstance(part, str) and isinstance(box, dict):
        box[part] = value
    elif isinstance(part, int) and isinstance(box, list) and 0 <= part <= len(box):
        box[part : part + 1] = [value]
    else:
        raise ConfigError(
            f"{dotted(path)} cannot be set: what stands above it is a {_kind(box)} that cannot hold it.",
            hint="Correct the config by hand first; nothing was changed.",
        )


def _kind(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "list" if isinstance(value, list) else "object"
    return "null" if value is None else type(value).__name__


def _verify(changed: Document, wanted: Any) -> None:
    import json5

    if not same(changed.value, wanted):
        raise _refused(changed, "the changed text does not hold the wanted values")
    try:
        read = json5.loads(changed.text)
    except (ValueError, RecursionError) as error:
        raise _refused(changed, f"the json5 library does not read the changed text ({error})") from None
    if not same(_plain_zeros(read), _plain_zeros(wanted)):
        raise _refused(changed, "the json5 library reads other values in the changed text")


def _refused(document: Document, reason: str) -> ConfigWriteError:
    return ConfigWriteError(
        f"{document.path}: the edit was not made: {reason}.",
        hint="Nothing was written. This is a fault of fased-litellm; make the change by hand, and please report it.",
    )


def _plain_zeros(value: Any) -> Any:
    """``value`` with 0 for each zero in it: the library reads ``-0`` as 0, which Node and this package do not."""
    if isinstance(value, dict):
        return {key: _plain_zeros(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list(map(_plain_zeros, value))
    return 0 if isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0 else value
