"""What goes over a connection, and when: requests in one piece, and no look at a connection that tells nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import httpcore
import pytest

from fased_litellm.net.streams import AsyncDeadlineStream, DeadlineStream


class Wire(httpcore.NetworkStream):
    """A connection that notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.done.append("read")
        return b"answer"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.done.append(buffer)

    def get_extra_info(self, info: str) -> Any:
        self.done.append(info)
        return False


class AsyncWire(httpcore.AsyncNetworkStream):
    """The same for asyncio."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.done = self.wire.done

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return self.wire.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self.wire.write(buffer, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self.wire.get_extra_info(info)


def run(*steps: bytes | None) -> list[Any]:
    """What a connection sees of writes, and of reads (None)."""
    wire = Wire()
    stream = DeadlineStream(wire)
    for step in steps:
        stream.read(1) if step is None else stream.write(step)
    return wire.done


def run_async(*steps: bytes | None) -> list[Any]:
    async def go() -> list[Any]:
        wire = AsyncWire()
        stream = AsyncDeadlineStream(wire)
        for step in steps:
            await (stream.read(1) if step is None else stream.write(step))
        return wire.done

    return asyncio.run(go())


both = pytest.mark.parametrize("run", [run, run_async])


@both
@pytest.mark.parametrize(
    ("steps", "done"),
    [
        # As httpcore writes: head, body, and an empty end.
        ([b"head", b"body", b"", None], [b"headbody", "read"]),
        ([b"head", b"", b"", None], [b"head", "read"]),
        ([b"head", b"body", b"more", b"", None], [b"headbody", b"more", "read"]),
        # The next request on the same connection.
        (
            [b"head", b"body", None, None, b"head2", b"body2", None],
            [b"headbody", "read", "read", b"head2body2", "read"],
        ),
        # Whatever comes next, nothing stays unsent.
        ([b"head", None], [b"head", "read"]),
    ],
)
def test_a_request_goes_in_one_piece(run: Any, steps: list[bytes | None], done: list[Any]) -> None:
    assert run(*steps) == done


def test_a_connection_is_looked_at_before_a_request_and_not_behind_an_answer() -> None:
    wire = Wire()
    stream = DeadlineStream(wire)
    assert stream.get_extra_info("is_readable") is False
    stream.write(b"head")
    stream.read(1)
    assert wire.done == ["is_readable", b"head", "read"]
    assert stream.get_extra_info("is_readable") is False  # as the answer ends
    assert wire.done[3:] == []
    assert stream.get_extra_info("is_readable") is False  # before the next request
    assert wire.done[3:] == ["is_readable"]


def test_an_unusable_connection_is_readable_at_any_time() -> None:
    stream = DeadlineStream(Wire())
    stream.read(1)
    stream.unusable = True
    assert stream.get_extra_info("is_readable") is True
    assert stream.get_extra_info("is_readable") is True
