"""What calls would have cost on another model, for people. Pure: answers and a terminal make lines."""

from __future__ import annotations

from collections.abc import Iterator

from ....formatting import count, token_count, tokens, usd
from ....usage.costs.whatif import Supposed, Supposition
from ....usage.money import from_pico
from ....usage.query.tasknames import shown_keys
from ...display import text
from ...display.table import Column, TableLayout
from ...display.terminal import Terminal
from .compare import percent, signed


def lines(found: Supposition, terminal: Terminal, top: int) -> Iterator[str]:
    """The lines of ``fased usage what-if``."""
    for line in _lines(found, terminal, top):
        yield terminal.line(line)


def _lines(found: Supposition, terminal: Terminal, top: int) -> Iterator[str]:
    query, totals = found.query, found.totals
    span = text.period(query.from_ms, query.to_ms, query.zone)
    if not totals.calls:
        yield f"No calls, {span}."
        return
    yield f"Usage, {span}, as if by {terminal.name(found.ref.key)}"
    yield f"{count(totals.calls, 'call')} · {token_count(totals.total_tokens)} · {_cost(totals)} → {_there(totals)}{_change(totals)}"
    yield ""
    yield from _groups(found, terminal, top)
    yield ""
    yield from _remarks(found, terminal)


def _groups(found: Supposition, terminal: Terminal, top: int) -> Iterator[str]:
    by, shown = found.query.by, found.groups[:top]
    keys = shown_keys(by, (key for key, _ in shown), found.names)
    columns = [
        *(
            Column(text.TITLES[name], [terminal.name(key[place] or "-") for key in keys])
            for place, name in enumerate(by)
        ),
        Column("Calls", [f"{calls.calls:,}" for _, calls in shown], right=True, spare=2),
        Column("Tokens", [tokens(calls.total_tokens) for _, calls in shown], right=True, spare=1),
        Column("Cost", [_cost(calls) for _, calls in shown], right=True),
        Column("There", [_there(calls) for _, calls in shown], right=True),
        Column("Change", [signed(calls.change_pico) if calls.compared else "?" for _, calls in shown], right=True),
    ]
    layout = TableLayout(columns, terminal, bars=False)
    yield layout.titles()
    yield from (layout.row(number) for number in range(len(shown)))
    if more := len(found.groups) - len(shown):
        yield terminal.paint(f"… and {more:,} more: --top {len(found.groups)} shows all.", "dim")


def _remarks(found: Supposition, terminal: Terminal) -> Iterator[str]:
    totals, price = found.totals, found.price
    yield f"Prices: {terminal.name(price.note)}{f', {price.remark}' if price.remark else ''}."
    if found.doubts:
        yield f"Of {count(totals.estimated, 'call')} the cost there is an estimate: {'; '.join(found.doubts)}."
    if totals.left:
        calls = count(totals.left, "call is", "calls are")
        why = (
            "its tokens, or a price that they need, are"
            if totals.left == 1
            else "their tokens, or prices that they need, are"
        )
        yield terminal.paint(f"{calls} not in the cost there: {why} not known.", "warning")
    if totals.unpriced:
        calls = count(totals.unpriced, "call has", "calls have")
        yield terminal.paint(
            f"{calls} no known cost so far, and {'is' if totals.unpriced == 1 else 'are'} not in the change.", "warning"
        )
    yield terminal.paint(
        "The tokens are those of the calls as they were: another model splits texts, answers and caches otherwise.",
        "dim",
    )


def _cost(calls: Supposed) -> str:
    if not calls.priced and calls.unpriced:
        return "unpriced"
    return f"{'≥ ' if calls.unpriced else ''}{usd(from_pico(calls.cost_pico))}"


def _there(calls: Supposed) -> str:
    if not calls.there and calls.left:
        return "unpriced"
    return f"{'≥ ' if calls.left else ''}{'~' if calls.estimated else ''}{usd(from_pico(calls.there_pico))}"


def _change(calls: Supposed) -> str:
    if not calls.compared:
        return ""
    if not calls.change_pico:
        return " (no change)"
    return f" ({signed(calls.change_pico)}, {percent(calls.before_pico, calls.after_pico)})"
