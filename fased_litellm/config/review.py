"""A change as people read it: a unified diff in which no secret stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .document import Document
from .keypath import KeyPath

REDACTED = "__FASED_REDACTED__"
"""Fact: Fased's ``src/config/redact-snapshot.ts`` puts this in the place of a secret."""

_SENSITIVE = re.compile(r"token$|password|secret|api[-_ ]?key|serviceaccount|authorization|cookie", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[A-Z_][A-Z0-9_]*\}")


def masked(document: Document, *, before: Document | None = None) -> str:
    """The text with each secret replaced; one that differs from ``before`` is marked, so that a diff shows that it changed."""
    for path, value in list(_secrets(document.value, ())):
        changed = before is not None and before.get(path) != value
        document = document.set(path, f"{REDACTED} (new)" if changed else REDACTED)
    return document.text


def diff(before: Document | None, after: Document | None, name: str) -> str:
    """The difference between two documents, secrets masked; empty if there is none.

    Args:
        before: None where there was no file.
        after: the new document; None where nothing is to be written.
        name: the name of the file.
    """
    import difflib

    if after is None:
        return ""
    old = masked(before) if before is not None else ""
    new = masked(after, before=before)
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _secrets(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and _SENSITIVE.search(key) and not _REFERENCE.fullmatch(item):
                yield (*path, key), item
            else:
                yield from _secrets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, (*path, index))
