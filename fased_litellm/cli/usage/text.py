"""A usage report for people (lines of text) and for spreadsheets (CSV)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ...usage.query import DIMENSIONS
from ...usage.record import camel, iso
from ...usage.report import COUNTS, Totals, UsageReport
from .table import Column, printable, render

_TITLES = {**{name: name.capitalize() for name in DIMENSIONS}, "servedModel": "Served model"}
_DAY_MS = 86_400_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(report: UsageReport, *, width: int | None, limit: int | None = None) -> list[str]:
    """The groups of a report as a table.

    Args:
        width: columns of the terminal, None for no limit.
        limit: most rows to show; the others are counted in a last line.
    """
    groups = report.groups[:limit]
    totals = [group.totals for group in groups]
    names = [
        Column(_TITLES[name], [printable(group.key[place] or "-") for group in groups])
        for place, name in enumerate(report.by)
    ]
    numbers = [
        Column("Calls", [f"{part.calls:,}" for part in totals], right=True),
        Column("Failed", [f"{part.failed:,}" for part in totals], right=True, spare=1),
        Column("Input", [count(part.input_tokens) for part in totals], right=True, spare=2),
        Column("Output", [count(part.output_tokens) for part in totals], right=True, spare=3),
        Column("Cached", [count(part.cache_read_tokens) for part in totals], right=True, spare=5),
        Column("To cache", [count(part.cache_write_tokens) for part in totals], right=True, spare=6),
        Column("Reasoning", [count(part.reasoning_tokens) for part in totals], right=True, spare=4),
        Column("Tokens", [count(part.total_tokens) for part in totals], right=True),
        Column("Cost", [cost(part) for part in totals], right=True),
    ]
    # A column of nothing but zeros says nothing.
    shown = [column for column in numbers if not column.spare or set(column.cells) != {"0"}]
    lines = render([*names, *shown], _shares(totals), width)
    if len(report.groups) > len(groups):
        lines.append(f"… and {len(report.groups) - len(groups)} more: fased usage --by {','.join(report.by)}")
    return lines


def summary(totals: Totals) -> str:
    """The totals in one line."""
    calls = f"{totals.calls:,} call{'' if totals.calls == 1 else 's'}"
    if totals.failed:
        calls += f", {totals.failed:,} failed"
    inside = [
        f"{count(number)} {word}"
        for number, word in (
            (totals.input_tokens, "in"),
            (totals.output_tokens, "out"),
            (totals.cache_read_tokens, "from cache"),
            (totals.cache_write_tokens, "to cache"),
        )
        if number
    ]
    tokens = f"{count(totals.total_tokens)} tokens" + (f" ({', '.join(inside)})" if inside else "")
    return f"{calls} · {tokens} · {cost(totals)}"


def unpriced(report: UsageReport) -> str | None:
    """A line about calls without a known price, None where there are none; names the models if the report has them."""
    number = report.totals.unpriced_calls
    if not number:
        return None
    models = ""
    if "model" in report.by:
        place = report.by.index("model")
        found = dict.fromkeys(group.key[place] or "-" for group in report.groups if group.totals.unpriced_calls)
        models = f" ({', '.join(printable(name) for name in found)})"
    subject = "1 call has" if number == 1 else f"{number:,} calls have"
    return f"{subject} no known price{models}: what they cost is not in these sums."


def period(from_ms: int, to_ms: int) -> str:
    """The window in words: whole days as days, with the last one included."""
    if from_ms % _DAY_MS or to_ms % _DAY_MS:
        return f"{iso(from_ms)} until {iso(to_ms)}"
    first, last = iso(from_ms)[:10], iso(to_ms - _DAY_MS)[:10]
    return f"{first} (UTC)" if first == last else f"{first} to {last} (UTC)"


def cost(totals: Totals) -> str:
    """The cost as it is known: ``$0.0012``, ``≥ $0.0012 (+2 unpriced)`` or ``unpriced``; never 0 for unknown."""
    known = totals.cost_usd
    if known is None:
        return "unpriced"
    if totals.unpriced_calls:
        return f"≥ {dollars(known)} (+{totals.unpriced_calls:,} unpriced)"
    return dollars(known)


def dollars(usd: Decimal) -> str:
    """An amount with two digits after the point, or four below a dollar; below a cent, its three leading digits."""
    if usd >= 1 or usd == 0:
        return f"${usd:,.2f}"
    if usd >= Decimal("0.01"):
        return f"${usd:.4f}"
    leading = usd.quantize(Decimal(1).scaleb(usd.adjusted() - 2))
    return f"${leading:f}".rstrip("0")


def count(number: int) -> str:
    """A number of tokens: ``9,876``, ``45.6k``, ``1.23M``."""
    if number < 10_000:
        return f"{number:,}"
    for size, letter in ((10**9, "G"), (10**6, "M")):
        if number >= size - size // 2000:  # from here on three digits round up to this size
            return f"{number / size:,.0f}{letter}" if number >= 999 * size else f"{number / size:.3g}{letter}"
    return f"{number / 1000:.3g}k"


def csv(report: UsageReport) -> str:
    """The groups as CSV: a header, one line per group, empty for unknown; a name is never read as a formula."""
    from csv import writer
    from io import StringIO

    text = StringIO()
    rows = writer(text, lineterminator="\n")
    fields = [camel(name) for name in COUNTS]
    rows.writerow([*report.by, *fields, "costUsd", "unpricedCalls"])
    for group in report.groups:
        values = group.totals.as_dict()
        usd = group.totals.cost_usd
        names = [_harmless(name or "") for name in group.key]
        rows.writerow(
            [
                *names,
                *(values[field] for field in fields),
                "" if usd is None else f"{usd:f}",
                group.totals.unpriced_calls,
            ]
        )
    return text.getvalue().removesuffix("\n")


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _shares(totals: Sequence[Totals]) -> list[float]:
    """Each row's part of the largest: of the cost, or of the tokens where no cost is known."""
    costs = [part.cost_pico for part in totals]
    sizes = costs if any(costs) else [part.total_tokens for part in totals]
    largest = max(sizes, default=0)
    return [size / largest if largest else 0.0 for size in sizes]
