"""The beginning of a transcript: when the session began, which one it continues, and what it is called, if that is said.

Facts about the coding agent that Fased runs: ``SessionHeader`` of its session manager. A session that is forked, branched
or rotated after a compaction gets a file with a header of its own, the time of that moment, and ``parentSession``; the
messages copied into it keep their ids and times. Fased begins what it asks for a task with ``[task:<id> <name>]``, its
upstream with ``[cron:<id> <name>]``: their ``src/cron/isolated-agent/run.ts``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ....redaction import hide_known
from ..files import conversation_name, plain
from ..redacted import distinct
from . import damaged
from .blocks import Lines
from .jsonlines import Parse, value
from .numbers import LAST_MS, moment, text

LONGEST = 64 * 1024
"""A longer first line is no header."""
_FIRST_READ = 4096

_TASK = re.compile(rb'":\s*"\[(?:task|cron):([\w-]{1,64}) ')


class Header(NamedTuple):
    """What a transcript begins with.

    Attributes:
        began_ms: when the session began; None if that is not said.
        parent: the name of the conversation which this one continues; '' for none.
        summed_up: whether it continues that after a compaction, under the same key: the compaction is what came last before
            the session began. Of a fork, that is a message.
        task: whose run it is; '' for none.
        names: fields as of an entry of a store, with ``sessionKey``; empty where nothing is said.
    """

    began_ms: int | None = None
    parent: str = ""
    summed_up: bool = False
    task: str = ""
    names: Mapping[str, Any] = {}

    @property
    def copied_until_ms(self) -> int | None:
        """Messages before this time may be copies of another session's; None where there are none.

        A file whose header has a parent but no time may consist of nothing else.
        """
        return LAST_MS if self.began_ms is None and self.parent else self.began_ms


NONE = Header()


def read(descriptor: int, parse: Parse) -> Header:
    """What a transcript begins with; ``NONE`` where that is nothing of the kind.

    Raises:
        OSError: it cannot be read.
    """
    head = os.pread(descriptor, _FIRST_READ, 0)
    if b"\n" not in head:
        head = os.pread(descriptor, LONGEST, 0)
    first = head.partition(b"\n")[0]
    found = NONE
    if b'"session"' in first:
        try:
            found = of(value(first, parse))
        except ValueError as error:
            found = next((of(entry) for entry, _ in damaged.read(first, str(error)).entries), NONE)
    asked = head.find(b'"assistant"')  # up to the first reply
    if head.find(b'"[task:', 0, asked) > 0 or head.find(b'"[cron:', 0, asked) > 0:
        task = _TASK.search(head, 0, len(head) if asked < 0 else asked)
        found = found._replace(task=hide_known(task[1].decode().lower())) if task else found
    if found.parent and found.began_ms is not None:
        found = found._replace(summed_up=_summed_up(descriptor, found.began_ms, parse))
    return found


def _summed_up(descriptor: int, began_ms: int, parse: Parse) -> bool:
    last = None
    for lines in Lines(descriptor, 0, 0, os.fstat(descriptor).st_size, block=_FIRST_READ * 16):
        for line in lines[0 if last else 1 :]:
            try:
                entry = value(line or b"", parse)
            except ValueError:
                continue
            if type(entry) is dict and (moment(entry.get("timestamp")) or 0) > began_ms:
                return last == "compaction"
            last = entry.get("type") if type(entry) is dict else last
    return last == "compaction"


def of(entry: Any) -> Header:
    """What a line says, if it is a header."""
    if type(entry) is not dict or entry.get("type") != "session":
        return NONE
    began_ms = moment(entry.get("timestamp"))
    if "parentSession" not in entry and "sessionKey" not in entry:
        return Header(began_ms)
    parent = entry.get("parentSession")
    parent = plain(parent.strip()).replace("\\", "/").rpartition("/")[2] if type(parent) is str else ""
    named = conversation_name(parent)
    return Header(
        began_ms,
        distinct(named[0] if named else parent)[:255],
        names={name: entry[name] for name in _NAMES if name in entry} if text(entry.get("sessionKey")) else {},
    )


_NAMES = ("sessionKey", "channel", "origin", "label", "chatType")
