"""What was spent under budgets, against the same in plain Python."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerError
from fased_litellm.usage.budgets import spent as module
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.spent import SpendKey, Spent, Sum
from fased_litellm.usage.budgets.windows import PERIODS, window
from fased_litellm.usage.money import to_pico
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.samples import DAY_MS, START_MS, records, sample

SCOPES = st.builds(
    Scope,
    agent=st.sampled_from([None, None, "main", "-"]),
    task=st.sampled_from([None, None, "digest", "-"]),
    channel=st.sampled_from([None, None, "telegram", "-"]),
    provider=st.sampled_from([None, None, "litellm", "-"]),
    model=st.sampled_from([None, None, "default", "openai/gpt-5.5", "litellm/default", "-"]),
)
ZONES = st.sampled_from(["UTC", "+05:45", "-03:30", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
NOWS = st.integers(-3, 3 * 24).map(lambda hours: START_MS + hours * 3_600_000 + 1)


@st.composite
def keys(draw: st.DrawFn) -> list[SpendKey]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        scope = draw(SCOPES)
        period = draw(st.sampled_from(PERIODS))
        part = window(period, draw(NOWS), parse_zone(draw(ZONES)))
        found.append(SpendKey(scope, part.from_ms, part.to_ms))
    # And one that cuts through a quarter of an hour.
    begin = START_MS + draw(st.integers(-DAY_MS, DAY_MS))
    return [*found, SpendKey(draw(SCOPES), begin, begin + draw(st.integers(0, 2 * DAY_MS)))]


def has(scope: Scope, record: UsageRecord) -> bool:
    for name, wanted in scope.names().items():
        value = getattr(record, name)
        full = f"{record.provider}/{record.model}"
        if (value is not None if wanted == "-" else value != wanted) and not (name == "model" and wanted == full):
            return False
    return True


def truth(all_records: Iterable[UsageRecord], key: SpendKey) -> dict[str, Any]:
    chosen = [one for one in all_records if key.from_ms <= one.started_at_ms < key.to_ms and has(key.scope, one)]
    unpriced: dict[str, int] = {}
    for one in chosen:
        if one.unpriced:
            model = f"{one.provider or '-'}/{one.model or '-'}"
            unpriced[model] = unpriced.get(model, 0) + 1
    return {
        "calls": len(chosen),
        "cost_pico": sum(to_pico(one.cost) for one in chosen if one.cost is not None),
        "unpriced": unpriced,
        "unpriced_tokens": sum(one.total_tokens for one in chosen if one.cost is None),
    }


def found(one: Sum) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("calls", "cost_pico", "unpriced", "unpriced_tokens")}


def reprice(ledger: Ledger, model: dict[str, UsageRecord], call_id: str, cost: Decimal) -> None:
    with ledger.transaction() as connection:
        ((number,),) = connection.execute("SELECT id FROM call WHERE call_id = ?", (call_id,)).fetchall()
        change(connection, {number: {"cost_pico": to_pico(cost)}})
    values = {name: getattr(model[call_id], name) for name in UsageRecord.__dataclass_fields__}
    model[call_id] = UsageRecord(**{**values, "cost": cost})


STEPS = st.lists(
    st.tuples(st.just("record"), st.lists(records(), min_size=1, max_size=4))
    | st.tuples(st.just("spool"), records())
    | st.tuples(st.just("change"), st.integers(0, 20), st.decimals(0, 10, places=12))
    | st.tuples(st.just("nothing")),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, wanted=keys(), others=keys())
def test_it_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[Any, ...]],
    wanted: list[SpendKey],
    others: list[SpendKey],
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "usage.sqlite3"
    spool = Spool.beside(path)
    model: dict[str, UsageRecord] = {}
    with closing(Spent(path)) as spent, Ledger(path) as ledger:
        for kind, *values in steps:
            if kind == "record":
                ledger.record_many(values[0])
                model.update((one.call_id, one) for one in values[0])
            elif kind == "spool":
                spool.append(values[0])
                model[values[0].call_id] = values[0]
            elif kind == "change":
                kept = [one for one in sorted(model) if path.exists() and not spool.waiting()]
                if kept:
                    reprice(ledger, model, kept[values[0] % len(kept)], values[1])
            asked = wanted if kind != "nothing" else [*others, *wanted]
            assert [found(one) for one in spent.of(asked)] == [truth(model.values(), key) for key in asked]


ALL = SpendKey(Scope(), START_MS - DAY_MS, START_MS + 40 * DAY_MS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


@pytest.fixture
def spent(path: Path) -> Iterator[Spent]:
    with closing(Spent(path)) as made:
        yield made


def cost(spent: Spent, key: SpendKey = ALL) -> int:
    return spent.of([key])[0].cost_pico


def test_without_a_ledger_nothing_is_spent_and_none_is_made(path: Path, spent: Spent) -> None:
    assert spent.of([ALL, ALL]) == [Sum(), Sum()]
    assert not path.exists()


def test_what_waits_in_the_spool_counts_once(path: Path, spent: Spent, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1", cost=Decimal(1)))
    assert cost(spent) == 10**12  # without a ledger
    with Ledger(path) as ledger:
        ledger.record(sample("c2", cost=Decimal(2)))
    assert cost(spent) == 3 * 10**12
    assert not spool.waiting()  # it was put into the ledger
    # Where it cannot be, because another program writes, it counts all the same, and nobody waits.
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    spool.append(sample("c3", cost=Decimal(4)))
    spool.append(sample("c1", cost=Decimal(1)))  # in the ledger already: a process died while it took the spool in
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert cost(spent) == 7 * 10**12
        assert spool.waiting()
        other.execute("ROLLBACK")
    assert cost(spent) == 7 * 10**12
    assert not spool.waiting()


def test_sums_go_on_from_new_rows_alone(path: Path, spent: Spent, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("c1", cost=Decimal(1)))
        assert cost(spent) == 10**12
        monkeypatch.setattr(module, "_whole", None)  # not to be asked again
        ledger.record(sample("c2", cost=Decimal(2)))
        assert cost(spent) == 3 * 10**12
        monkeypatch.undo()
        # A price that was found later changes what was summed up before.
        with ledger.transaction() as connection:
            change(connection, {1: {"cost_pico": 5 * 10**12}})
        assert cost(spent) == 7 * 10**12
        # A row that no longer counts is taken out.
        with ledger.transaction() as connection:
            change(connection, {2: {"counted": 0}})
        assert cost(spent) == 5 * 10**12


def test_many_new_rows_are_summed_up_anew(path: Path, spent: Spent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_NEW", 3)
    with Ledger(path) as ledger:
        ledger.record(sample("c0", cost=Decimal(1)))
        assert cost(spent) == 10**12
        ledger.record_many(sample(f"c{number}", cost=Decimal(1)) for number in range(1, 10))
        assert cost(spent) == 10 * 10**12


def test_a_ledger_that_was_moved_away_is_not_read_any_more(path: Path, spent: Spent) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("c1", cost=Decimal(1)))
    assert cost(spent) == 10**12
    for file in path.parent.iterdir():
        file.rename(file.with_name(f"old-{file.name}"))
    assert cost(spent) == 0
    with Ledger(path) as ledger:
        ledger.record(sample("c2", cost=Decimal(3)))
    assert cost(spent) == 3 * 10**12


def test_a_ledger_that_cannot_be_read_is_an_error_and_the_next_one_is_read(path: Path, spent: Spent) -> None:
    path.write_bytes(b"no database at all, but as long as a page of one. " * 200)
    for _ in range(2):
        with pytest.raises(LedgerError):
            spent.of([ALL])
    path.unlink()
    with Ledger(path) as ledger:
        ledger.record(sample("c2", cost=Decimal(3)))
    assert cost(spent) == 3 * 10**12


def test_a_forked_child_reads_on_its_own(path: Path, spent: Spent) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("c1", cost=Decimal(1)))
    assert cost(spent) == 10**12
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if cost(spent) == 10**12 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert cost(spent) == 10**12
