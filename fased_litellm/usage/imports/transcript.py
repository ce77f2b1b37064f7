"""Read transcripts into chunks of calls and counts. Nothing is written here.

Chunks are made of plain values alone, for they may come from another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .jsonlines import Parse
from .messages import Call, Messages, Names
from .prices import PriceTable
from .reading import BadLine, Part, Reading, State, Unreadable

CALLS_PER_CHUNK = 10_000


class Chunk(NamedTuple):
    """A part of a file's content, in the file's order.

    Attributes:
        key: of the ``Part``.
        restarted: whether the file is read from its beginning.
        calls: shape → calls.
        names, activity, tools: as in ``Messages``; names are all so far, the rest is that of this chunk.
        first_ms, last_ms, billed: as in ``Messages``.
        bad: lines that could not be read.
        state: None as long as chunks of the same file follow.
        problem: why the file cannot be read to its end; nothing of the file counts then, and nothing follows.
    """

    key: int
    restarted: bool = False
    calls: Mapping[int, Sequence[Call]] = {}
    names: Sequence[Names] = ()
    activity: Mapping[int, Sequence[int]] = {}
    tools: Mapping[tuple[int, str], int] = {}
    first_ms: int | None = None
    last_ms: int | None = None
    billed: bool = False
    bad: Sequence[BadLine] = ()
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
        reading = Reading(part, parse)
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
    messages = Messages(prices, otherwise_ms=reading.mtime_ms, seen_until_ms=seen)
    for _ in reading.lines(messages.take):
        if len(messages) >= CALLS_PER_CHUNK:
            yield _chunk(part.key, reading, messages)
    yield _chunk(part.key, reading, messages)


def _chunk(key: int, reading: Reading, messages: Messages) -> Chunk:
    chunk = Chunk(
        key,
        reading.restarted,
        {shape: list(calls.values()) for shape, calls in messages.calls.items()},
        messages.names,
        messages.activity,
        messages.tools,
        messages.first_ms,
        messages.last_ms,
        messages.billed,
        reading.bad,
        reading.state,
    )
    messages.clear()
    reading.bad = []
    return chunk
