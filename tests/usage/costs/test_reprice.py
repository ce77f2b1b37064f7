"""Calls get the cost that was not known, with all sums, and nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.errors import LedgerError
from fased_litellm.paths import Paths
from fased_litellm.provider.recorder import Recorder
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage
from fased_litellm.schemas import schemas
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.spent import SpendKey, Spent
from fased_litellm.usage.costs import reprice as module
from fased_litellm.usage.costs.pricelist import PriceList
from fased_litellm.usage.costs.reprice import Repriced, reprice
from fased_litellm.usage.money import to_pico
from fased_litellm.usage.query import filters
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import importlock
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import DAY_MS, START_MS, records, sample

EVERYTHING = Query(0, START_MS + 1000 * DAY_MS)
PRICES = {
    "default": {"input": 1, "output": 2, "cacheRead": 0.5},
    "free": {"input": 0, "output": 0},
    "half": {"input": 1},
}
TOKENS = {"input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 4, "cache_write_tokens": 2, "total_tokens": 36}
COST = Decimal("0.000054")  # 10 + 2 of input, 20 of output, 4 from the cache


def price_list(**prices: Any) -> PriceList:
    models = [{"id": name, "name": name, "cost": cost} for name, cost in (prices or PRICES).items()]
    config = {"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:9", "models": models}}}}
    return PriceList(config, {"litellm": "http://127.0.0.1:9"}, Paths.from_env({"HOME": "/nowhere"}), datetime.now(UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


def unpriced(call_id: str, **changes: Any) -> UsageRecord:
    return sample(call_id, **{**TOKENS, "cost": None, "cost_source": "unknown", **changes})


def run(path: Path, query: Query = EVERYTHING, prices: PriceList | None = None, *, dry_run: bool = False) -> Repriced:
    with Ledger(path) as ledger:
        result = reprice(ledger, query, prices or price_list(), dry_run=dry_run)
    Draft202012Validator(schemas()["usage-reprice.schema.json"]).validate(json.loads(json.dumps(result.as_dict())))
    return result


def fill(path: Path, *chosen: UsageRecord) -> None:
    with Ledger(path) as ledger:
        assert ledger.record_many(chosen) == len(chosen)


def test_a_cost_with_its_parts_and_where_it_came_from(path: Path) -> None:
    fill(path, unpriced("a"), unpriced("b", model="free"))
    result = run(path)
    assert (result.calls, result.cost_usd, result.left, result.without_tokens) == (2, COST, 0, 0)
    parts = "input_cost_pico, output_cost_pico, cache_read_cost_pico, cache_write_cost_pico"
    assert rows(path, f"SELECT call_id, cost_pico, cost_source, price_note, {parts} FROM call ORDER BY call_id") == [
        (
            "a",
            54 * 10**6,
            "config",
            "config models.providers.litellm.models[0].cost",
            10**7,
            4 * 10**7,
            2 * 10**6,
            2 * 10**6,
        ),
        ("b", 0, "config", "config models.providers.litellm.models[1].cost", 0, 0, 0, 0),
    ]
    assert_rollups_equal_rows(path)
    # What changed has a higher id, so that whoever follows the ledger sees it.
    assert rows(path, "SELECT min(id) FROM call") == [(3,)]
    again = run(path)
    assert (again.calls, again.left, again.models) == (0, 0, [])


def test_what_was_recorded_is_never_changed(path: Path) -> None:
    fill(path, sample("a", cost=Decimal(9)), sample("b", cost=Decimal(0), cost_source="stream"))
    before = rows(path, "SELECT * FROM call")
    assert run(path).calls == 0
    assert rows(path, "SELECT * FROM call") == before


CARD = {
    "litellm_provider": "openai",
    "input_cost_per_token": 1e-6,
    "output_cost_per_token": 2e-6,
    "cache_creation_input_token_cost": 1e-6,
    "cache_creation_input_token_cost_above_1hr": 2e-6,
    "input_cost_per_token_flex": 5e-7,
    "input_cost_per_token_above_272k_tokens": 2e-6,
    "pricing_overrides": [],
}


def listing(home: Path, **prices: Any) -> PriceList:
    """A list with what the proxy said, beside a config."""
    paths = Paths.from_env({"HOME": str(home)})
    models = (ModelFacts("default", prices=Prices.of([card.read(CARD)])),)
    cache.save(paths, Catalog("http://127.0.0.1:9", datetime.now(UTC), models))
    entries = [{"id": name, "name": name, "cost": cost} for name, cost in prices.items()]
    config = {"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:9", "models": entries}}}}
    return PriceList(config, {"litellm": "http://127.0.0.1:9"}, paths, datetime.now(UTC))


COSTS = "SELECT call_id, cost_pico, cost_source FROM call ORDER BY call_id"


def test_all_prices_of_the_catalog_count_also_under_the_same_prices_in_the_config(path: Path, home: Path) -> None:
    long = {"input_tokens": 300_000, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}
    fill(path, unpriced("long", **long, total_tokens=300_000))
    for prices, cost, source in (
        (listing(home, default={"input": 3, "output": 2}), 9 * 10**11, "estimate"),  # the user's own
        (listing(home, default={"input": 1, "output": 2}), 6 * 10**11, "config"),  # gives way to what is exact
        (listing(home), 6 * 10**11, "config"),
    ):
        run(path, prices=prices)
        assert rows(path, COSTS) == [("long", cost, source)]
        assert_rollups_equal_rows(path)


def test_what_was_written_down_of_a_call_counts(path: Path, home: Path) -> None:
    tokens = {"input_tokens": 100, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 100}
    hour = '{"cache_write_5m_tokens":0,"cache_write_1h_tokens":100}'
    fill(
        path,
        unpriced("a-flex", **{**tokens, "cache_write_tokens": 0}, total_tokens=100, billing='{"service_tier":"flex"}'),
        unpriced("b-hour", **tokens, total_tokens=200, billing=hour),
        unpriced("c-unsplit", **tokens, total_tokens=200),
        unpriced("d-broken", **tokens, total_tokens=200, billing="{"),
        unpriced("e-plain", **{**tokens, "cache_write_tokens": 0}, total_tokens=100),
        unpriced("spend:f", **{**tokens, "cache_write_tokens": 0}, total_tokens=100),
    )
    result = run(path, prices=listing(home))
    assert rows(path, COSTS) == [
        ("a-flex", 50 * 10**6, "catalog"),
        ("b-hour", 300 * 10**6, "catalog"),
        ("c-unsplit", 200 * 10**6, "estimate"),
        ("d-broken", 200 * 10**6, "estimate"),
        ("e-plain", 100 * 10**6, "catalog"),
        ("spend:f", 100 * 10**6, "catalog"),
    ]
    assert result.as_dict()["models"][0]["estimatedCalls"] == 2
    notes = dict(rows(path, "SELECT call_id, price_note FROM call"))
    assert "for an hour" in notes["c-unsplit"]
    # An estimate that would be one again is left as it is.
    again = run(path, prices=listing(home))
    assert (again.calls, again.models) == (0, [])


def test_what_stays_unknown_and_why(path: Path) -> None:
    fill(
        path,
        unpriced("a", model="half"),
        unpriced("b", model="unheard-of"),
        unpriced("c", provider="openai", model="gpt-5"),
        unpriced("d", provider=None, model=None),
        unpriced("e", input_tokens=0, output_tokens=0, cache_read_tokens=0, cache_write_tokens=0),
        unpriced("f", input_tokens=2**53 - 1),
        unpriced("g", status="interrupted", **dict.fromkeys(TOKENS, 0)),
        unpriced("h", status="error", cause="key-expired", **dict.fromkeys(TOKENS, 0)),
    )
    result = run(path)
    assert (result.calls, result.left, result.without_tokens) == (0, 6, 1)
    reasons = {f"{one['provider']}/{one['model']}": str(one["reason"]) for one in result.as_dict()["models"]}
    assert reasons["litellm/half"] == "config models.providers.litellm.models[2].cost lacks input or output"
    assert "was never asked" in reasons["litellm/unheard-of"]
    assert reasons["openai/gpt-5"] == "the config has no price for it"
    assert reasons["None/None"] == "neither provider nor model is known"
    assert reasons["litellm/default"].startswith("of some only the sum of tokens is known")
    assert rows(path, "SELECT count(*) FROM call WHERE cost_pico IS NULL") == [(8,)]
    assert rows(path, "SELECT max(id) FROM call") == [(8,)]


def test_a_dry_run_says_the_same_and_writes_nothing(path: Path) -> None:
    fill(path, *(unpriced(f"c{number}") for number in range(5)), unpriced("x", model="unheard-of"))
    before = rows(path, "SELECT * FROM call ORDER BY id")
    shown = run(path, dry_run=True)
    assert shown.dry_run
    assert rows(path, "SELECT * FROM call ORDER BY id") == before
    done = run(path)
    assert {**shown.as_dict(), "dryRun": False} == done.as_dict()


def test_only_what_is_asked_for(path: Path) -> None:
    fill(
        path,
        unpriced("a", agent="main"),
        unpriced("b", agent="ops"),
        unpriced("c", agent="main", started_at_ms=START_MS + DAY_MS),
        unpriced("d", agent="main", task="other"),
    )
    run(path, Query(START_MS, START_MS + DAY_MS, filters={"agent": ("main",)}, where=filters.parse("-task:other")))
    assert rows(path, "SELECT call_id FROM call WHERE cost_pico IS NOT NULL") == [("a",)]
    run(path, Query(START_MS, START_MS + DAY_MS, where=filters.parse("minTokens:30")))
    assert rows(path, "SELECT call_id FROM call WHERE cost_pico IS NOT NULL ORDER BY 1") == [("a",), ("b",), ("d",)]


def test_a_row_that_no_longer_counts_is_left_alone(path: Path) -> None:
    fill(path, unpriced("a"), unpriced("b"))
    with Ledger(path) as ledger, ledger.transaction() as connection:
        change(connection, {1: {"counted": 0}})
    assert run(path).calls == 1
    assert rows(path, "SELECT call_id FROM call WHERE cost_pico IS NULL") == [("a",)]
    assert_rollups_equal_rows(path)


def test_budgets_see_the_new_costs_at_once(path: Path) -> None:
    fill(path, unpriced("a"))
    key = SpendKey(Scope(), START_MS, START_MS + DAY_MS)
    spent = Spent(path)
    try:
        assert spent.of([key])[0].cost_pico == 0
        run(path)
        assert spent.of([key])[0].cost_pico == to_pico(COST)
        assert spent.of([key])[0].unpriced == {}
    finally:
        spent.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    chosen=st.lists(records(), max_size=15, unique_by=lambda one: one.call_id),
    from_day=st.integers(-1, 2),
    batch=st.integers(1, 4),
)
def test_it_is_what_plain_python_computes(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[UsageRecord], from_day: int, batch: int
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "usage.sqlite3"
    fill(path, *chosen)
    prices = Prices(Decimal("0.000001"), Decimal("0.000002"), Decimal("0.0000005"))
    begin = START_MS + from_day * DAY_MS
    expected = {}
    for one in chosen:
        usage = TokenUsage(one.input_tokens, one.output_tokens, one.cache_read_tokens, one.cache_write_tokens)
        mine = one.provider == "litellm" and one.model == "default" and one.total_tokens and one.started_at_ms >= begin
        cost = prices.cost(usage) if one.cost is None and mine else one.cost
        expected[one.call_id] = None if cost is None else to_pico(cost)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BATCH", batch)
        result = run(path, Query(begin, START_MS + 1000 * DAY_MS))
    assert dict(rows(path, "SELECT call_id, cost_pico FROM call")) == expected
    assert result.calls == sum(expected[one.call_id] is not None and one.cost is None for one in chosen)
    assert_rollups_equal_rows(path)


PROGRAM = """
import sys
from pathlib import Path
from tests.usage.costs import test_reprice as tests
from fased_litellm.usage.costs import reprice as module
module._BATCH = 20
was = module.change
def change(*arguments):
    print("lot", flush=True)
    sys.stdin.readline()
    return was(*arguments)
module.change = change
tests.run(Path(sys.argv[1]))
"""


def test_a_kill_loses_nothing_and_the_next_run_goes_on(path: Path) -> None:
    fill(path, *(unpriced(f"c{number}", session=f"s{number % 7}") for number in range(400)))
    done = 0
    for lots in (1, 6):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for _ in range(lots):
                assert process.stdout.readline() == "lot\n"
                process.stdin.write("\n")
                process.stdin.flush()
            process.send_signal(signal.SIGKILL)
        ((priced,),) = rows(path, "SELECT count(*) FROM call WHERE cost_pico IS NOT NULL")
        assert priced >= done + 20 * (lots - 1)
        assert priced % 20 == 0
        assert_rollups_equal_rows(path)
        done = priced
    assert run(path).calls == 400 - done
    assert rows(path, "SELECT count(*), sum(cost_pico) FROM call") == [(400, 400 * to_pico(COST))]
    assert_rollups_equal_rows(path)


def test_calls_are_recorded_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 5)
    fill(path, *(unpriced(f"c{number}") for number in range(200)))
    recorder = Recorder(path)
    stop = threading.Event()
    kept: list[str] = []

    def record() -> None:
        while not stop.is_set() and len(kept) < 2000:
            kept.append(f"r{len(kept)}")
            recorder.record(sample(kept[-1], cost=Decimal(1)))

    thread = threading.Thread(target=record)
    thread.start()
    try:
        assert run(path).calls == 200
    finally:
        stop.set()
        thread.join()
        recorder.close()
    with Ledger(path) as ledger:
        from fased_litellm.usage.store.spool import Spool

        ledger.drain(Spool.beside(path))
    assert rows(path, "SELECT count(*) FROM call WHERE cost_pico = 1000000000000") == [(len(kept),)]
    assert_rollups_equal_rows(path)


def test_beside_an_import_it_waits_and_then_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, unpriced("a"))
    hold = importlock.hold
    monkeypatch.setattr(importlock, "hold", lambda ledger: hold(ledger, wait_s=0))
    with hold(path), pytest.raises(LedgerError, match="Another program is importing"):
        run(path)
    assert run(path).calls == 1
