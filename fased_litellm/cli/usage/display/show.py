"""What ``fased usage --by …`` shows to people, and what it says where there is nothing. Pure: answers and a terminal make lines."""

from __future__ import annotations

from ....usage.query.report import UsageReport
from ....usage.query.timeseries import Spread
from ...display import text
from ...display.terminal import Terminal

NOT_LATELY = "No calls in the last 7 days. The newest week that has some:"


def table(report: UsageReport, spread: Spread | None, terminal: Terminal) -> list[str]:
    """The lines of ``fased usage --by …``.

    Args:
        report: with at least one dimension, and at least one call.
        spread: of the same calls over time, None if the table shows that by itself.
        terminal: what they are shown on.
    """
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
