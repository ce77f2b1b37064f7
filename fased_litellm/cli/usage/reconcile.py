"""``fased usage reconcile``: the local history held against the proxy's rows, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...visible import one_line
from .. import output, session
from ..commands import SETTINGS
from . import imports, options

if TYPE_CHECKING:
    from decimal import Decimal

    from ...usage.reconcile.result import Reconciliation, RowDifference
    from ...usage.reconcile.run import Reconciled
    from ...usage.reconcile.totals import TotalsOnly

app = typer.Typer(**SETTINGS)

_WORDS = {
    "equal": "equal",
    "unpriced": "no price known",
    "cost-differs": "cost differs",
    "zero-here": "no cost here",
    "zero-there": "no cost at the proxy",
    "without-usage": "no usage in the transcript",
    "missing-here": "missing here",
    "missing-there": "missing at the proxy",
}


_UNKNOWN = "unpriced"
_REPRICE = (
    "→ `fased usage reprice` computes costs that are not known here, from the prices of the config and the proxy."
)


@app.command()
@options.asks(options.WINDOW)
def reconcile(
    *,
    question: options.Question,
    fill: Annotated[
        bool,
        typer.Option("--fill", help="Add calls of the agents' keys that the proxy knows and the history does not."),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Most differences to show one by one; all are counted.")
    ] = 20,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long young calls are given to have a row.")
    ] = 20.0,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Hold the history of calls through LiteLLM against the proxy's spend rows.

    Needs a key that may see rows: the master key (LITELLM_MASTER_KEY, keyring) or one that belongs to a user. With a plain virtual
    key, its total is compared. Exit 1 if the two do not agree.
    """
    from ... import ownership
    from ...proxy.management.spend import SILENT_S
    from ...spend import Rows
    from ...usage.reconcile.run import reconcile as run
    from ...usage.reconcile.totals import TotalsOnly
    from ...usage.store import access
    from ..spinner import Awaited

    query = question.now()
    paths = session.paths()

    # One of another user is read as it is.
    readable = paths.ledger.exists() and not ownership.may_write(paths.ledger)

    def catch_up() -> None:
        if not readable:
            imports.before_report(paths)
            access.drain(paths.ledger, output.diagnostic)

    def compare() -> Reconciled:
        config = session.config()
        return run(
            config,
            paths,
            Rows(config, paths),
            (query.from_ms, query.to_ms),
            limit=limit,
            fill=fill,
            say=output.diagnostic,
            catch_up=catch_up,
            watch=Awaited("the proxy's spend rows", SILENT_S),
            patience_s=wait,
        )

    if readable and not fill:
        output.diagnostic(
            "The usage ledger was read, and not written. The Node agent's newest calls are not in this comparison."
            f" {ownership.told(paths.ledger) or 'It may not be written.'}"
        )
        done = compare()
    else:
        done = access.taken_in(paths.ledger, compare, output.diagnostic, read_in=lambda: imports.before_report(paths))
    if json_output:
        output.document(done.as_dict())
    elif isinstance(done.found, TotalsOnly):
        _show_totals(done.found)
    else:
        _show(done, done.found)
    if not done.found.agrees:
        raise typer.Exit(1)


def _show_totals(found: TotalsOnly) -> None:
    from ...formatting import count, usd
    from ...usage.query.usersettings import default_zone
    from ..display.text import moment

    zone = default_zone()
    output.line(f"{found.why} This is all that the key may see:")
    since = f"since {moment(found.since_ms, zone)} ({zone.name})"
    calls = count(found.unpriced, "call")
    rest = f", and {calls} of unknown cost" if found.unpriced else ""
    output.line(f"At the proxy: {_UNKNOWN if found.there_usd is None else usd(found.there_usd)} {since}")
    output.line(f"Here:         {f'{calls} of unknown cost' if found.here_usd is None else usd(found.here_usd) + rest}")
    if found.agrees and found.unpriced:
        known = "Neither side knows" if found.here_usd is None else "The known costs are the same. Neither side knows"
        output.line(f"{known} what {calls} cost.")
        output.line(_REPRICE)
    elif found.agrees:
        output.line("They agree.")
    else:
        output.line(
            "They differ. The proxy's sum lags by up to 15 s, and counts every client of this key; the history counts every key."
        )
        output.line("→ With LITELLM_MASTER_KEY set for this command, each call is compared.")


def _show(done: Reconciled, found: Reconciliation) -> None:
    from ...formatting import count
    from ...usage.query.usersettings import default_zone
    from ..display.table import Column, render
    from ..display.terminal import detect
    from ..display.text import period

    output.line(f"Calls through LiteLLM, {period(found.from_ms, found.to_ms, default_zone())}: here, and at the proxy")
    if done.filled:
        output.line(f"Added to the history: {count(done.filled, 'call')}.")
    if done.priced:
        output.line(f"Cost taken from the proxy: {count(done.priced, 'call')}.")
    sides = [*found.models, found.totals] if len(found.models) > 1 else list(found.models)
    if not sides:
        output.line("There are none on either side.")
    else:
        from ...usage.reconcile.result import KINDS

        shown = [kind for kind in KINDS if kind == "equal" or found.totals.counts.get(kind)]
        columns = [
            Column(
                "Model",
                [one_line(side.model or "-") for side in found.models] + ["all"] * (len(sides) - len(found.models)),
            )
        ]
        columns += [
            Column(_WORDS[kind].capitalize(), [f"{side.counts.get(kind, 0):,}" for side in sides], right=True)
            for kind in shown
        ]
        columns.append(Column("Here", [_cost(side.here_usd, side.here_unpriced) for side in sides], right=True))
        columns.append(Column("Proxy", [_cost(side.there_usd, side.there_unpriced) for side in sides], right=True))
        output.line()
        for line in render(columns, [0.0] * len(sides), detect()):
            output.line(line)
    if found.differences:
        output.line()
        for difference in found.differences:
            output.line(_difference(difference))
        if found.more:
            output.line(f"… and {found.more:,} more: --limit N")
    output.line()
    if found.attempts:
        output.line(
            f"{found.attempts:,} rows of the proxy are attempts before a fallback; they belong to calls that are counted."
        )
    if by_content := found.matched.get("content"):
        output.line(
            f"Found by model, tokens and time, for want of an id of the proxy: {count(by_content, 'call')} of the Node agent."
        )
    if done.still_waiting:
        output.line(f"{done.still_waiting:,} young calls have no row yet; try again in a while.")
    unpriced = found.totals.counts.get("unpriced", 0)
    if not found.agrees:
        output.line("The two sides do not agree.")
    elif unpriced:
        rest = " The others agree." if found.totals.counts.get("equal") else ""
        output.line(f"Both sides have the same calls. Neither knows what {count(unpriced, 'call')} cost.{rest}")
    else:
        output.line("Both sides agree.")
    if without := found.totals.counts.get("without-usage"):
        output.line(
            f"{count(without, 'call')} the Node agent made for itself, as for a compaction: its transcripts have no usage of such."
        )
    if without or found.totals.counts.get("missing-here"):
        output.line("→ `fased usage reconcile --fill` adds the calls that are missing here.")
    if found.totals.counts.get("zero-here") or unpriced:
        output.line(_REPRICE)


def _cost(known: Decimal | None, unpriced: int) -> str:
    from ...formatting import usd

    return _UNKNOWN if known is None else f"{'≥ ' if unpriced else ''}{usd(known)}"


def _difference(difference: RowDifference) -> str:
    from ...formatting import usd
    from ...usage.money import from_pico
    from ...usage.query.usersettings import default_zone
    from ..display.text import moment

    def cost(side: str, pico: int | None) -> str:
        if difference.kind == f"missing-{side}" or (side == "here" and difference.kind == "without-usage"):
            return "-"
        return _UNKNOWN if pico is None else usd(from_pico(pico))

    why = " (compaction)" if difference.reason == "compaction" else ""
    at_proxy = difference.proxy_call_id
    also = f" (at the proxy {one_line(at_proxy)})" if at_proxy and at_proxy != difference.call_id else ""
    source = f" ({difference.here_source})" if difference.here_source and difference.here_pico is not None else ""
    return (
        f"{_WORDS[difference.kind]}{why}: {moment(difference.started_at_ms, default_zone())} {one_line(difference.model or '-')}"
        f" {one_line(difference.call_id)}{also}: here {cost('here', difference.here_pico)}{source},"
        f" proxy {cost('there', difference.there_pico)}"
    )
