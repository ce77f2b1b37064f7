"""A text to records: what belongs together in a log, a traceback, an HTTP answer or a JSON document.

Lines are taken one by one and what is kept of a record is bounded, so a log of any size needs no more memory than a small one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TextIO

Kind = Literal["line", "litellm", "traceback", "http", "json"]

_LONGEST_LINE = 64 * 1024
_LONGEST_RECORD = 64 * 1024
_MOST_LINES = 200

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What docker compose and Kubernetes put before a line.
_CARRIER = re.compile(r"^(?:[\w.-]{1,60} +\| |\S{1,40} (?:stdout|stderr) [FP] )")
_LITELLM = re.compile(r"LiteLLM(?: \w+)?:(?P<level>ERROR|WARNING|CRITICAL|INFO|DEBUG)\b")
_HEAD = re.compile(
    r"^(?:INFO|ERROR|WARNING|CRITICAL|DEBUG|TRACE):?\s|^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|^\d\d:\d\d:\d\d(?:[.,]\d+)? "
)
_TRACEBACK = "Traceback (most recent call last)"
_CHAIN = re.compile(r"^(?:During handling of the above exception|The above exception was the direct cause)")
_HEADER = re.compile(r"^(?:< )?[\w-]{1,80}:")
FRAME = re.compile(r'^\s+File "[^"]{1,500}", line \d{1,9}, in (?P<function>\w{1,200})')
_HTTP = re.compile(r"^(?:< )?HTTP/\d(?:\.\d)? \d{3}\b")


@dataclass(slots=True)
class LogRecord:
    """What belongs together.

    Attributes:
        kind: ``litellm`` for an entry of LiteLLM's log with all its lines; ``traceback`` without its frames, chained ones
            together; ``http`` for the head of an answer with its body; ``json`` for a document over several lines; else ``line``.
        line: number of its first line, from 1.
        lines: its lines, bounded.
        functions: those of the frames of a traceback, each once, bounded.
    """

    kind: Kind
    line: int
    lines: list[str] = field(default_factory=list)
    size: int = 0
    chained: bool = False
    functions: dict[str, None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def add(self, line: str) -> None:
        if self.kind in ("traceback", "litellm") and line[:1].isspace():
            frame = FRAME.match(line)
            if frame and len(self.functions) < _MOST_LINES:
                self.functions[frame["function"]] = None
            return
        if len(self.lines) < _MOST_LINES and self.size < _LONGEST_RECORD:
            self.lines.append(line)
            self.size += len(line) + 1


def records(lines: Iterable[str]) -> Iterator[LogRecord]:
    """The records of a text.

    Args:
        lines: its lines, with or without their line breaks.
    """
    record: LogRecord | None = None
    for number, raw in enumerate(lines, 1):
        line = _clean(raw)
        if record is not None and _belongs(line, record):
            record.add(line)
            record.chained = bool(_CHAIN.match(line)) or (record.chained and not line.strip())
            if record.kind == "json" and _closes(line, record):
                yield record
                record = None
            continue
        if record is not None:
            yield record
            record = None
        kind = _kind(line)
        if kind == "line":
            if line.strip():
                yield LogRecord("line", number, [line])
        else:
            record = LogRecord(kind, number, [line], len(line))
    if record is not None:
        yield record


def lines_of(stream: TextIO) -> Iterator[str]:
    """The lines of a stream. One without end comes in pieces, so that it is never in memory as a whole."""
    while piece := stream.readline(_LONGEST_LINE):
        yield piece


def level(record: LogRecord) -> str | None:
    """The level of an entry of LiteLLM's log."""
    found = _LITELLM.search(record.lines[0][:100])
    return found["level"] if found else None


def _clean(raw: str) -> str:
    line = raw[:_LONGEST_LINE].rstrip("\r\n")
    if "\x1b" in line:
        line = _COLOUR.sub("", line)
    return _CARRIER.sub("", line, count=1)


def _kind(line: str) -> Kind:
    if _TRACEBACK in line:
        return "traceback"
    if _LITELLM.search(line[:100]):
        return "litellm"
    if _HTTP.match(line):
        return "http"
    stripped = line.strip()
    if stripped in ("{", "[") or (stripped[:1] in ("{", "[") and not _balanced(stripped)):
        return "json"
    return "line"


def _belongs(line: str, record: LogRecord) -> bool:
    if record.kind == "json":
        return len(record.lines) < _MOST_LINES
    if _LITELLM.search(line[:100]) or _HEAD.match(line) or _HTTP.match(line):
        return False
    if record.kind == "traceback":
        return record.chained or _TRACEBACK not in line
    if record.kind == "http":
        return len(record.lines) < _MOST_LINES and _of_answer(line, record)
    return True


def _of_answer(line: str, record: LogRecord) -> bool:
    """Whether a line is one of an answer's head, or of its body, which a blank line parts from it."""
    if any(not before.strip("< ") for before in record.lines):
        return not line.startswith(("* ", "$ "))
    return not line.strip("< ") or _HEADER.match(line) is not None


def _closes(line: str, record: LogRecord) -> bool:
    """Whether a line ends a printed document: the closing bracket stands as far to the right as the opening one."""
    first = record.lines[0]
    indent = len(first) - len(first.lstrip())
    return line[:indent].isspace() * indent == indent and line[indent : indent + 1] in ("}", "]")


def _balanced(text: str) -> bool:
    """Whether as many brackets are closed as opened; those within texts are counted, too, which mostly does not matter."""
    return text.count("{") + text.count("[") <= text.count("}") + text.count("]")
