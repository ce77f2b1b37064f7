"""``fased litellm spend``: what was spent, as the proxy sees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..visible import one_line
from . import output, session
from .commands import SETTINGS

if TYPE_CHECKING:
    from ..proxy.management.spendreport import SpendReport, Sums
    from ..spend import SpendView

app = typer.Typer(**SETTINGS)

DEFAULT_BY = ("model", "agent", "day")
_ROWS = 20


@app.command()
def spend(
    *,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="NAMES",
            help="A table for each of: model, served, agent, task, channel, session, tag, day, key, user, status.",
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", help="The last N days, with today; 7 by default.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day (UTC), as 2026-11-16.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="ALIAS", help="Only this alias.")] = None,
    agent_id: Annotated[str | None, typer.Option("--by-agent", metavar="ID", help="Only calls of this agent.")] = None,
    session_id: Annotated[str | None, typer.Option("--session", metavar="KEY", help="Only this session.")] = None,
    tag: Annotated[
        str | None, typer.Option("--tag", metavar="TAG", help="Only rows with this tag, such as task:digest.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all-keys", help="The rows of all keys; by default, of the agent's.")
    ] = False,
    agent: Annotated[str | None, typer.Option("--agent", metavar="ID", help="The key of this agent.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what was spent, as the proxy sees it: of the agent's key, and with a key that may see rows, by anything.

    Rows are seen with the master key (LITELLM_MASTER_KEY, keyring) and with a key that belongs to a user.
    """
    from ..proxy.management.spend import SILENT_S
    from ..proxy.management.spendreport import BY
    from ..spend import view
    from ..usage.query.calendar.windows import window
    from ..usage.query.usersettings import default_zone
    from .spinner import Awaited

    names = [part.strip() for word in by or DEFAULT_BY for part in word.split(",") if part.strip()]
    if unknown := [name for name in names if name not in BY]:
        raise UsageError(f"Spend cannot be grouped by {unknown[0]!r}.", hint=f"Known are {', '.join(BY)}.")
    wanted = {"model": model, "agent": agent_id, "session": session_id, "tag": tag}
    span = window(time.time_ns() // 1_000_000, days=days, first=first, last=last, zone=default_zone())
    snapshot = session.config()
    with Awaited("the proxy's spend rows", SILENT_S):
        seen = view(
            snapshot,
            session.paths(),
            agent=session.known_agent(snapshot, agent),
            window=(span.from_ms, span.to_ms),
            by=tuple(dict.fromkeys(names)),
            wanted={name: value for name, value in wanted.items() if value is not None},
            everybody=everybody,
        )
    if json_output:
        output.document(seen.as_dict(span.from_ms, span.to_ms))
        return
    _show(seen, span.from_ms, span.to_ms)


def _show(seen: SpendView, from_ms: int, to_ms: int) -> None:
    from ..formatting import count, token_count
    from .display.text import period
    from .keys.text import lines

    if seen.key is not None:
        for line in lines(seen.key):
            output.line(line)
    elif seen.key_problem is not None:
        output.diagnostic(f"! {seen.key_problem.message}")
    if seen.rows_problem is not None:
        output.line()
        output.line(seen.rows_problem.message)
        output.diagnostic(f"→ {seen.rows_problem.hint}")
        return
    assert seen.report is not None
    totals = seen.report.totals
    whose = "of all keys" if seen.rows == "all" else "of this key"
    output.line()
    output.line(f"Spend {whose} at {seen.base_url}, {period(from_ms, to_ms)}")
    failed = f", {totals.failed:,} failed" if totals.failed else ""
    output.line(f"{count(totals.requests, 'request')}{failed} · {token_count(totals.total_tokens)} · {_spent(totals)}")
    if totals.requests:
        for name in seen.report.groups:
            output.line()
            _table(seen.report, name)
    if totals.unpriced:
        output.line()
        output.line(
            f"{totals.unpriced:,} answered requests have tokens and a spend of 0: the proxy knows no price, or they are free."
        )


def _spent(sums: Sums) -> str:
    """The spend, as far as it is known: LiteLLM writes a 0 where it knows no price."""
    from ..formatting import usd

    if sums.unpriced and not sums.spend:
        return "unpriced"
    return f"{'≥ ' if sums.unpriced else ''}{usd(sums.spend)}"


def _table(report: SpendReport, name: str) -> None:
    from ..formatting import tokens
    from .display.table import Column, render
    from .display.terminal import detect

    found = report.ordered(name)
    rows = found[-_ROWS:] if name == "day" else found[:_ROWS]
    largest = max((sums.spend for _, sums in rows), default=0)
    columns = [
        Column(name.capitalize(), [one_line(value or "-") for value, _ in rows]),
        Column("Requests", [f"{sums.requests:,}" for _, sums in rows], right=True),
        Column("Failed", [f"{sums.failed:,}" for _, sums in rows], right=True, spare=1),
        Column("Tokens", [tokens(sums.total_tokens) for _, sums in rows], right=True),
        Column("Spend", [_spent(sums) for _, sums in rows], right=True),
    ]
    for line in render(columns, [float(sums.spend / largest) if largest else 0.0 for _, sums in rows], detect()):
        output.line(line)
    if len(found) > len(rows):
        output.line(f"… and {len(found) - len(rows):,} more: --json has all")
