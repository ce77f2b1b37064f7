"""A text to the failures in it, each once, with how often it is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Annotated, Any

from ...documents import Count, Doc, Number, TypedDict
from ...errors import Origin
from ...proxy.failures import strip_router_text
from .evidence import Evidence, evidence_in
from .records import records

_MOST = 200
"""Different failures that are told apart; a log with more is a log of something else."""
_SHORT = 20
"""Lines of a text that is taken for a copied error rather than a log."""

_VARYING = re.compile(r"[0-9a-f]{8,}|\d+(?:\.\d+)?|['\"`]", re.IGNORECASE)


class FailurePart(TypedDict):
    """One failure that the text tells of."""

    cause: str
    origin: Origin
    remedy: str
    status: Annotated[int | None, Doc("HTTP status; null if the text does not tell.")]
    type: Annotated[str | None, Doc("error.type; null if the text does not tell.")]
    message: str
    count: Annotated[Number, Doc("How often it happened.")]
    line: Annotated[Number, Doc("Where it is first.")]


class ExplainResult(TypedDict):
    """The document of ``fased litellm explain --json``."""

    failures: Annotated[list[FailurePart], Doc("Empty if nothing was recognised; the command then ends with 1.")]
    lines: Annotated[Count, Doc("Lines read.")]
    more: Annotated[Count, Doc("Appearances of further failures, for which there was no room.")]


@dataclass(frozen=True, slots=True)
class Explained:
    """One failure.

    Attributes:
        cause, origin, remedy: the verdict.
        message: the words of its first appearance, shortened, without secrets.
        status: HTTP status, None if the text does not tell.
        type: ``error.type``, None if the text does not tell.
        count: how often it happened. A failure that left several marks, in the log of the router and of the web server, counts once.
        line: where it is first, from 1.
    """

    cause: str
    origin: Origin
    remedy: str
    message: str
    status: int | None
    type: str | None
    count: int
    line: int

    def as_dict(self) -> FailurePart:
        return {
            "cause": self.cause,
            "origin": self.origin,
            "remedy": self.remedy,
            "status": self.status,
            "type": self.type,
            "message": self.message,
            "count": self.count,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of them: the most frequent first, then in their order.

    Attributes:
        failures: what was recognised.
        lines: lines read.
        more: appearances of further failures, for which there was no room.
    """

    failures: tuple[Explained, ...]
    lines: int
    more: int = 0

    def as_dict(self) -> ExplainResult:
        """The JSON document."""
        return {"failures": [failure.as_dict() for failure in self.failures], "lines": self.lines, "more": self.more}


@dataclass(slots=True)
class _Tally:
    first: Evidence
    line: int
    status: int | None
    type: str | None
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, evidence: Evidence) -> None:
        self.status = self.status or evidence.status
        self.type = self.type or evidence.type
        self.counts[evidence.source] = self.counts.get(evidence.source, 0) + 1


class _Counted:
    """Lines on their way, counted."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines, self.count = lines, 0

    def __iter__(self) -> Any:
        for line in self.lines:
            self.count += 1
            yield line


def explain(lines: Iterable[str]) -> Explanation:
    """Find the failures in a text.

    Args:
        lines: its lines; they are read once and not kept, so that a log may be of any size.
    """
    counted = _Counted(lines)
    source = iter(counted)
    beginning = list(islice(source, _SHORT + 1))
    alone = len(beginning) <= _SHORT
    tallies: dict[tuple[str, str], _Tally] = {}
    more = 0
    for record in records(chain(beginning, source)):
        for evidence in evidence_in(record, alone=alone):
            key = (evidence.cause, _form(evidence.message)) if not evidence.bare else (evidence.cause, "")
            tally = tallies.get(key)
            if tally is None:
                if len(tallies) >= _MOST:
                    more += 1
                    continue
                tally = tallies[key] = _Tally(evidence, record.line, evidence.status, evidence.type)
            tally.add(evidence)
    told = [tally for tally in tallies.values() if not tally.first.bare]
    statuses = {status for tally in told for status in (tally.status, *tally.first.statuses)}
    causes = {tally.first.cause for tally in told}
    failures = [
        _explained(tally)
        for tally in tallies.values()
        # The web server's line says again, in a number, what another one said in words.
        if not (tally.first.bare and (tally.status in statuses or tally.first.cause in causes))
    ]
    return Explanation(tuple(sorted(failures, key=lambda failure: -failure.count)), counted.count, more)


def _explained(tally: _Tally) -> Explained:
    first = tally.first
    count = max(tally.counts.values())
    return Explained(
        first.cause, first.origin, first.remedy, first.message, tally.status, tally.type, count, tally.line
    )


def _form(message: str) -> str:
    """A message without what differs from one time to the next: numbers, ids, quotes."""
    said = strip_router_text(message).partition(" Requester IP Address")[0]
    return _VARYING.sub("#", said[:200]).casefold()
