"""The first line of a transcript, which says when the session began and which one it continues.

Facts about the coding agent that Fased runs: ``SessionHeader`` of its session manager. A session that is forked, branched
or rotated after a compaction gets a file with a header of its own, the time of that moment, and ``parentSession``; the
messages copied into it keep their ids and times.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from . import damaged
from .jsonlines import Parse, value
from .numbers import LAST_MS, moment, text

LONGEST = 64 * 1024
"""A longer first line is no header."""
_FIRST_READ = 1024


class Header(NamedTuple):
    """What a header says.

    Attributes:
        began_ms: when the session began; None if that is not said.
        parent: file name of the session which this one continues, without its folder; '' for none.
    """

    began_ms: int | None = None
    parent: str = ""

    @property
    def copied_until_ms(self) -> int | None:
        """Messages before this time may be copies of another session's; None where there are none.

        A file whose header has a parent but no time may consist of nothing else.
        """
        return LAST_MS if self.began_ms is None and self.parent else self.began_ms


NONE = Header()


def read(descriptor: int, parse: Parse) -> Header:
    """The header of a transcript; ``NONE`` for one that does not begin with any.

    Raises:
        OSError: it cannot be read.
    """
    line = os.pread(descriptor, _FIRST_READ, 0)
    if b"\n" not in line:
        line = os.pread(descriptor, LONGEST, 0)
    first = line.partition(b"\n")[0]
    if b'"session"' not in first:
        return NONE
    try:
        return of(value(first, parse))
    except ValueError as error:
        return next((of(entry) for entry, _ in damaged.read(first, str(error)).entries), NONE)


def of(entry: Any) -> Header:
    """What a line says, if it is a header."""
    if type(entry) is not dict or entry.get("type") != "session":
        return NONE
    parent = text(entry.get("parentSession")) or ""
    return Header(moment(entry.get("timestamp")), parent.replace("\\", "/").rpartition("/")[2])
