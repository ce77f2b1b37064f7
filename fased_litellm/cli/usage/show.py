"""What ``fased usage`` shows to people: a screen, or one table. Pure: answers and a terminal make lines."""

from __future__ import annotations

from ...usage.overview import Overview
from ...usage.report import UsageReport
from ...usage.spread import Spread
from . import text
from .terminal import Terminal


def screen(found: Overview, terminal: Terminal) -> list[str]:
    """The lines of ``fased usage`` alone."""
    if not found.report.totals.calls:
        return nothing(found.report, terminal)
    from .screen import lines

    return lines(found, terminal)


def table(report: UsageReport, spread: Spread | None, terminal: Terminal) -> list[str]:
    """The lines of ``fased usage --by …``.

    Args:
        report: with at least one dimension.
        spread: of the same calls over time, None if the table shows that by itself.
        terminal: what they are shown on.
    """
    if not report.totals.calls:
        return nothing(report, terminal)
    lines = [
        f"Usage, {text.period(report.from_ms, report.to_ms, report.zone)}",
        text.summary(report.totals, terminal.width),
    ]
    if spread and (drawn := text.spread_line(spread, terminal)):
        lines.append(drawn)
    lines += ["", *text.table(report, terminal)]
    if unpriced := text.unpriced(report, terminal):
        lines += ["", *unpriced]
    return [terminal.line(line) for line in lines]


def nothing(report: UsageReport, terminal: Terminal, *, ever: bool = True) -> list[str]:
    """The lines where there are no calls.

    Args:
        report: of the window.
        terminal: what they are shown on.
        ever: whether there is a history at all.
    """
    line = terminal.line(f"No calls, {text.period(report.from_ms, report.to_ms, report.zone)}.")
    return [line] if ever else [line, "None was ever recorded here; `fased litellm chat` makes the first."]
