"""``fased litellm verify``: the path to a model in small steps, and the ladder of an installation."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ...visible import one_line
from .. import output, session
from ..commands import SETTINGS
from ..models import unclear

if TYPE_CHECKING:
    from ...doctor.verify.run import SayOf, VerifyOutcome, VerifyRun
    from ...doctor.verify.steps import RouteStep, Verification
    from ...refs import ModelRef

app = typer.Typer(**SETTINGS)

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "-"}


@app.command()
def verify(
    *,
    alias: Annotated[
        str | None,
        typer.Argument(metavar="[ALIAS]", help="As litellm/default or default; the agent's primary by default."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every alias in use: primaries, roles and fallbacks, side by side.")
    ] = False,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="With the key and models of this agent.")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", help="Most tokens that a request may answer.")
    ] = 16,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check the route to a model, step by step: name, connection, proxy, key, models, alias, one request, one stream,
    one failure on purpose, and the rows that these leave here and at the proxy.

    Two requests are sent for each alias; what they cost at most is said before. Exit 1 if a step failed.
    """
    from ...doctor.verify.run import VerifyRun

    if alias is not None and everything:
        raise UsageError("ALIAS and --all cannot be combined.", hint="Give the one or the other.")
    snapshot = session.config()
    run = VerifyRun(snapshot, session.paths(), agent=session.known_agent(snapshot, agent), max_tokens=max_tokens)
    if not everything:
        with session.provider(agent=run.agent) as provider:
            unclear.ask(provider, alias)
    refs = run.used() if everything else run.named(alias)
    if not refs:
        raise UsageError("No alias of LiteLLM is in use.", hint="Choose one: fased models set litellm/ALIAS")
    output.diagnostic(_cost(run, refs))
    outcome = run.go(refs, _say(alone=len(refs) == 1, quiet=json_output))
    if outcome.note:
        output.diagnostic(f"! {outcome.note}")
    if json_output:
        output.document(outcome.as_dict())
    else:
        _show(outcome)
    if not outcome.ok:
        raise typer.Exit(1)


def _cost(run: VerifyRun, refs: list[ModelRef]) -> str:
    from ...doctor.verify.run import REQUESTS
    from ...formatting import count, usd

    most, unknown = run.cost(refs)
    requests = f"{count(len(refs) * REQUESTS, 'request')} are sent"
    if len(unknown) == len(refs):
        return f"{requests}; what they cost is not known."
    rest = f", without {', '.join(unknown)}, whose price is not known" if unknown else ""
    return f"{requests}; they cost {usd(most)} at most{rest}."


def _say(*, alone: bool, quiet: bool) -> SayOf:
    """Show each step as it ends; of several aliases, only how many have ended."""
    lock = threading.Lock()

    def say(ref: ModelRef, step: RouteStep) -> None:
        with lock:
            if quiet:
                return
            if alone:
                _line(step)
            elif sys.stderr.isatty():
                output.passing(f"{ref}: {step.title}")

    return say


def _line(step: RouteStep) -> None:
    spent = f" ({step.duration_ms:.0f} ms)" if step.duration_ms is not None else ""
    output.line(f"{_MARKS[step.result]} {step.title}: {step.detail}{spent}")
    if step.origin:
        output.line(f"    {output.failed(step.origin)} ({step.cause})")
    if step.remedy:
        output.line(f"    → {step.remedy}")


def _show(outcome: VerifyOutcome) -> None:
    if len(outcome.verifications) > 1:
        if sys.stderr.isatty():
            output.passing("")
        _table(outcome)
    for verification in outcome.verifications:
        for finding in verification.findings:
            output.line(f"! {finding.message}")
            command = f"  [{finding.command}]" if finding.command else ""
            output.line(f"    → {finding.remedy}{command}")
    from ...doctor.verify.progress import following

    output.line()
    for rung in outcome.rungs:
        output.line(f"[{'x' if rung.reached else ' '}] {rung.title}" + (f": {rung.evidence}" if rung.evidence else ""))
    waiting = following(outcome.rungs)
    if waiting is not None:
        output.line(f"Next: {waiting.command}")


def _table(outcome: VerifyOutcome) -> None:
    from ..display.table import Column, render
    from ..display.terminal import detect

    rows = outcome.verifications
    names = list(dict.fromkeys(step.name for row in rows for step in row.steps))
    columns = [Column("Alias", [one_line(row.alias) for row in rows])]
    columns += [Column(name, [_mark(row, name) for row in rows]) for name in names]
    for line in render(columns, [0.0] * len(rows), detect()):
        output.line(line)
    for row in rows:
        for step in row.steps:
            if step.result == "failed":
                output.line()
                output.line(f"{row.alias}:")
                _line(step)


def _mark(row: Verification, name: str) -> str:
    step = row.step(name)
    return _MARKS[step.result] if step else ""
