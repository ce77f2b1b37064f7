"""Edits brought to the files where the values are written: the config file, and what it includes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from . import includes
from .document import Document
from .edits import Edit, apply
from .includes import Included
from .json5.operations import Delete, Insert, Operation, steps
from .keypath import KeyPath, dotted
from .load import ConfigSnapshot

_ROUNDS = 8
"""An object may be merged of several files, and a key that goes from one then shows that of the next."""


def place(snapshot: ConfigSnapshot, edits: Sequence[Edit], wanted: Any) -> dict[Path, Document]:
    """Make edits, each in the file where its value is written.

    Args:
        snapshot: the config as it was read.
        edits: what is wanted, with paths in ``snapshot.source``.
        wanted: ``snapshot.source`` after the edits.

    Returns:
        The new documents, of the files that change.

    Raises:
        ConfigError: an edit leads nowhere, or no change of the files would bring it about.
        ConfigWriteError: the verification of a new text failed.
    """
    start = snapshot.document or Document.empty(path=str(snapshot.path))
    if not snapshot.included:
        return {snapshot.path: apply(start, edits)}
    if any(includes.KEY in edit.path or includes.has_include(edit.value) for edit in edits):
        return {snapshot.path: apply(start, [_in_config(snapshot, edit) for edit in edits])}
    return _spread(snapshot, start, wanted)


def _in_config(snapshot: ConfigSnapshot, edit: Edit) -> Edit:
    """An edit that writes an ``$include``, with its path in the config file itself."""
    written = snapshot.written_at(edit.path)
    files = {written.file, *(at.file for path, at in snapshot.included.items() if path[: len(edit.path)] == edit.path)}
    if files != {snapshot.path}:
        raise _by_hand(edit.path, files - {snapshot.path})
    return Edit(written.path, edit.value)


def _spread(snapshot: ConfigSnapshot, start: Document, wanted: Any) -> dict[Path, Document]:
    """Change the files until what they make together is what is wanted."""
    before = {file: Document.parse(text, path=str(file)) for file, text in snapshot.texts.items()}
    before[snapshot.path] = start
    now, origins = dict(before), snapshot.included
    todo = list(steps(snapshot.source, wanted))
    for _ in range(_ROUNDS):
        now.update(_made(now, todo, origins))
        found = includes.resolve(now[snapshot.path].value, snapshot.path, lambda _, file: now[file].value)
        origins, todo = found.origins, list(steps(found.value, wanted))
        if not todo:
            return {file: document for file, document in now.items() if document is not before[file]}
    place = todo[0].path
    files = {written.file for path, written in origins.items() if path[: len(place)] == place}
    raise _by_hand(place, files)


def _made(
    documents: Mapping[Path, Document], todo: Sequence[Operation], origins: Mapping[KeyPath, Included]
) -> dict[Path, Document]:
    """The documents after the steps, where these reach."""
    trees: dict[Path, Any] = {}
    for step in todo:
        written, before = _target(step, origins)
        if written.file not in trees:
            trees[written.file] = {"": copy.deepcopy(documents[written.file].value)}
        box: Any = trees[written.file]
        *above, last = ("", *written.path)
        for part in above:
            box = box[part]
        if isinstance(step, Delete):
            del box[last]
        elif not isinstance(step, Insert):
            box[last] = copy.deepcopy(step.value)
        elif before:
            box[last:last] = [copy.deepcopy(item) for _, item in step.items]
        elif isinstance(box[last], dict):
            box[last].update({key: copy.deepcopy(item) for key, item in step.items})
        else:
            box[last] += [copy.deepcopy(item) for _, item in step.items]
    return {file: apply(documents[file], [Edit((), tree[""])]) for file, tree in trees.items()}


def _target(step: Operation, origins: Mapping[KeyPath, Included]) -> tuple[Included, bool]:
    """Where a step is to be made, and whether its items go before the element there.

    The paths of the steps hold while they are made, and so do these: arrays are changed from their end, in each file too.
    """
    if isinstance(step, Insert) and step.index is not None and (*step.path, step.index) in origins:
        place = (*step.path, step.index)
        before = True
    else:
        place, before = step.path, False
    written = origins[place]
    if not written.path and (before or isinstance(step, Delete)):
        raise _by_hand(place, {written.file})  # a file as a whole stands for an element or a key
    return written, before


def _by_hand(path: KeyPath, files: set[Path]) -> ConfigError:
    names = ", ".join(sorted(map(str, files)))
    return ConfigError(
        f"{dotted(path) or '<root>'} is put together from included files ({names}) in a way that this change cannot follow.",
        hint="Edit the files by hand; nothing was changed.",
    )
