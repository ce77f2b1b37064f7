"""``fased litellm explain``: what an error means that stands in a log, in an answer, or in a traceback."""

from __future__ import annotations

import io
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ...errors import FasedError, UsageError
from ...redaction import remember
from .. import output
from ..commands import SETTINGS

if TYPE_CHECKING:
    from ...doctor.explain.explain import Explained

app = typer.Typer(**SETTINGS)


@app.command()
def explain(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT|FILE|-]", help="An error's text, a log file, or '-' for stdin; none reads a pipe."
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Say what an error means: its cause, who has to act, and what to do.

    Reads the proxy's answers and log, curl's output, tracebacks, this program's own errors, and the name of a cause. Nothing is
    sent anywhere. Exit 1 if nothing is recognised.
    """
    from ...doctor.explain.explain import explain as explained
    from ...doctor.explain.records import lines_of

    _remember_keys()
    with _source(text) as stream:
        found = explained(lines_of(stream))
    if json_output:
        output.document(found.as_dict())
    else:
        for number, failure in enumerate(found.failures):
            if number:
                output.line()
            _show(failure, counted=len(found.failures) > 1 or failure.count > 1)
        if found.more:
            output.line()
            output.line(f"… and {found.more} more.")
        if not found.failures:
            output.diagnostic("Nothing in this text is known as a failure of LiteLLM or of the way to it.")
            output.diagnostic("→ `fased litellm debug` repeats the call and shows the details.")
    if not found.failures:
        raise typer.Exit(1)


def _remember_keys() -> None:
    """Have the keys hidden that this shell knows: a log may hold them in a form that nothing else recognises."""
    for name, value in os.environ.items():
        if name.upper().endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")):
            remember(value)


def _source(text: str | None) -> AbstractContextManager[TextIO]:
    """What is to be read: stdin, a file, or the text itself."""
    if text == "-" or (text is None and not sys.stdin.isatty()):
        if hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(errors="replace")
        return nullcontext(sys.stdin)
    if text is None:
        raise UsageError("No text given.", hint="Give it as an argument, name a log file, or pipe it in.")
    if _is_file(text):
        try:
            return open(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise FasedError(f"{text} cannot be read: {error.strerror}.", hint="Check its permissions.") from None
    return io.StringIO(text)


def _is_file(text: str) -> bool:
    try:
        return os.path.isfile(text)
    except ValueError:  # a null character
        return False


def _show(failure: Explained, *, counted: bool) -> None:
    status = f", HTTP {failure.status}" if failure.status is not None else ""
    type_ = f" {failure.type}" if failure.type else ""
    times = f"{failure.count} × " if counted else ""
    output.line(f"{times}{failure.cause}{status}{type_}" + (f", line {failure.line}" if counted else ""))
    output.line(f"  {failure.message}")
    output.line(f"  {output.failed(failure.origin)}")
    output.line(f"→ {failure.remedy}")
