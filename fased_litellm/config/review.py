"""A change as people read it: a unified diff in which no secret stands."""

from __future__ import annotations

from .document import Document
from .redacted import SENTINEL, secrets_in


def masked(document: Document, *, before: Document | None = None) -> str:
    """The text with each secret replaced; one that differs from ``before`` is marked, so that a diff shows that it changed."""
    for path, value in list(secrets_in(document.value)):
        changed = before is not None and before.get(path) != value
        document = document.set(path, f"{SENTINEL} (new)" if changed else SENTINEL)
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
