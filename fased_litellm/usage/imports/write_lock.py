"""A lock for the processes of one import, of which one writes at a time: they need not ask SQLite again and again."""

from __future__ import annotations

import os
import select

_LOOK_S = 1.0


class WriteLock:
    """A token in a pipe: who has taken it out may write.

    Args:
        source, target: descriptors of the pipe's ends.
    """

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._parent = os.getppid()
        os.set_blocking(source, False)

    @classmethod
    def make(cls) -> WriteLock:
        """A free lock, to be closed.

        Raises:
            OSError: there are no descriptors left.
        """
        made = cls(*os.pipe())
        made.release()
        return made

    @property
    def descriptors(self) -> tuple[int, int]:
        """What a process needs to take part."""
        return self._source, self._target

    def close(self) -> None:
        """Close the pipe here."""
        os.close(self._source)
        os.close(self._target)

    def acquire(self, *, wait: bool) -> bool:
        """Take the lock, if it is free or ``wait`` is true.

        Raises:
            OrphanedError: the process that started this one is gone, and with it perhaps the one that had the lock.
        """
        while not self._taken():
            if not wait:
                return False
            select.select([self._source], [], [], _LOOK_S)
            if os.getppid() != self._parent:
                raise OrphanedError
        return True

    def release(self) -> None:
        """Let another one write."""
        os.write(self._target, b".")

    def _taken(self) -> bool:
        try:
            return bool(os.read(self._source, 1))
        except BlockingIOError:
            return False


class OrphanedError(Exception):
    """Nobody waits for what this process does any more."""
