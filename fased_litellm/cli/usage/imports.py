"""``fased usage import``: read what the Node agent keeps of its calls into the usage history."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

import typer

from ...errors import LedgerError
from ...formatting import count
from ...paths import Paths
from .. import output, session
from ..commands import SETTINGS

if TYPE_CHECKING:
    from ...usage.imports.pipeline import Progress
    from ...usage.imports.result import Bad, ImportResult

app = typer.Typer(**SETTINGS)

_SHOWN_BEFORE = 3
_state = {"wanted": True}


def wanted(*, given: bool) -> None:
    """Whether reports of this run are to read in what is new."""
    _state["wanted"] = given


@app.command("import")
def import_(
    *,
    full: Annotated[bool, typer.Option("--full", help="Read every file again from its beginning.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with every line that could not be read.")
    ] = False,
) -> None:
    """Read the Node agent's transcripts, session stores and task logs into the usage history.

    Every `fased usage` does the same before it answers. The files are only read, and no text of them is kept.
    """
    from ...usage.imports.pipeline import bad_lines
    from ...usage.store import importlock
    from ...usage.store.access import drain, taken_in

    paths = session.paths()
    if importlock.held(paths.ledger):
        output.diagnostic("Another import is at work; waiting for its end.")

    def run() -> ImportResult:
        result = _run(paths, wait=True, full=full)
        bad_lines(paths.ledger, result)
        return result

    result = taken_in(paths.ledger, run, output.diagnostic)
    drain(paths.ledger, output.diagnostic)  # calls that were made meanwhile did not wait for it
    if as_json:
        output.document(result.as_dict())
    else:
        for line in _lines(result):
            output.line(line)


def before_report(paths: Paths) -> None:
    """Read in what is new, before a report. What goes wrong is said, and the report is made of what is there.

    Raises:
        LedgerDamaged: the ledger is damaged.
    """
    from ...errors import LedgerDamaged

    if not _state["wanted"]:
        return
    try:
        result = _run(paths, wait=False, full=False)
    except LedgerDamaged:
        raise
    except LedgerError as error:
        output.diagnostic(f"The Node agent's newest calls are not in this report: {error.message}")
        return
    if result.busy:
        output.diagnostic("Another import is at work: the Node agent's newest calls are not all in this report.")
    if result.added and not output.as_json():
        output.diagnostic(f"{count(result.added, 'new call')} of the Node agent came in.")
    for line in _bad(result.fresh_bad_lines, result.fresh_bad, _SHOWN_BEFORE, "`fased usage import` lists them all."):
        output.diagnostic(line)
    for path, problem in result.unreadable:
        output.diagnostic(f"Cannot be read: {path}: {problem}.")
    for note in result.notes:
        output.diagnostic(note)


def _run(paths: Paths, *, wait: bool, full: bool) -> ImportResult:
    from ...usage.imports.pipeline import run

    with _Line() as line:
        return run(paths.ledger, paths, wait=wait, full=full, on_progress=line.show)


class _Line:
    """A line on a terminal that says how far an import is; gone at its end. Elsewhere there is none."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown = False
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            output.passing("")

    def show(self, progress: Progress) -> None:
        """Show it, if it takes long enough to wonder."""
        if not self._terminal or time.monotonic() - self._begun < 0.5:
            return
        percent = 100 * progress.done // max(1, progress.size)
        output.passing(
            f"Reading the Node agent's transcripts: {percent} % of {progress.size / 1e6:,.0f} MB, "
            f"{progress.calls:,} calls"
        )
        self._shown = True


def _lines(result: ImportResult) -> list[str]:
    from ...usage.imports.result import MOST_TOLD

    calls = [
        f"{number:,} {word}"
        for number, word in (
            (result.added, "new"),
            (result.replaced, "changed"),
            (result.renamed, "with another session key"),
            (result.superseded, "replaced by a transcript"),
            (result.copies, "in several transcripts, counted once"),
        )
        if number
    ]
    files = f"{count(result.files, 'file')}, {result.read:,} read ({result.bytes_read / 1e6:,.1f} MB)"
    found = [f"{files}: {', '.join(calls)}." if calls else f"{files}: nothing new."]
    found += [f"Cannot be read: {path}: {problem}." for path, problem in result.unreadable]
    found += _bad(result.bad_lines, result.bad, MOST_TOLD, "`fased usage import --json` has them all.")
    return found + result.notes


def _bad(number: int, bad: Sequence[Bad], most: int, more: str) -> list[str]:
    """Lines that could not be read as they stand."""
    if not number:
        return []
    from ...proxy.counting import UNEVEN

    uneven = {each.problem.startswith(UNEVEN) for each in bad}
    what = ["could not be read"] * (False in uneven)
    what += [f"{'does' if number == 1 else 'do'} not add up"] * (True in uneven)
    found = [f"{count(number, 'line')} {' or '.join(what)}:"]
    found += [f"  {each}" for each in bad[:most]]
    if number > most:
        found.append(f"  … {more}")
    return found
