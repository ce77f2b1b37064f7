"""The logs of tasks that an import has to read, some of them while other processes still write transcripts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from ..files import Found
from ..job import Job, part_of, size_of
from ..source_files import SourceFile
from ..transcripts.reader import Reading, Unreadable
from ..writing import Source
from . import tasks
from .runs import Run

MOST_AHEAD = 16 * 1024 * 1024
"""So many bytes are read ahead; what they hold is in memory until it is written."""


class RunLogs:
    """Logs to read.

    Args:
        files: the logs, with what is known of them.
        agent: whose tasks they are where a log does not say it.
    """

    def __init__(self, files: Iterable[tuple[Found, SourceFile | None]], agent: str) -> None:
        self.files = list(files)
        self._agent = agent
        self._ahead: dict[str, tuple[Reading, list[Run]]] = {}

    def read_ahead(self) -> Iterator[Job]:
        """Read what is not too much, when this is asked for another job; there is none."""
        size = 0
        for file, feed in self.files:
            size += size_of(Source(file, feed))
            if size > MOST_AHEAD:
                return
            with contextlib.suppress(FileNotFoundError, Unreadable):  # it is tried again
                self._ahead[file.path] = self.read(file, feed)
        yield from ()

    def read(self, file: Found, feed: SourceFile | None) -> tuple[Reading, list[Run]]:
        """A log: how it was read, and its runs.

        Raises:
            FileNotFoundError: it is gone.
            Unreadable: it cannot be read.
        """
        return self._ahead.pop(file.path, None) or tasks.read(part_of(0, Source(file, feed)), self._agent)
