"""The markers in a page, and the parts between them. Pure.

==============================  ==============================================================================
``<!-- generated: NAME -->``    until ``<!-- end -->``: a table or list read from the code (``reference``)
``<!-- run: COMMAND -->``       until ``<!-- end -->``: the command and what it printed; ``run 1:`` if it has to end with 1
``<!-- setup: COMMAND -->``     run, and not shown
``<!-- file: PATH -->``         the fenced block that follows is written to this file before the next command
``<!-- proxy -->``              the page's commands find a mock proxy running, and its key in ``LITELLM_API_KEY``
==============================  ==============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["generated", "run", "setup", "file", "proxy"]
END = "<!-- end -->"
_MARKER = re.compile(r"<!-- (?P<kind>[a-z]+)(?: (?P<status>\d+))?(?:: (?P<argument>.+))? -->")
_FENCE = re.compile(r"(?P<ticks>`{3,})\w*")


class MarkerError(Exception):
    """A page has a marker that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker of a page.

    Attributes:
        kind: what it asks for.
        argument: name, command or path; empty for ``proxy``.
        status: the exit status that the command has to have.
        line: its line, from 0.
        end: for ``generated`` and ``run``: the line of ``<!-- end -->``; for ``file``: the line behind the fence; else ``line``.
        body: the text between, without the line break at its end.
    """

    kind: Kind
    argument: str
    status: int
    line: int
    end: int
    body: str


def find(text: str) -> list[Marker]:
    """The markers of a page, in order. Those inside fenced blocks are text.

    Raises:
        MarkerError: a marker is unknown, or not ended.
    """
    lines = text.split("\n")
    found: list[Marker] = []
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence:
            at = _closing(lines, at, fence["ticks"]) + 1
            continue
        if lines[at] == END:
            raise MarkerError(f"line {at + 1}: nothing begins that ends here")
        match = _MARKER.fullmatch(lines[at])
        if match:
            marker = _marker(lines, at, match)
            found.append(marker)
            at = marker.end
        at += 1
    return found


def fill(text: str, bodies: Mapping[int, str]) -> str:
    """The page with new texts between its markers.

    Args:
        text: the page.
        bodies: line of a marker → the text that is to stand between it and its end.
    """
    lines = text.split("\n")
    for marker in reversed(find(text)):
        if marker.line in bodies:
            lines[marker.line + 1 : marker.end] = bodies[marker.line].split("\n")
    return "\n".join(lines)


def console(command: str, output: str) -> str:
    """A command and its output as a fenced block."""
    shown = output.rstrip("\n")
    ticks = "```"
    while ticks in shown:
        ticks += "`"
    return "\n".join([f"{ticks}console", f"$ {command}", *([shown] if shown else []), ticks])


def _marker(lines: list[str], at: int, match: re.Match[str]) -> Marker:
    kind, argument = match["kind"], match["argument"] or ""
    if kind not in get_args(Kind) or (not argument and kind != "proxy"):
        raise MarkerError(f"line {at + 1}: unknown marker {match[0]}")
    status = int(match["status"] or 0)
    if kind == "file":
        fence = _FENCE.match(lines[at + 1]) if at + 1 < len(lines) else None
        if fence is None:
            raise MarkerError(f"line {at + 1}: no fenced block follows {match[0]}")
        end = _closing(lines, at + 1, fence["ticks"])
        return Marker("file", argument, status, at, end, "\n".join(lines[at + 2 : end]))
    if kind in ("generated", "run"):
        end = _end(lines, at)
        return Marker(
            "run" if kind == "run" else "generated", argument, status, at, end, "\n".join(lines[at + 1 : end])
        )
    return Marker("setup" if kind == "setup" else "proxy", argument, status, at, at, "")


def _end(lines: list[str], begin: int) -> int:
    for at in range(begin + 1, len(lines)):
        if lines[at] == END:
            return at
        if _MARKER.fullmatch(lines[at]):
            break
    raise MarkerError(f"line {begin + 1}: {lines[begin]} has no {END}")


def _closing(lines: list[str], begin: int, ticks: str) -> int:
    for at in range(begin + 1, len(lines)):
        if lines[at].startswith(ticks) and not lines[at].strip("` "):
            return at
    raise MarkerError(f"line {begin + 1}: the fenced block does not end")
