"""The size of a body, and the time for each of its parts."""

from __future__ import annotations

from . import errors
from .deadline import Deadline
from .streams import AsyncDeadlineStream, DeadlineStream


class BodyLimit:
    """Holds the size of a body within its limit, and grants time for its next line.

    Args:
        name: of the origin, for messages.
        deadline: with the limits.
        counted: where the body comes from, if its length was given, else None.
    """

    __slots__ = ("counted", "deadline", "last", "most", "name", "taken")

    def __init__(self, name: str, deadline: Deadline, counted: DeadlineStream | AsyncDeadlineStream | None) -> None:
        self.name, self.deadline, self.counted = name, deadline, counted
        self.taken, self.last = 0, b""
        self.most = float("inf") if deadline.limits.max_bytes is None else deadline.limits.max_bytes

    def add(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            BadAnswer: the body is larger than allowed.
        """
        self.last = chunk
        self.taken += len(chunk)
        if self.taken > self.most:
            raise errors.too_large(self.name, self.deadline.limits)
        if self.deadline.limits.grant is None and b"\n" in chunk:
            self.deadline.granted = self.deadline.limits.idle_s

    def processed(self) -> None:
        """The chunk that was taken last was worked through."""
        grant = self.deadline.limits.grant
        if grant is not None and (seconds := grant()) is not None:
            self.deadline.granted = seconds

    def finish(self) -> None:
        """Take the end of the body.

        Raises:
            BadAnswer: more than the given length was sent. That would be read as the beginning of the next answer.
        """
        if self.counted is not None and not self.counted.last.endswith(self.last):
            self.counted.unusable = True
            raise errors.longer_than_said(self.name)
