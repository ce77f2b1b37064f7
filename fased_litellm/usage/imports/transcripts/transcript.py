"""Read transcripts into chunks of calls and counts. Nothing is written here.

Chunks are made of plain values alone, for they may come from another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .. import redacted
from ..calls import Values
from ..prices import PriceTable
from . import fields
from .header import NONE, Header
from .jsonlines import Parse
from .messages import Messages, Names
from .reader import BadLine, Part, Reading, State, Unreadable
from .unpacking import opened

CALLS_PER_CHUNK = 10_000


class Chunk(NamedTuple):
    """A part of a file's content, in the file's order.

    Attributes:
        key: of the ``Part``.
        restarted: whether the file is read from its beginning.
        total: how many calls there are.
        calls: shape → values of calls.
        names, activity, tools: as in ``Messages``; names are all so far, the rest is that of this chunk.
        first_ms, last_ms, billed: as in ``Messages``.
        bad: lines that could not be read.
        header: of the file, where it is read from its beginning.
        copies: whether there were messages from before the session began.
        state: None as long as chunks of the same file follow.
        problem: why the file cannot be read to its end; nothing of the file counts then, and nothing follows.
    """

    key: int
    restarted: bool = False
    total: int = 0
    calls: Mapping[int, Values] = {}
    names: Sequence[Names] = ()
    activity: Mapping[int, Sequence[int]] = {}
    tools: Mapping[tuple[int, str], int] = {}
    first_ms: int | None = None
    last_ms: int | None = None
    billed: bool = False
    bad: Sequence[BadLine] = ()
    header: Header = NONE
    copies: bool = False
    state: State | None = None
    problem: str | None = None


def read_conversation(parts: Iterable[Part], prices: PriceTable, parse: Parse) -> Iterator[Chunk]:
    """Read the files of one conversation, oldest first, so that what several of them have is counted once."""
    seen: int | None = None
    for part in parts:
        if part.seen_until_ms is not None:
            seen = max(seen or 0, part.seen_until_ms)
        for chunk in read(part._replace(seen_until_ms=seen), prices, parse):
            yield chunk
            if chunk.last_ms is not None and chunk.state:
                seen = max(seen or 0, chunk.last_ms)


def read(part: Part, prices: PriceTable, parse: Parse) -> Iterator[Chunk]:
    """Read one file; a file that is gone meanwhile gives nothing."""
    try:
        reading = opened(part, parse)
    except FileNotFoundError:
        return
    except Unreadable as error:
        yield Chunk(part.key, problem=str(error))
        return
    try:
        yield from _chunks(reading, part, prices)
    except Unreadable as error:
        yield Chunk(part.key, problem=str(error))
    finally:
        reading.close()


def _chunks(reading: Reading, part: Part, prices: PriceTable) -> Iterator[Chunk]:
    seen = part.seen_until_ms if reading.restarted else None
    header = reading.header() if reading.restarted else NONE
    messages = Messages(prices, otherwise_ms=reading.mtime_ms, seen_until_ms=seen, began_ms=header.began_ms)
    for _ in reading.lines(messages.take, fields.decode):
        if len(messages.calls) >= CALLS_PER_CHUNK:
            yield _chunk(part.key, reading, messages, header)
    yield _chunk(part.key, reading, messages, header)


def _chunk(key: int, reading: Reading, messages: Messages, header: Header) -> Chunk:
    calls = {shape: values for shape, values in messages.calls.by_shape.items() if values}
    redacted.calls(calls)
    chunk = Chunk(
        key,
        reading.restarted,
        len(messages.calls),
        calls,
        messages.names,
        messages.activity,
        messages.tools,
        messages.first_ms,
        messages.last_ms,
        messages.billed,
        reading.bad,
        header,
        messages.copies,
        reading.state,
    )
    messages.clear()
    reading.bad = []
    return chunk
