from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.usage.exports.prometheus import BY, text
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import build
from fased_litellm.usage.record import UsageRecord
from tests.usage.exports.history import WEEK, history
from tests.usage.samples import records, sample

LINE = re.compile(r'(?P<name>[a-z_]+)\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (?P<value>[0-9.]+)')


def samples(chosen: list[UsageRecord], query: Query = WEEK) -> tuple[list[str], list[tuple[str, str, Decimal]]]:
    with history(chosen) as connection:
        lines = "".join(text(build(connection, replace(query, by=BY)))).removesuffix("\n").split("\n")
    found = []
    for line in lines:
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            found.append((match["name"], match["labels"], Decimal(match["value"])))
    return lines, found


def test_the_text_of_one_call() -> None:
    lines, _ = samples([sample(cache_read_tokens=5, reasoning_tokens=7)])
    names = 'provider="litellm",model="default",agent="main",channel="telegram",source="cli"'
    assert [line for line in lines if not line.startswith("# HELP")] == [
        "# TYPE fased_usage_calls_total counter",
        f'fased_usage_calls_total{{{names},status="ok"}} 1',
        "# TYPE fased_usage_tokens_total counter",
        f'fased_usage_tokens_total{{{names},kind="input"}} 10',
        f'fased_usage_tokens_total{{{names},kind="output"}} 20',
        f'fased_usage_tokens_total{{{names},kind="cache_read"}} 5',
        f'fased_usage_tokens_total{{{names},kind="cache_write"}} 0',
        "# TYPE fased_usage_reasoning_tokens_total counter",
        f"fased_usage_reasoning_tokens_total{{{names}}} 7",
        "# TYPE fased_usage_cost_usd_total counter",
        f"fased_usage_cost_usd_total{{{names}}} 0.00065",
        "# TYPE fased_usage_unpriced_calls_total counter",
        f"fased_usage_unpriced_calls_total{{{names}}} 0",
    ]
    assert sum(line.startswith("# HELP fased_usage_") for line in lines) == 5


@settings(max_examples=20)
@given(st.lists(records(), max_size=25))
def test_the_sums_are_those_of_the_report_and_no_series_comes_twice(chosen: list[UsageRecord]) -> None:
    _, found = samples(chosen)
    with history(chosen) as connection:
        totals = build(connection, WEEK).totals

    def whole(name: str) -> Decimal:
        return sum((value for sample, _, value in found if sample == f"fased_usage_{name}_total"), Decimal(0))

    assert whole("calls") == totals.calls
    assert (
        whole("tokens")
        == totals.input_tokens + totals.output_tokens + totals.cache_read_tokens + totals.cache_write_tokens
    )
    assert whole("reasoning_tokens") == totals.reasoning_tokens
    assert whole("cost_usd") == Decimal(totals.cost_pico) / 10**12
    assert whole("unpriced_calls") == totals.unpriced_calls
    assert len({series[:2] for series in found}) == len(found)


def test_labels_are_escaped() -> None:
    lines, _ = samples([sample(agent='a"b\\c\nd', channel="}{,=")])
    (line,) = (line for line in lines if line.startswith("fased_usage_cost"))
    assert r'agent="a\"b\\c\nd",channel="}{,="' in line


def test_there_are_few_series_however_many_sessions_and_tasks_there_are() -> None:
    _, found = samples([sample(str(n), session=f"s{n}", task=f"t{n}", role=f"r{n}") for n in range(50)])
    assert len(found) == 8
    assert not any("session" in labels or "task" in labels for _, labels, _ in found)


def test_names_that_look_like_keys_are_one_series() -> None:
    keys = ["sk-test-1234567890abcdef", "sk-test-fedcba0987654321"]
    _, found = samples([sample(str(n), model=key) for n, key in enumerate(keys)])
    assert [
        (labels.count("***"), value)
        for name, labels, value in found
        if "calls_total" in name and "unpriced" not in name
    ] == [(1, Decimal(2))]
