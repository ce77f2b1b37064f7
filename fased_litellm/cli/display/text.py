"""A usage report for people (lines of text) and for spreadsheets (CSV)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from ...formatting import count, token_count, tokens, usd
from ...usage.money import from_pico
from ...usage.query.calendar.timezones import UTC_ZONE, Zone
from ...usage.query.query import DIMENSIONS, HOST
from ...usage.query.report import COUNTS, REPRICE, Totals, UsageReport
from ...usage.query.timeseries import Spread
from ...usage.record import camel, iso
from .sparkline import merged, sparkline
from .table import Column, TableLayout, cut, length
from .terminal import Terminal

TITLES = {**{name: name.capitalize() for name in (*DIMENSIONS, HOST)}, "servedModel": "Served model"}
_MINUTE_MS = 60_000
_WIDTH = 120
"""What a line is fitted to where there is no terminal."""
_SPREAD = 31
"""The most blocks of a sparkline."""


def table(report: UsageReport, terminal: Terminal) -> list[str]:
    """The groups of a report as a table, with what ``--top`` left out in its last row."""
    rows = [(key, group.totals) for key, group in zip(report.shown_keys(), report.groups, strict=True)]
    if report.other:
        rest = report.other
        rows.append(((count(rest.groups, "other"), *[""] * (len(report.by) - 1)), rest.totals))
    totals = [part for _, part in rows]
    names = [
        Column(TITLES[name], [terminal.name("-" if key[place] is None else key[place] or "") for key, _ in rows])
        for place, name in enumerate(report.by)
    ]
    numbers = [
        Column("Calls", [f"{part.calls:,}" for part in totals], right=True),
        Column("Failed", [f"{part.failed:,}" for part in totals], right=True, spare=1, colour="bad"),
        Column("Input", [tokens(part.input_tokens) for part in totals], right=True, spare=2),
        Column("Output", [tokens(part.output_tokens) for part in totals], right=True, spare=3),
        Column("Cached", [tokens(part.cache_read_tokens) for part in totals], right=True, spare=5),
        Column("To cache", [tokens(part.cache_write_tokens) for part in totals], right=True, spare=6),
        Column("Reasoning", [tokens(part.reasoning_tokens) for part in totals], right=True, spare=4),
        Column("Tokens", [tokens(part.total_tokens) for part in totals], right=True),
        Column("Cost", [short_cost(part) for part in totals], right=True),
        Column("Unpriced", [f"{part.unpriced_calls:,}" for part in totals], right=True, spare=1, colour="warning"),
    ]
    # A column of nothing but zeros says nothing.
    shown = [column for column in numbers if not column.spare or set(column.cells) != {"0"}]
    layout = TableLayout([*names, *shown], terminal)
    shares = _shares(totals)
    return [layout.titles(), *(layout.row(number, share) for number, share in enumerate(shares))]


def summary(totals: Totals, width: int | None = None) -> str:
    """The totals in one line, with less detail where that is longer than ``width``."""
    calls = count(totals.calls, "call")
    if totals.failed:
        calls += f", {totals.failed:,} failed"
    inside = [
        f"{tokens(number)} {word}"
        for number, word in (
            (totals.input_tokens, "in"),
            (totals.output_tokens, "out"),
            (totals.cache_read_tokens, "from cache"),
            (totals.cache_write_tokens, "to cache"),
        )
        if number
    ]
    within = f" ({', '.join(inside)})" if inside else ""
    whole = token_count(totals.total_tokens)
    long = f"{calls} · {whole}{within} · {cost(totals)}"
    return long if width is None or len(long) <= width else f"{calls} · {whole} · {short_cost(totals)}"


def spread_line(spread: Spread, terminal: Terminal) -> str | None:
    """A sparkline of all calls over the window, None where it is but one time."""
    if len(spread.times) < 2:
        return None
    together = -(-len(spread.times) // len(merged(spread.sizes, _SPREAD)))
    per = f"Per {spread.per}" if together == 1 else f"Per {together} {spread.per}s"
    line = f"{per}  {terminal.paint(sparkline(spread.sizes, width=_SPREAD), 'bar')}"
    largest = max(spread.sizes)
    if not largest:
        return line
    amount = usd(from_pico(largest)) if spread.by_cost else token_count(largest)
    return f"{line}  most: {spread.times[spread.sizes.index(largest)]}, {amount}"


def unpriced(report: UsageReport, terminal: Terminal) -> list[str]:
    """Calls without a price: how many, of which models, and what prices them; and estimates. No line where there are none."""
    return [*_without_price(report, terminal), *_estimated(report)]


def _estimated(report: UsageReport) -> list[str]:
    found = report.estimates
    if not found.calls:
        return []
    return [f"Estimated: {count(found.calls, 'call')}, {usd(from_pico(found.cost_pico))} (in the sums) → {REPRICE}"]


def _without_price(report: UsageReport, terminal: Terminal) -> list[str]:
    if not report.unpriced:
        return []
    what = f"Unpriced: {count(report.totals.unpriced_calls, 'call')}, {token_count(report.totals.unpriced_tokens)}"
    models = [terminal.name("/".join(filter(None, (part.provider, part.model))) or "-") for part in report.unpriced]
    then = f"→ {REPRICE}"
    width = terminal.width or _WIDTH
    if names := _some(models, width - length(what) - length(then) - 4):
        return [terminal.paint(what, "warning") + f" ({names}) {then}"]
    rest = width - length(then) - 3
    return [terminal.paint(what, "warning"), f"  {_some(models, rest) or cut(models[0], rest)} {then}"]


def _some(names: Sequence[str], width: int) -> str | None:
    """As many names as fit, and how many more there are; None if not even the first does."""
    for number in range(min(len(names), width), 0, -1):
        rest = len(names) - number
        found = ", ".join(names[:number]) + (f" and {rest:,} more" if rest else "")
        if length(found) <= width:
            return found
    return None


def period(from_ms: int, to_ms: int, zone: Zone = UTC_ZONE) -> str:
    """The window in words: whole days as days, with the last one included."""
    first, last = zone.day(from_ms), zone.day(to_ms - 1)
    if from_ms == 0:
        return f"all until {last} ({zone.name})"
    if zone.start_of(first) != from_ms or zone.start_of(last + timedelta(days=1)) != to_ms:
        return f"{moment(from_ms, zone)} until {moment(to_ms, zone)} ({zone.name})"
    return f"{first} ({zone.name})" if first == last else f"{first} to {last} ({zone.name})"


def moment(at_ms: int, zone: Zone = UTC_ZONE) -> str:
    """When something was, to the minute, by the clocks of a zone: ``2026-11-22 10:31``."""
    return iso((at_ms + zone.offset_ms(at_ms)) // _MINUTE_MS * _MINUTE_MS)[:16].replace("T", " ")


def cost(totals: Totals) -> str:
    """The cost as it is known: ``$0.0012``, ``≥ $0.0012 (+2 unpriced)`` or ``unpriced``; never 0 for unknown."""
    more = f" (+{totals.unpriced_calls:,} unpriced)" if totals.unpriced_calls and totals.cost_known else ""
    return short_cost(totals) + more


def short_cost(totals: Totals) -> str:
    """The cost without the number of unpriced calls: ``≥ $0.0012``."""
    known = totals.cost_usd
    return "unpriced" if known is None else f"{'≥ ' if totals.unpriced_calls else ''}{usd(known)}"


def csv(report: UsageReport) -> Iterator[str]:
    """The groups as rows of CSV: a header, one row per group, empty for unknown; a name is never read as a formula."""
    from ...usage.exports.csvtext import row

    yield row([*report.by, *map(camel, COUNTS), "costUsd", "unpricedCalls"])
    groups = [(group.key, group.totals) for group in report.groups]
    if report.other:
        groups.append((("other", *[None] * (len(report.by) - 1)), report.other.totals))
    for key, totals in groups:
        known = totals.cost_usd
        counts = (getattr(totals, name) for name in COUNTS)
        yield row([*key, *counts, None if known is None else f"{known:f}", totals.unpriced_calls])


def _shares(totals: Sequence[Totals]) -> list[float]:
    """Each row's part of the largest: of the cost, or of the tokens where no cost is known."""
    costs = [part.cost_pico for part in totals]
    sizes = costs if any(costs) else [part.total_tokens for part in totals]
    largest = max(sizes, default=0)
    return [size / largest if largest else 0.0 for size in sizes]
