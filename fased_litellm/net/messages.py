"""Requests, answers and limits as the transport takes and gives them; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait and how much to take.

    Attributes:
        connect_s: seconds for the connection and the TLS handshake.
        idle_s: seconds until the headers of the answer are whole, and then for each line of its body: nothing may be silent
            or drip for longer.
        total_s: seconds for the whole exchange, None for no bound.
        max_bytes: largest body in bytes, None for no bound.
        grant: asked once a chunk of the body was worked through: how many seconds the next sign of life may take from
            now, None for no more than is left. Without it, each line of the body is such a sign.
    """

    connect_s: float = 5.0
    idle_s: float = 120.0
    total_s: float | None = None
    max_bytes: int | None = 4 * MIB
    grant: Callable[[], float | None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to the configured origin.

    Attributes:
        method: ``GET`` or ``POST``.
        target: path and query, below the base URL, beginning with a slash.
        headers: names in lower case.
        body: the content, None for none.
        limits: how long to wait and how much to take.
        came_from: the URLs which redirected here.
        stripped: whether one of them was of another origin, so that the key was left behind.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    limits: Limits = Limits()
    came_from: tuple[str, ...] = ()
    stripped: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """The whole answer to a request; ``headers`` are lower-cased, the last of equal names wins."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    first_byte_ms: float = 0.0
