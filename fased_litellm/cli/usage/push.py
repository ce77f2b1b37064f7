"""``fased usage push``: send this machine's usage history to a database of many machines."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ...formatting import count
from ...usage.postgres.url import VARIABLE, DatabaseUrl
from .. import output, session
from ..commands import SETTINGS
from . import imports
from .asking import place_of

if TYPE_CHECKING:
    from ...usage.postgres.push import Progress, Pushed

app = typer.Typer(**SETTINGS)


@app.command("push", help="Send this machine's usage history to a PostgreSQL database, for reports over many machines.")
def push(
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help=f"As postgresql://user@host/database; {VARIABLE} by default."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="This machine, in reports; its host name by default.")
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only make the tables there, or bring them up to date, as their owner.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    if name is not None and not name.strip():
        raise UsageError("--name is empty.", hint="Leave it out for the host name.")
    place = place_of(to, "--to")
    if prepare:
        _prepare(place, as_json=as_json)
        return
    from ...usage.postgres.push import push
    from ...usage.store import access

    paths = session.paths()

    def send() -> Pushed:
        with _bar() as progress:
            return push(paths.ledger, place, name=(name or socket.gethostname()).strip(), progress=progress)

    found = access.taken_in(paths.ledger, send, output.diagnostic, read_in=lambda: imports.before_report(paths))
    if as_json:
        output.document(found.as_dict())
    else:
        output.line(_said(found))


def _prepare(place: DatabaseUrl, *, as_json: bool) -> None:
    from ...usage.postgres.schema import prepare

    prepared = prepare(place)
    if as_json:
        output.document(prepared.as_dict())
    elif prepared.before == prepared.after:
        output.line(f"The tables in {place.shown} are up to date (version {prepared.after}).")
    elif prepared.before:
        output.line(f"The tables in {place.shown} are now of version {prepared.after}, from {prepared.before}.")
    else:
        output.line(f"Made the tables in {place.shown} (version {prepared.after}).")


def _said(found: Pushed) -> str:
    if not found.sent:
        return f"Nothing to send: {found.place} has all calls of {found.host}."
    calls = count(found.sent, "call")
    again = ", all of the ledger, since another one was sent before it" if found.again else ""
    return f"Sent {calls} of {found.host} to {found.place}{again}."


@contextmanager
def _bar() -> Iterator[Progress | None]:
    """A bar on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"), TimeRemainingColumn())
    with Progress(*columns, console=output.console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
