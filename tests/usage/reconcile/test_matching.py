"""Pairs of calls and rows, against a plain model: each side is made from one truth, with parts left out or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.paths import Paths
from fased_litellm.proxy.management.spend import SpendRow
from fased_litellm.usage.costs.pricelist import PriceList
from fased_litellm.usage.reconcile.backfill import record_of
from fased_litellm.usage.reconcile.outcomes import judge
from fased_litellm.usage.reconcile.result import Reconciliation
from fased_litellm.usage.reconcile.tempdb import row_of, take_history, take_rows
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.proxyrows import matching
from fased_litellm.usage.store.proxyrows.scratch import scratch
from tests.usage.samples import DAY_MS, START_MS, sample

WINDOW = (START_MS, START_MS + DAY_MS)


def row(number: int, spend: str = "0.00065", at_ms: int = 1000, **changes: Any) -> SpendRow:
    values: dict[str, Any] = {
        "call_id": f"c{number}",
        "request_id": f"r{number}",
        "started_at_ms": START_MS + at_ms,
        "duration_ms": 5.0,
        "status": "success",
        "spend": Decimal(spend),
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "total_tokens": 30,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "model": "openai/gpt-5.5",
        "model_group": "default",
        "model_id": None,
        "api_key": "ab" * 32,
        "agent_id": "main",
        "session_id": "s1",
        "end_user": None,
        "tags": ("agent:main", "task:digest", "source:cli"),
        "error_class": None,
        "key_alias": None,
    }
    return SpendRow(**(values | changes))


@contextmanager
def compared(folder: Path, records: list[UsageRecord], rows: list[SpendRow]) -> Iterator[Any]:
    path = folder / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(records)
    with scratch() as connection:
        take_history(connection, path, *WINDOW)
        take_rows(connection, iter(rows))
        matching.match(connection)
        yield connection


def result(folder: Path, records: list[UsageRecord], rows: list[SpendRow], limit: int = 100) -> Reconciliation:
    with compared(folder, records, rows) as connection:
        return judge(connection, *WINDOW, limit=limit)


COSTS = st.sampled_from(["0", "0.00065", "0.0013"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["both", "here", "there"]), COSTS, COSTS, st.sampled_from(["a", "b"])), max_size=12
    ),
    st.integers(0, 12),
)
def test_every_call_is_judged_once(
    tmp_path_factory: pytest.TempPathFactory, truth: list[tuple[str, str, str, str]], limit: int
) -> None:
    records, rows, expected = [], [], Counter[str]()
    for number, (where, here, there, model) in enumerate(truth):
        if where != "there":
            records.append(sample(f"c{number}", START_MS + number, model=model, cost=Decimal(here)))
        if where != "here":
            rows.append(row(number, there, number, model_group=model))
        if where != "both":
            expected[f"missing-{'here' if where == 'there' else 'there'}"] += 1
        elif here == there:
            expected["equal"] += 1
        elif here == "0" or there == "0":
            expected["zero-here" if here == "0" else "zero-there"] += 1
        else:
            expected["cost-differs"] += 1
    found = result(tmp_path_factory.mktemp("ledger"), records, rows, limit)
    assert {kind: count for kind, count in found.totals.counts.items() if count} == dict(expected)
    differing = sum(expected.values()) - expected["equal"]
    assert len(found.differences) == min(limit, differing)
    assert found.more == differing - len(found.differences)
    assert found.agrees is (differing == 0)
    assert found.totals.here_pico == sum(record.cost_pico or 0 for record in records)
    assert found.totals.there_pico == sum(int(one.spend * 10**12) for one in rows)


def test_a_fallback_has_two_rows_and_is_one_call(tmp_path: Path) -> None:
    failed = row(1, "0", status="failure", total_tokens=0)
    found = result(tmp_path, [sample("c1-2", START_MS + 1000)], [failed, replace(row(2), call_id="c1-2")])
    assert found.agrees
    assert (found.attempts, found.totals.counts["equal"]) == (1, 1)


def test_a_refused_call_need_not_have_a_row(tmp_path: Path) -> None:
    refused = sample("c9", START_MS, status="error", cost=None, input_tokens=0, output_tokens=0, total_tokens=0)
    found = result(tmp_path, [refused], [])
    assert found.agrees
    assert found.unsent == 1


def test_a_refusal_at_the_proxy_is_no_missing_call(tmp_path: Path) -> None:
    assert result(tmp_path, [], [row(1, "0", status="failure", total_tokens=0)]).agrees


def test_a_completion_id_finds_a_call_with_another_id(tmp_path: Path) -> None:
    found = result(tmp_path, [sample("main/s1/a1", START_MS + 1000, response_id="r1")], [row(1)])
    assert found.agrees
    assert found.matched == {"completion": 1}


def test_a_proxys_own_id_finds_its_row(tmp_path: Path) -> None:
    """Releases that take no ids from clients, and gateways before a proxy that make new ones."""
    calls = [sample(f"ours-{n}", START_MS + 1000, proxy_call_id=f"c{n}", response_id="same") for n in (1, 2)]
    found = result(tmp_path, calls, [row(2), row(1), row(3)])
    assert found.matched == {"proxy-call-id": 2}
    (missing,) = found.differences
    assert (missing.kind, missing.call_id, missing.proxy_call_id) == ("missing-here", "c3", "c3")


def test_our_own_id_comes_before_the_proxys(tmp_path: Path) -> None:
    """A proxy that names one call as it named another does not take that one's row away from it."""
    calls = [sample("c1", START_MS, proxy_call_id="c2"), sample("c2", START_MS, proxy_call_id="c1", total_tokens=31)]
    found = result(tmp_path, calls, [row(1), row(2, "0.1", total_tokens=31)])
    assert found.matched == {"call-id": 2}
    assert [(one.kind, one.call_id) for one in found.differences] == [("cost-differs", "c2")]


def test_an_id_that_every_call_has_says_nothing(tmp_path: Path) -> None:
    calls = [
        sample(f"ours-{n}", START_MS + n * 1000, proxy_call_id="same", response_id="same", total_tokens=30 + n)
        for n in range(4)
    ]
    rows = [row(n, at_ms=n * 1000, call_id="same", total_tokens=30 + n) for n in reversed(range(4))]
    found = result(tmp_path, calls, rows)
    assert found.agrees
    assert found.matched == {"content": 4}


def test_of_rows_with_one_completion_the_most_alike_is_taken(tmp_path: Path) -> None:
    calls = [sample(f"a{n}", START_MS + n, response_id="r1", total_tokens=30 + n) for n in range(5)]
    found = result(tmp_path, calls, [row(1, total_tokens=33)])
    assert found.matched == {"completion": 1}
    assert "a3" not in {one.call_id for one in found.differences}


def test_a_filled_call_has_an_id_of_ours_and_both_of_the_proxys(tmp_path: Path) -> None:
    first, second = record_of(row(1)), record_of(row(2, call_id="c1"))
    assert (first.call_id == second.call_id, first.proxy_call_id, first.response_id) == (False, "c1", "r1")
    assert first == record_of(row(1))
    # It takes no id which this side is about to use for a call of its own.
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        assert ledger.record_many([first, second]) == 2
        assert ledger.record(sample("c1"))


def imported(folder: Path, *calls: tuple[str, int]) -> Path:
    """A ledger with calls that were read from a file of the Node agent."""
    path = folder / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(sample(name, START_MS + at_ms) for name, at_ms in calls)
        with ledger.transaction() as connection:
            connection.execute("UPDATE call SET feed = 1")
    return path


def test_calls_of_the_node_agent_are_found_by_their_content_the_nearest_first(tmp_path: Path) -> None:
    path = imported(tmp_path, ("main/s1/a1", 10_000), ("main/s1/a2", 20_000))
    with scratch() as connection:
        take_history(connection, path, *WINDOW)
        take_rows(
            connection,
            [row(1, at_ms=19_000), row(2, at_ms=11_000), row(3, at_ms=15_000), row(4, at_ms=10_000, total_tokens=31)],
        )
        matching.match(connection)
        found = judge(connection, *WINDOW, limit=9)
    assert found.matched == {"content": 2}
    assert [difference.call_id for difference in found.differences] == ["c4", "c3"]


def test_what_lies_outside_of_the_window_still_finds_its_partner(tmp_path: Path) -> None:
    found = result(
        tmp_path, [sample("c1", START_MS - 5), sample("c2", START_MS + 5)], [row(1, at_ms=3), row(2, at_ms=-3)]
    )
    assert found.agrees
    assert found.totals.counts["equal"] == 1


def test_young_calls_are_waited_for(tmp_path: Path) -> None:
    with compared(tmp_path, [sample("c1", START_MS), sample("c2", START_MS + 9)], [row(1)]) as connection:
        assert matching.waiting(connection, START_MS) == 1
        assert matching.waiting(connection, START_MS + 10) == 0


def test_what_is_missing_is_filled_in_as_it_was(tmp_path: Path) -> None:
    missing = row(7, prompt_tokens=120, completion_tokens=8, total_tokens=128, cache_read_tokens=100)
    with compared(tmp_path, [], [missing]) as connection:
        [whole] = matching.to_fill(connection, *WINDOW)
        assert row_of(whole) == missing
        record = record_of(row_of(whole))
    assert (record.input_tokens, record.cache_read_tokens, record.output_tokens, record.total_tokens) == (
        20,
        100,
        8,
        128,
    )
    assert (record.agent, record.task, record.source, record.session) == ("main", "digest", "cli", "s1")
    assert (record.cost, record.cost_source) == (Decimal("0.00065"), "spend-row")
    with Ledger(tmp_path / "usage.sqlite3") as ledger:
        assert ledger.record(record)
    with scratch() as connection:
        take_history(connection, tmp_path / "usage.sqlite3", *WINDOW)
        take_rows(connection, [missing])
        matching.match(connection)
        assert judge(connection, *WINDOW, limit=9).agrees


def test_a_spend_of_nothing_for_tokens_is_an_unknown_cost() -> None:
    record = record_of(row(1, "0"))
    assert (record.cost, record.cost_source, record.unpriced) == (None, "unknown", True)


@pytest.mark.parametrize(
    ("cost", "changes", "expected"),
    [
        ({"input": 1, "output": 2}, {}, (Decimal("0.00005"), "config")),
        ({"input": 1}, {}, (None, "unknown")),
        ({"input": 0, "output": 0}, {}, (Decimal(0), "config")),
        ({"input": 1, "output": 2}, {"cache_read_tokens": 5}, (Decimal("0.00005"), "config")),
        ({"input": 1, "output": 2}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 5}, (None, "unknown")),
        (
            {"input": 1, "output": 2},
            {"prompt_tokens": 200_000, "total_tokens": 200_020},
            (Decimal("0.20004"), "estimate"),
        ),
    ],
)
def test_a_spend_of_nothing_gives_way_to_the_list_of_prices(
    home: Path, cost: dict[str, float], changes: dict[str, Any], expected: tuple[Decimal | None, str]
) -> None:
    models = [{"id": "default", "name": "d", "cost": cost}]
    config = {"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:9", "models": models}}}}
    paths = Paths.from_env({"HOME": str(home)})
    prices = PriceList(config, {"litellm": "http://127.0.0.1:9"}, paths, datetime.now(UTC))
    record = record_of(row(1, "0", **changes), prices)
    assert (record.cost, record.cost_source) == expected
