"""Read many conversations in: here, or in as many processes as there are processors."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...redaction import known
from ..store.ledger import Ledger
from .job import Done, Job, range_of, read_in, size_of
from .prefetch import Range, prefetch
from .prices import Known, PriceTable
from .transcripts.jsonlines import chosen, fast

if TYPE_CHECKING:
    from .worker import Worker
    from .write_lock import WriteLock

WORTH_IT = 24 * 1024 * 1024
"""So many bytes are worth starting processes for."""
MOST_WORKERS = 3
"""More would wait for each other: one of them writes at a time, which takes a third of the time."""
_CALLS = 72_000
"""So many calls the workers hold before they write, all of them together. More would take more memory. With less, each would
read again more often what others have changed, and write more of it twice."""
_CACHE_KIB = 28 * 1024
"""Of all workers together, so that more of them do not take more memory."""
_AT_ONCE = 2
"""A worker is handed so many tasks, so that it need not wait for the next one."""
_MOST_BYTES = 24 * 1024
"""What waits in a pipe must not be more than it holds, else both sides could wait for each other."""
_TASK_SIZE = 4 * 1024 * 1024
_LOAD = Path("/proc/loadavg")


class Pool:
    """Processes that read conversations in; they start at once. A context manager, which ends them.

    Args:
        ledger: where to.
        size: how many bytes there will be to read.
        prices: those of the config, and of the proxies.
        lock: descriptor of the lock of imports.
        workers: how many processes; by default one for each processor that is idle, and none for little, or where fewer than
            two are: they would take more of the processors' time, and be done no sooner.

    Raises:
        OSError: none can be started.
    """

    def __init__(self, ledger: Ledger, size: int, prices: Known, lock: int, *, workers: int | None = None) -> None:
        self._ledger = ledger
        self._size = size
        self._prices = prices
        self._workers: list[Worker] = []
        self._write_lock: WriteLock | None = None
        if workers is None:
            workers = min(MOST_WORKERS, idle_processors()) if size >= WORTH_IT else 0
            workers = workers if workers > 1 else 0
        try:
            if workers:
                from .worker import Setting, Worker  # with `subprocess` and more, of which most imports need nothing
                from .write_lock import WriteLock

                self._write_lock = WriteLock.make()
                setting = Setting(ledger.path, prices, _CALLS // workers, _CACHE_KIB // workers, known())
                while len(self._workers) < workers:
                    self._workers.append(Worker(setting, lock, self._write_lock))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Read conversations in.

        Yields:
            What was done since the last time.

        Raises:
            LedgerError: they cannot be written.
            WorkerDied: a process ended before its work did.
        """
        if not self._workers:
            yield from read_in(self._ledger, jobs, PriceTable(*self._prices), chosen(self._size))
            return
        import select

        from .worker import READY

        left: list[Job] = []
        tasks = _tasks(jobs, left)
        for worker in self._workers * _AT_ONCE:
            _give(worker, tasks)
        while busy := [worker for worker in self._workers if not worker.done]:
            for worker in select.select(busy, [], [])[0]:
                answer = worker.answer()
                if isinstance(answer, Done):
                    yield answer
                elif answer == READY:
                    _give(worker, tasks)
        yield from read_in(self._ledger, left, PriceTable(*self._prices), fast())

    def _end(self) -> None:
        for worker in self._workers:
            worker.close()
        if self._write_lock:
            self._write_lock.close()


def _give(worker: Worker, tasks: Iterator[bytes]) -> None:
    task = next(tasks, None)
    if task is None:
        worker.finish()
    else:
        worker.give(task)


def _tasks(jobs: Iterable[Job], left: list[Job]) -> Iterator[bytes]:
    """Tasks of a few megabytes; a job that would be too long to be told to a worker is added to ``left``.

    A task waits until a worker is done with the one before. Meanwhile, its files are read into the system's cache.
    """
    from .worker import encoded, packed

    task: list[bytes] = []
    ranges: list[Range] = []
    told = read = 0
    for job in jobs:
        data, size = packed(job), sum(map(size_of, job))
        if len(data) > _MOST_BYTES:
            left.append(job)
            continue
        if task and (told + len(data) > _MOST_BYTES or read + size > _TASK_SIZE):
            prefetch(ranges)
            yield encoded(task)
            task, ranges, told, read = [], [], 0, 0
        task.append(data)
        ranges += map(range_of, job)
        told += len(data)
        read += size
    if task:
        prefetch(ranges)
        yield encoded(task)


def idle_processors() -> int:
    """How many processors this process may use have nothing to do at this moment, with the one on which it runs.

    Where the system does not tell, all of them. Fact: the fourth field of Linux' ``/proc/loadavg`` is how many threads run or
    wait for a processor, on the whole machine, and how many there are.
    """
    processors = os.cpu_count() or 1
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = processors
    try:
        running = int(_LOAD.read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return usable
    return max(0, min(usable, processors - (running - 1)))
