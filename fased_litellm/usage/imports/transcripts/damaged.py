"""What can be read of a damaged line: a power failure leaves NUL bytes, a program that was killed half a line before the next."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

MOST_ATTEMPTS = 10_000
"""So many places of a line are tried; more braces are no line that was once whole."""

_LENIENT = json.JSONDecoder(strict=False)


class Found(NamedTuple):
    """What could be read.

    Attributes:
        entries: each with the text it was read from.
        problem: what could not be read; None where that is nothing.
    """

    entries: list[tuple[dict[str, Any], bytes]]
    problem: str | None


def read(line: bytes, problem: str) -> Found:
    """The entries in a line which is not one of JSON as a whole.

    Args:
        line: it.
        problem: what is wrong with it as a whole.
    """
    text = line.decode("utf-8", "replace").lstrip("\x00\ufeff")
    entries: list[tuple[dict[str, Any], bytes]] = []
    at = done = 0
    lost = False
    for _ in range(MOST_ATTEMPTS):
        begin = text.find("{", at)
        if begin < 0:
            break
        entry, at = _decoded(text, begin)
        if entry is not None and _is_entry(entry):
            lost |= _rescue(text[done:begin], entries)
            entries.append((entry, _bytes(text[begin:at])))
            done = at
    lost |= _rescue(text[done:], entries)
    nuls = line.count(b"\0")
    if not entries or not (lost or nuls):
        return Found(entries, None if entries else problem)
    if nuls:
        problem = f"{nuls:,} NUL byte{'s' if nuls > 1 else ''}"
    return Found(entries, f"{problem}; what can be read of it counts")


def _decoded(text: str, begin: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins there, and where it ends; None, and where to look on."""
    try:
        entry, end = _LENIENT.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None, begin + 1
    return entry, end


def _rescue(text: str, entries: list[tuple[dict[str, Any], bytes]]) -> bool:
    """Add a line that broke off, if its usage is whole; whether there is anything but space."""
    text = text.strip("\x00 \t\r\n")
    begin = text.find("{")
    if begin >= 0:
        from pydantic_core import from_json

        part = _bytes(text[begin:])
        try:
            entry = from_json(part, allow_partial=True)
        except ValueError:
            return True
        message = entry.get("message") if type(entry) is dict else None
        # What follows in a message shows that its usage had come to its end.
        if type(message) is dict and type(message.get("usage")) is dict and [*message][-1] != "usage":
            entries.append((entry, part))
    return bool(text)


def _is_entry(entry: dict[str, Any]) -> bool:
    """Whether it is a line, and not a part of one; nor one whose numbers may have been torn apart by NUL bytes."""
    message = entry.get("message")
    if type(message) is dict:
        usage = message.get("usage")
        return type(usage) is not dict or not any("\x00" in name for name in usage)
    return ("jobId" in entry and "action" in entry) or (type(entry.get("type")) is str and "timestamp" in entry)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
