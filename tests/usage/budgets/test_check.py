"""The budgets before a call: it passes, passes with warnings, or is refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.context import CallContext
from fased_litellm.errors import BudgetError, BudgetExceeded
from fased_litellm.refs import ModelRef
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.check import Checker
from fased_litellm.usage.budgets.edits import parse_limits, put
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, sample

CONTEXT = CallContext(agent="main", task="digest", channel="telegram")
REF = ModelRef.parse("litellm/default")
NOON_MS = START_MS + DAY_MS // 2  # 2026-11-21T12:00:00Z


class Place:
    def __init__(self, folder: Path) -> None:
        self.budgets, self.ledger = folder / "budgets.json", folder / "usage.sqlite3"
        self.checker = Checker(self.budgets, self.ledger)

    def set(
        self,
        daily: str | None = None,
        monthly: str | None = None,
        action: Any = None,
        zone: str | None = None,
        **names: str,
    ) -> None:
        limits = parse_limits({"day": daily, "month": monthly})
        store.change(self.budgets, lambda book: put(book, Scope(**names), limits, action, zone)[0])

    def spend(self, usd: str | None, call_id: str = "c1", **changes: Any) -> None:
        cost = None if usd is None else Decimal(usd)
        with Ledger(self.ledger) as ledger:
            assert ledger.record(sample(call_id, **{"started_at_ms": NOON_MS, "cost": cost, **changes}))

    def check(self, context: CallContext = CONTEXT, ref: ModelRef = REF) -> tuple[str, ...]:
        return self.checker.check(context, ref)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(time, "time_ns", lambda: NOON_MS * 1_000_000)
    made = Place(tmp_path)
    with closing(made.checker):
        yield made


def test_without_budgets_nothing_is_asked(place: Place) -> None:
    assert place.check() == ()
    assert not place.ledger.exists()


def test_a_budget_that_stops_refuses_from_its_limit_on(place: Place) -> None:
    place.set(daily="5", monthly="50", action="stop", agent="main")
    assert place.check() == ()
    place.spend("4.999999999999")
    assert place.check() == (
        "Budget 1 (agent main) is nearly used up: $4.99 of $5.00 on 2026-11-21 (UTC). Calls are refused from $5.00 on.",
    )
    place.spend("0.000000000001", "c2")
    with pytest.raises(BudgetExceeded) as caught:
        place.check()
    error = caught.value
    assert (error.code, error.exit_status) == ("budget-exceeded", 1)
    assert error.message == "Budget 1 (agent main) is used up: $5.00 of $5.00 on 2026-11-21 (UTC). Nothing was sent."
    assert error.hint == (
        "It resets on 2026-11-22. `fased usage budget set --agent main --daily AMOUNT` raises it,"
        " `fased usage budget remove 1` removes it."
    )
    assert error.as_dict()["budget"] == {
        "id": 1,
        "scope": "agent main",
        "period": "day",
        "limitUsd": 5.0,
        "spentUsd": 5.0,
        "reservedUsd": 0.0,
        "resetsAt": "2026-11-22T00:00:00Z",
    }
    # Whoever it does not count may call.
    assert place.check(CallContext(agent="ops")) == ()


def test_the_next_day_it_is_open_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.set(daily="5", action="stop")
    place.spend("5")
    with pytest.raises(BudgetExceeded):
        place.check()
    monkeypatch.setattr(time, "time_ns", lambda: (START_MS + DAY_MS) * 1_000_000)
    assert place.check() == ()


def test_a_budget_that_warns_says_so_and_lets_pass(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.set(daily="5", agent="main")
    place.spend("4.5")
    assert place.check() == ()
    place.spend("0.75", "c2")
    caplog.set_level(logging.WARNING)
    expected = "Budget 1 (agent main) is used up: $5.25 of $5.00 on 2026-11-21 (UTC). It resets on 2026-11-22."
    assert [place.check(), place.check()] == [(expected,), (expected,)]
    assert caplog.messages == [expected]  # once, not with every call


def test_the_limit_that_resets_last_is_told_and_the_others_besides(place: Place) -> None:
    place.set(daily="1", monthly="2", action="stop")
    place.set(daily="1", action="stop", model="litellm/default")
    place.set(daily="1", task="digest")
    place.spend("3")
    with pytest.raises(BudgetExceeded) as caught:
        place.check()
    assert caught.value.period == "month"
    assert caught.value.spent_usd == Decimal(3)
    assert caught.value.message.splitlines() == [
        "Budget 1 (all calls) is used up: $3.00 of $2.00 in 2026-11 (UTC). Nothing was sent.",
        "Budget 1 (all calls) is used up too: $3.00 of $1.00 on 2026-11-21 (UTC).",
        "Budget 2 (model litellm/default) is used up too: $3.00 of $1.00 on 2026-11-21 (UTC).",
    ]
    assert (caught.value.hint or "").startswith(
        "It resets on 2026-12-01. `fased usage budget set --monthly AMOUNT` raises it"
    )


def test_days_are_those_of_its_zone(place: Place) -> None:
    place.set(daily="1", action="stop", zone="Pacific/Auckland")
    # There it is 2026-11-22 01:00 at noon of UTC; an hour and a half before, it was the day before.
    place.spend("1", started_at_ms=NOON_MS - 90 * 60_000)
    assert place.check() == ()
    place.spend("1", "c2", started_at_ms=NOON_MS - 30 * 60_000)
    with pytest.raises(BudgetExceeded, match=r"on 2026-11-22 \(Pacific/Auckland\)") as caught:
        place.check()
    assert caught.value.resets_at == "2026-11-22T11:00:00Z"


def test_calls_without_a_price_are_said_to_be_uncounted(place: Place) -> None:
    place.set(daily="5", action="stop")
    # One that was never answered may have cost something, and no price will tell; that is no reason to warn of each call.
    place.spend(None, "t1", status="error", cause="timeout", total_tokens=0, input_tokens=0, output_tokens=0)
    assert place.check() == ()
    place.spend(None, "u1")
    place.spend(None, "u2", model="other")
    (text,) = place.check()
    assert text == (
        "Budget 1 (all calls) cannot be enforced: 3 calls without a known price are not counted (litellm/default, litellm/other)."
        " `fased usage reprice` looks for their price."
    )
    place.spend("5", "c2")
    with pytest.raises(BudgetExceeded) as caught:
        place.check()
    assert "3 calls without a known price are not counted" in (caught.value.hint or "")


def test_a_ledger_that_cannot_be_read_stops_what_stops_and_warns_else(place: Place) -> None:
    place.ledger.write_bytes(b"no database at all, but as long as a page of one. " * 200)
    place.set(daily="5", task="digest")
    (text,) = place.check()
    assert text.startswith("Budget 1 (task digest) was not checked: The usage ledger")
    place.set(daily="5", action="stop", agent="main")
    with pytest.raises(BudgetError, match=r"Budget 2 \(agent main\) cannot be checked, so nothing was sent") as caught:
        place.check()
    assert not isinstance(caught.value, BudgetExceeded)
    assert "`fased usage budget set --agent main --action warn` lets calls pass" in (caught.value.hint or "")


def test_budgets_that_cannot_be_read_stop_every_call(place: Place) -> None:
    place.set(daily="5")
    assert place.check() == ()
    place.budgets.write_text("{}")
    for _ in range(2):
        with pytest.raises(BudgetError, match="are damaged"):
            place.check()
    place.budgets.unlink()
    assert place.check() == ()


def test_a_zone_that_this_machine_does_not_know_is_no_reason_to_pass(place: Place) -> None:
    place.set(daily="5", action="stop")
    place.budgets.write_text(place.budgets.read_text().replace("UTC", "Mars/Olympus"))
    with pytest.raises(BudgetError, match="There is no time zone 'Mars/Olympus'"):
        place.check()


def test_a_change_of_the_budgets_counts_at_once(place: Place) -> None:
    place.spend("5")
    place.set(daily="5", action="stop")
    with pytest.raises(BudgetExceeded):
        place.check()
    place.set(daily="6")
    assert len(place.check()) == 1
    place.set(daily="50")
    assert place.check() == ()
