"""``fased usage export``: the history as files for spreadsheets, Prometheus and OpenTelemetry."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ...errors import UsageError
from ...usage.query.calendar.windows import THIS_MONTH
from ...usage.query.dialect import SQLITE
from .. import output, session
from ..commands import SETTINGS
from . import options
from .asking import ask, reach

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...usage.exports.formats import Format
    from ...usage.query.query import Query

app = typer.Typer(**SETTINGS)

Answer = TypeVar("Answer")


@app.command(
    "export",
    cls=options.MonthCommand,
    help="Write the history for other programs: by default the three files of Fased's usage page.",
)
@options.asks(options.WINDOW, options.EVERYTHING, options.ZONE, options.FILTER, options.NAMES, options.NO_IMPORT)
def export(
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="fased, prometheus, otlp-json or otlp-spans.")
    ] = "fased",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="PATH", help="Folder of the files, this one by default; or the file, or - for stdout."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    question: options.Question,
    as_json: Annotated[bool, typer.Option("--json", help="Print which files were written, as JSON.")] = False,
) -> None:
    chosen = _format(form)
    times = _steady(question.times) if chosen == "prometheus" else question.times
    now = time.time_ns() // 1_000_000
    query = question._replace(times=times).at(now)
    if times.everything:
        query = _ask(lambda connection: reach(connection, query, SQLITE, times))
    to_stdout = chosen != "fased" and (out is None or str(out) == "-")
    if not to_stdout:
        _write(query, chosen, out or Path(), now, force=force, as_json=as_json)
        return
    if as_json:
        raise UsageError("--json tells of files, and none is written.", hint="Name a file with --out.")
    from ...usage.exports.formats import text

    _ask(lambda connection: output.pieces(text(connection, query, chosen, now_ms=now)))


def _write(query: Query, form: Format, out: Path, now: int, *, force: bool, as_json: bool) -> None:
    from ...usage.exports.formats import files
    from ..display import text

    if form == "fased" and not out.is_dir():
        raise UsageError(f"{out} is not a folder.", hint="Make it, or name another one with --out.")
    exported = _ask(lambda connection: files(connection, query, form, out, now_ms=now, force=force))
    if as_json:
        output.document(exported.as_dict(query, form))
        return
    output.line(f"{text.period(query.from_ms, query.to_ms, query.zone)}: {text.summary(exported.totals)}")
    for file in exported.files:
        output.line(f"{file.path}  {file.size:,} bytes")


def _format(text: str) -> Format:
    from ...usage.exports.formats import FORMATS

    for form in FORMATS:
        if text == form:
            return form
    from difflib import get_close_matches

    near = get_close_matches(text, FORMATS, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(f"There is no format {text!r}.", hint=f"{meant}Known are {', '.join(FORMATS)}.")


def _steady(times: options.Times) -> options.Times:
    """A window for counters: by default the whole history, and none whose beginning moves along."""
    given = {"--today": times.today, "--days": times.days is not None, "--month": times.month == THIS_MONTH}
    if moving := [name for name, used in given.items() if used]:
        raise UsageError(
            f"{moving[0]} does not go with counters, which would fall when the window moves on.",
            hint="Give no window for the whole history, or a fixed first day with --from.",
        )
    return times if times.first or times.month else times._replace(everything=True)


def _ask(question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """The answer of the ledger; where there is none, of an empty one."""
    found = ask(session.paths(), lambda connection: (question(connection),))
    if found is not None:
        return found[0]
    from ...usage.store.snapshot import nothing

    with nothing() as connection:
        return question(connection)
