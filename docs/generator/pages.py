"""The pages: which there are, and how each is brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import reference, wording
from .markers import Marker, MarkerError, fill, find
from .session import MockProxy, Session

ROOT = Path(__file__).resolve().parents[2]


def pages(root: Path = ROOT) -> list[Path]:
    """README and every page below docs/."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def has_live_parts(text: str) -> bool:
    """Whether a page shows the output of commands."""
    return any(marker.kind in ("run", "setup") for marker in find(text))


def wants_proxy(text: str) -> bool:
    """Whether the commands of a page expect a mock proxy."""
    return any(marker.kind == "proxy" for marker in find(text))


def with_tables(text: str) -> str:
    """A page with the parts that are read from the code.

    Raises:
        MarkerError: there is no part of that name.
    """
    bodies = {}
    for marker in find(text):
        if marker.kind != "generated":
            continue
        make = reference.PARTS.get(marker.argument)
        if make is None:
            raise MarkerError(f"line {marker.line + 1}: nothing makes {marker.argument!r}")
        bodies[marker.line] = f"\n{make()}\n"
    return fill(text, bodies)


def with_output(text: str, home: Path, proxy: Callable[[], MockProxy]) -> str:
    """A page with what its commands print; an output of the same structure stays as it is.

    Args:
        text: the page.
        home: an empty folder, the home of the commands.
        proxy: gives the mock proxy, if the page wants one.

    Raises:
        RunError: a command did not end as the page says.
    """
    session = Session(home, proxy() if wants_proxy(text) else None)
    bodies = {}
    try:
        for marker in find(text):
            body = session.perform(marker)
            if body is not None and not same(marker, body):
                bodies[marker.line] = body
    finally:
        session.close()
    return fill(text, bodies)


def same(marker: Marker, body: str) -> bool:
    """Whether what stands there has the structure of a new output."""
    return wording.structure(marker.body) == wording.structure(body)
