"""``--format prometheus``: counters in the text format that Prometheus and the textfile collector of its node exporter read.

Labels are names of which there are few: sessions and tasks are none of them. Counters count from the beginning of the
history, since a window that moves along would have them fall.

Fact: the text format 0.0.4 of Prometheus: ``\\``, ``"`` and line breaks are escaped in values of labels, ``\\`` and line
breaks in help texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..money import from_pico
from ..query.report import UsageReport
from ..query.totals import Totals, add
from .names import NameRedactor

LABELS = ("provider", "model", "agent", "channel", "source")
"""What tells the series of all metrics apart; ``fased_usage_calls_total`` has the status as well."""
STATUS = "status"
BY = (*LABELS, STATUS)
"""The dimensions of the report that this is made of."""

_KINDS = ("input", "output", "cache_read", "cache_write")

_Groups = dict[tuple[str | None, ...], Totals]


def text(report: UsageReport) -> Iterator[str]:
    """The lines, each with its line break.

    Args:
        report: by ``BY``.
    """
    names = NameRedactor()
    groups: _Groups = {}
    for group in report.groups:
        # Names that look like secrets are all shown alike; a series must not come twice.
        key = tuple(names.or_none(name) for name in group.key)
        groups[key] = add((groups[key], group.totals)) if key in groups else group.totals
    whole: _Groups = {}
    for key, totals in groups.items():
        shorter = key[: len(LABELS)]
        whole[shorter] = add((whole[shorter], totals)) if shorter in whole else totals
    yield from _metric(groups, "calls_total", "Calls to models, by how they ended.", lambda totals: str(totals.calls))
    yield from _head("tokens_total", "Tokens, by kind: input without the cached ones, output with the reasoning.")
    for key, totals in whole.items():
        for kind, tokens in zip(_KINDS, totals[2:6], strict=True):
            yield _sample("tokens_total", (*zip(LABELS, key, strict=True), ("kind", kind)), str(tokens))
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


def _metric(groups: _Groups, name: str, words: str, value: Callable[[Totals], str]) -> Iterator[str]:
    yield from _head(name, words)
    for key, totals in groups.items():
        yield _sample(name, tuple(zip(BY, key, strict=False)), value(totals))


def _head(name: str, words: str) -> Iterator[str]:
    yield f"# HELP fased_usage_{name} {words}\n"
    yield f"# TYPE fased_usage_{name} counter\n"


def _sample(name: str, labels: Sequence[tuple[str, str | None]], value: str) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels if text)
    return f"fased_usage_{name}{{{inside}}} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
