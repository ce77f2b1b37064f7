"""Read many transcripts: here, or in as many processes as there are processors."""

from __future__ import annotations

import os
import select
from collections.abc import Generator, Iterable, Iterator, Sequence

from .jsonlines import Parse, chosen, fast
from .prices import PriceTable, Written
from .reading import Part
from .transcript import Chunk, read_conversation
from .worker import MOST_WAITING, Worker, encoded

WORTH_IT = 24 * 1024 * 1024
"""So many bytes are worth starting processes for."""
MOST_WORKERS = 4
_AT_ONCE = 2
"""A worker has so many tasks, so that it need not wait for the next one."""
_MOST_BYTES = MOST_WAITING // _AT_ONCE
_TASK_SIZE = 4 * 1024 * 1024

Conversation = Sequence[Part]
"""The files of one conversation, oldest first."""


def read(
    conversations: Sequence[tuple[Conversation, int]], prices: Written, *, workers: int | None = None
) -> Generator[Chunk, None, None]:
    """Read conversations. The chunks of a file come one after the other.

    Args:
        conversations: with the number of bytes of each.
        workers: how many processes; by default none for little, else one for each processor.

    Raises:
        WorkerDied: a process ended before its work did.
        OSError: none can be started.
    """
    size = sum(size for _, size in conversations)
    if workers is None:
        workers = min(MOST_WORKERS, _processors()) if size >= WORTH_IT else 0
    if workers:
        yield from _elsewhere(conversations, prices, workers)
    else:
        yield from _here((parts for parts, _ in conversations), PriceTable(prices), chosen(size))


def _here(conversations: Iterable[Conversation], prices: PriceTable, parse: Parse) -> Iterator[Chunk]:
    for parts in conversations:
        yield from read_conversation(parts, prices, parse)


def _elsewhere(conversations: Sequence[tuple[Conversation, int]], prices: Written, count: int) -> Iterator[Chunk]:
    left: list[Conversation] = []
    tasks = _tasks(conversations, left)
    workers: list[Worker] = []
    try:
        while len(workers) < count:
            workers.append(Worker(prices))
        for worker in workers * _AT_ONCE:
            _give(worker, tasks)
        while busy := [worker for worker in workers if worker.tasks]:
            for worker in select.select(busy, [], [])[0]:
                yield from worker.chunks()
                _give(worker, tasks)
    finally:
        for worker in workers:
            worker.close()
    yield from _here(left, PriceTable(prices), fast())


def _give(worker: Worker, tasks: Iterator[bytes]) -> None:
    task = next(tasks, None)
    if task is not None:
        worker.give(task)


def _tasks(conversations: Iterable[tuple[Conversation, int]], left: list[Conversation]) -> Iterator[bytes]:
    """Tasks of a few megabytes; what would be too long to be told to a worker is added to ``left``."""
    task: list[bytes] = []
    told = read = 0
    for parts, size in conversations:
        line = encoded(parts).rstrip(b"\n")
        if len(line) > _MOST_BYTES - 16:
            left.append(parts)
            continue
        if task and (told + len(line) > _MOST_BYTES - 16 or read + size > _TASK_SIZE):
            yield b"[" + b",".join(task) + b"]\n"
            task, told, read = [], 0, 0
        task.append(line)
        told += len(line) + 1
        read += size
    if task:
        yield b"[" + b",".join(task) + b"]\n"


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
