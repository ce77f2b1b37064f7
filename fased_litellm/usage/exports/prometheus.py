"""``--format prometheus``: counters in the text format that Prometheus and the textfile collector of its node exporter read.

Labels are names of which there are few: sessions and tasks are none of them. Counters count from the beginning of the
history, since a window that moves along would have them fall.

Fact: the text format 0.0.4 of Prometheus: ``\\``, ``"`` and line breaks are escaped in values of labels, ``\\`` and line
breaks in help texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..money import from_pico
from ..report import Totals, UsageReport

LABELS = ("provider", "model", "agent", "channel", "source")
"""What tells the series of all metrics apart; ``fased_usage_calls_total`` has the status as well."""
STATUS = "status"
BY = (*LABELS, STATUS)
"""The dimensions of the report that this is made of."""

_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def text(report: UsageReport) -> Iterator[str]:
    """The lines, each with its line break.

    Args:
        report: by ``BY``.
    """
    whole = report.regroup(LABELS)
    yield from _metric(report, "calls_total", "Calls to models, by how they ended.", lambda totals: str(totals.calls))
    yield from _head("tokens_total", "Tokens, by kind: input without the cached ones, output with the reasoning.")
    for group in whole.groups:
        for name in _TOKENS:
            labels = {**dict(zip(LABELS, group.key, strict=True)), "kind": name.removesuffix("_tokens")}
            yield _sample("tokens_total", labels, str(getattr(group.totals, name)))
    yield from _metric(
        whole,
        "reasoning_tokens_total",
        "Tokens of reasoning; they are part of the output.",
        lambda totals: str(totals.reasoning_tokens),
    )
    yield from _metric(
        whole, "cost_usd_total", "The known cost in US dollars.", lambda totals: f"{from_pico(totals.cost_pico):f}"
    )
    yield from _metric(
        whole,
        "unpriced_calls_total",
        "Calls whose cost is not known, and not in fased_usage_cost_usd_total.",
        lambda totals: str(totals.unpriced_calls),
    )


def _metric(report: UsageReport, name: str, words: str, value: Callable[[Totals], str]) -> Iterator[str]:
    yield from _head(name, words)
    for group in report.groups:
        yield _sample(name, dict(zip(report.by, group.key, strict=True)), value(group.totals))


def _head(name: str, words: str) -> Iterator[str]:
    yield f"# HELP fased_usage_{name} {words}\n"
    yield f"# TYPE fased_usage_{name} counter\n"


def _sample(name: str, labels: dict[str, str | None], value: str) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items() if text)
    return f"fased_usage_{name}{{{inside}}} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
