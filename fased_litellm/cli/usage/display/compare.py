"""A comparison of two windows for people. Pure: answers and a terminal make lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ....formatting import tokens, usd
from ....usage.compare.comparison import Change, Comparison
from ....usage.money import from_pico
from ....usage.query.tasknames import shown_keys
from ....usage.query.totals import Totals
from ...display import text
from ...display.table import Column, TableLayout
from ...display.terminal import Terminal

_SAME = "no change"
_VISIBLE = 10_000
"""A reason is shown if it is more than this part of the largest."""


def lines(found: Comparison, terminal: Terminal, top: int) -> Iterator[str]:
    """The lines of ``fased usage compare``."""
    for line in _lines(found, terminal, top):
        yield terminal.line(line)


def _lines(found: Comparison, terminal: Terminal, top: int) -> Iterator[str]:
    spans = [text.period(report.from_ms, report.to_ms, report.zone) for report in (found.before, found.after)]
    whole = found.whole
    if not whole.before.calls and not whole.after.calls:
        yield f"No calls, neither {spans[0]} nor {spans[1]}."
        return
    yield f"Usage, {spans[0]} (before) and {spans[1]} (after)"
    if found.remark:
        yield found.remark
    if found.days[0] != found.days[1]:
        yield f"The periods are not of one length: {found.days[0]} and {found.days[1]} days."
    yield ""
    yield from _totals(whole, terminal)
    yield ""
    yield from _reasons(found, terminal)
    if len(found.changes) > 1 or found.by != ("provider", "model"):
        yield ""
        yield from _groups(found, terminal, top)


def _totals(whole: Change, terminal: Terminal) -> Iterator[str]:
    before, after = whole.before, whole.after
    rows: list[tuple[str, str, str, str]] = [_count_row("Calls", before.calls, after.calls)]
    if before.failed or after.failed:
        rows.append(_count_row("Failed", before.failed, after.failed))
    for name, field in (
        ("Input", "input_tokens"),
        ("Output", "output_tokens"),
        ("Cached", "cache_read_tokens"),
        ("To cache", "cache_write_tokens"),
        ("Tokens", "total_tokens"),
    ):
        old, new = getattr(before, field), getattr(after, field)
        if old or new:
            rows.append((name, tokens(old), tokens(new), percent(old, new)))
    rows.append(("Cost", text.short_cost(before), text.short_cost(after), percent(before.cost_pico, after.cost_pico)))
    columns = [
        Column("", [row[0] for row in rows]),
        *(
            Column(title, [row[place] for row in rows], right=True)
            for place, title in ((1, "Before"), (2, "After"), (3, "Change"))
        ),
    ]
    layout = TableLayout(columns, terminal, bars=False)
    yield layout.titles()
    yield from (layout.row(number) for number in range(len(rows)))


def _reasons(found: Comparison, terminal: Terminal) -> Iterator[str]:
    change = found.whole.cost_pico
    if not found.whole.before.priced_calls and not found.whole.after.priced_calls:
        yield "No cost is known of either period."
    elif not change:
        yield "The known cost is the same."
    else:
        parts = [
            ("more calls" if found.reasons.more_calls >= 0 else "fewer calls", found.reasons.more_calls),
            ("longer calls" if found.reasons.longer_calls >= 0 else "shorter calls", found.reasons.longer_calls),
            ("other models", found.reasons.other_models),
            ("other prices", found.reasons.other_prices),
        ]
        least = max(abs(pico) for _, pico in parts) / _VISIBLE
        shown = sorted(((name, pico) for name, pico in parts if abs(pico) > least), key=lambda part: -abs(part[1]))
        yield f"{signed(change)}, because of:"
        layout = TableLayout(
            [
                Column("", [f"  {name}" for name, _ in shown]),
                Column("", [signed(pico) for _, pico in shown], right=True),
            ],
            terminal,
            bars=False,
        )
        yield from (layout.row(number) for number in range(len(shown)))
    unpriced = found.whole.before.unpriced_calls + found.whole.after.unpriced_calls
    if unpriced:
        yield terminal.paint(f"{unpriced:,} of the calls have no known price, and are not in the costs.", "warning")


def _groups(found: Comparison, terminal: Terminal, top: int) -> Iterator[str]:
    shown = found.changes[:top]
    keys = shown_keys(found.by, (one.key for one in shown), found.after.task_names)
    names = [
        Column(text.TITLES[name], [terminal.name(key[place] or "-") for key in keys])
        for place, name in enumerate(found.by)
    ]
    columns = [
        *names,
        Column(
            "Calls", _pairs([(f"{one.before.calls:,}", f"{one.after.calls:,}") for one in shown]), right=True, spare=2
        ),
        Column(
            "Tokens",
            _pairs([(tokens(one.before.total_tokens), tokens(one.after.total_tokens)) for one in shown]),
            right=True,
            spare=1,
        ),
        Column("Cost", _pairs([(_cost(one.before), _cost(one.after)) for one in shown]), right=True),
        Column("Change", [signed(one.cost_pico) for one in shown], right=True),
    ]
    layout = TableLayout(columns, terminal, bars=False)
    yield layout.titles()
    yield from (layout.row(number) for number in range(len(shown)))
    if more := len(found.changes) - len(shown):
        yield terminal.paint(f"… and {more:,} more: --top {len(found.changes)} shows all.", "dim")


def _cost(totals: Totals) -> str:
    return text.short_cost(totals) if totals.calls else "-"


def _pairs(cells: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{before} → {after}" for before, after in cells]


def _count_row(name: str, before: int, after: int) -> tuple[str, str, str, str]:
    return name, f"{before:,}", f"{after:,}", percent(before, after)


def percent(before: int, after: int) -> str:
    if before == after:
        return _SAME
    if not before:
        return "new"
    share = Decimal(after - before) / before * 100
    if share > 900:
        return f"× {after / before:,.0f}"
    return f"{share:+.0f} %" if abs(share) >= 10 else f"{share:+.1f} %"


def signed(pico: int) -> str:
    """An amount with its sign: ``+$1.20``, ``-$0.05``; ``$0.00`` has none."""
    return f"{'+' if pico > 0 else ''}{usd(from_pico(pico))}"
