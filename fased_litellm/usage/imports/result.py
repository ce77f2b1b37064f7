"""What an import did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from ...documents import Count, Doc, Number, TypedDict

MOST_TOLD = 10
"""So many bad lines are shown to people one by one."""


class Bad(NamedTuple):
    """A line that could not be read.

    Attributes:
        file: its file.
        line: its number, from 1.
        position: where it begins, in bytes.
        problem: what is wrong with it.
    """

    file: str
    line: int
    position: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


class FoundFiles(TypedDict):
    """Transcripts, session stores and task logs."""

    found: Count
    read: Annotated[Count, Doc("New, or changed since the last import.")]
    moved: Annotated[Count, Doc("Under another name than at the last import.")]
    gone: Annotated[Count, Doc("No longer there; what was read from them stays.")]


class ImportedCalls(TypedDict):
    """What became of calls."""

    added: Count
    replaced: Annotated[Count, Doc("Their numbers are others now.")]
    covered: Annotated[Count, Doc("Task runs and counters that gave way to a transcript.")]
    copies: Annotated[
        Count,
        Doc("They are in several transcripts, as a session was forked or continued in another file: each counts once."),
    ]
    renamed: Annotated[Count, Doc("Their session has another key now.")]


class BadLine(TypedDict):
    """A line that could not be read."""

    file: str
    line: Number
    position: Annotated[Count, Doc("Where it begins, in bytes.")]
    problem: str


class BadLines(TypedDict):
    """The bad lines of all files that are there, also of earlier imports."""

    count: Count
    lines: Annotated[list[BadLine], Doc("The first thousand of each file.")]


class Unreadable(TypedDict):
    """A file that could not be read."""

    file: str
    problem: str


class UsageImportDocument(TypedDict):
    """The document of ``fased usage import --json``."""

    files: FoundFiles
    bytesRead: Count
    calls: ImportedCalls
    badLines: BadLines
    unreadable: list[Unreadable]
    notes: list[str]


@dataclass(slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        files: how many there are; ``read``, ``moved`` and ``gone`` of them were read, renamed and taken away since the
            last time.
        bytes_read: about how many bytes were read.
        added, replaced: calls that are new, and those whose numbers are others now.
        superseded: task runs and counters that gave way to transcripts.
        copies: calls that do not count (any more), since another session's transcript has them, too.
        renamed: calls whose session has another key now.
        bad_lines: all lines of the known files that cannot be read, and the first thousand of each file.
        fresh_bad_lines, fresh_bad: bad lines that this import found first: how many, and the first ten.
        unreadable: files that cannot be read, with the reason.
        notes: what else there is to say.
        busy: another import was at work, and nothing was done.
    """

    files: int = 0
    read: int = 0
    moved: int = 0
    gone: int = 0
    bytes_read: int = 0
    added: int = 0
    replaced: int = 0
    superseded: int = 0
    copies: int = 0
    renamed: int = 0
    bad_lines: int = 0
    bad: list[Bad] = field(default_factory=list)
    fresh_bad_lines: int = 0
    fresh_bad: list[Bad] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    busy: bool = False

    def as_dict(self) -> UsageImportDocument:
        """The document of ``fased usage import --json``."""
        return {
            "files": {"found": self.files, "read": self.read, "moved": self.moved, "gone": self.gone},
            "bytesRead": self.bytes_read,
            "calls": {
                "added": self.added,
                "replaced": self.replaced,
                "covered": self.superseded,
                "copies": self.copies,
                "renamed": self.renamed,
            },
            "badLines": {
                "count": self.bad_lines,
                "lines": [
                    {"file": bad.file, "line": bad.line, "position": bad.position, "problem": bad.problem}
                    for bad in self.bad
                ],
            },
            "unreadable": [{"file": file, "problem": problem} for file, problem in self.unreadable],
            "notes": list(self.notes),
        }
