"""A call counts once, be it from the proxy's row, from a transcript or from the spool, and whichever comes first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.proxy.management.spend import SpendRow
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.spent import SpendKey, Spent
from fased_litellm.usage.imports.pipeline import run
from fased_litellm.usage.money import to_pico
from fased_litellm.usage.reconcile.backfill import record_of
from fased_litellm.usage.reconcile.outcomes import judge
from fased_litellm.usage.reconcile.result import Reconciliation
from fased_litellm.usage.reconcile.tempdb import row_of, take_history, take_rows
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.proxyrows import matching
from fased_litellm.usage.store.proxyrows.scratch import scratch
from fased_litellm.usage.store.repair.pages import Pages
from fased_litellm.usage.store.repair.salvage import salvage
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, header, reply

HOUR_MS = 3_600_000
WINDOW = (T0 - HOUR_MS, T0 + 2 * HOUR_MS)
COST = {"litellm/a": Decimal("0.001"), "litellm/b": Decimal("0.5")}


@dataclass(frozen=True)
class Call:
    """What happened.

    Attributes:
        number: its place, by which it is named.
        by: ``node`` writes a transcript without an id of the reply, ``named`` one with it; ``own`` calls have an id which the
            proxy took, ``gateway`` ones an id of the proxy's own; nobody here made ``foreign`` ones.
        at_ms: when it began.
        took_ms: how long it took.
        tokens: which of few numbers of tokens.
        row: whether the proxy kept its row.
        priced: whether this side knows the cost.
    """

    number: int
    by: str
    at_ms: int
    took_ms: int
    model: str
    tokens: int
    row: bool
    priced: bool

    @property
    def cost(self) -> Decimal | None:
        return COST[f"litellm/{self.model}"] * self.tokens if self.row or self.priced else None

    def record(self) -> UsageRecord:
        return UsageRecord(
            f"own-{self.number}",
            self.at_ms,
            provider="litellm",
            model=self.model,
            input_tokens=self.tokens,
            total_tokens=self.tokens,
            proxy_call_id=f"proxy-{self.number}" if self.by == "gateway" else None,
            cost=self.cost if self.priced else None,
            cost_source="header" if self.priced else "unknown",
        )

    def line(self) -> dict[str, Any]:
        usage: dict[str, Any] = {
            "input": self.tokens,
            "output": 0,
            "cacheRead": 0,
            "cacheWrite": 0,
            "totalTokens": self.tokens,
        }
        if self.priced:
            usage["cost"] = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": float(self.cost or 0)}
        named = f"chatcmpl-{self.number:08}" if self.by == "named" else None
        return reply(
            f"m{self.number}",
            self.at_ms + self.took_ms,
            usage=usage,
            model=self.model,
            responseId=named,
            timestamp=None,
        )

    def spend_row(self) -> SpendRow:
        call_id = {"own": f"own-{self.number}"}.get(self.by, f"proxy-{self.number}")
        return SpendRow(
            call_id=call_id,
            request_id=f"chatcmpl-{self.number:08}",
            started_at_ms=self.at_ms,
            duration_ms=float(self.took_ms),
            status="success",
            spend=COST[f"litellm/{self.model}"] * self.tokens,
            prompt_tokens=self.tokens,
            completion_tokens=0,
            total_tokens=self.tokens,
            cache_read_tokens=0,
            cache_write_tokens=0,
            model="provider/x",
            model_group=self.model,
            model_id=None,
            api_key="ab" * 32,
            agent_id=None,
            session_id=None,
            end_user=None,
            tags=(),
            error_class=None,
            key_alias=None,
        )


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Many that look alike, within a second."""
    found = []
    for number in range(draw(st.integers(0, 14))):
        by = draw(st.sampled_from(["node", "named", "own", "gateway", "foreign"]))
        # Where only the content tells and the row is lost, another's row that looks alike is taken for it, and nobody can know better.
        row = by in ("node", "foreign", "gateway") or draw(st.booleans())
        moment = T0 + draw(st.integers(0, 1000))
        took, tokens = draw(st.sampled_from([0, 3, 40_000])), draw(st.sampled_from([30, 30, 30, 31]))
        model = draw(st.sampled_from(["a", "a", "b"]))
        found.append(Call(number, by, moment, took, model, tokens, row, draw(st.booleans())))
    return found


class Side:
    """This side's ledger, and how calls get into it."""

    def __init__(self, folder: Path, truth: Sequence[Call]) -> None:
        self.node = Node(folder / "state")
        self.truth = truth
        self.path = self.node.ledger
        self.transcribed = [call for call in truth if call.by in ("node", "named")]
        self.recorded = [call for call in truth if call.by in ("own", "gateway")]

    def call(self) -> None:
        half = len(self.recorded) // 2
        with Ledger(self.path) as ledger:
            for call in self.recorded[:half]:
                ledger.record(call.record())
            if self.recorded[half:]:
                Spool.beside(self.path).append(*(call.record() for call in self.recorded[half:]))
                ledger.drain(Spool.beside(self.path))

    def import_half(self) -> None:
        self._import(self.transcribed[::2])

    def import_again(self) -> None:
        self._import(self.transcribed)

    def _import(self, chosen: Sequence[Call]) -> None:
        self.node.write(self.node.transcript(), [header("s1", T0 - HOUR_MS), *(call.line() for call in chosen)])
        run(self.path, self.node.paths, wait=True, workers=0)

    def fill(self) -> None:
        with self.compared() as connection:
            rows = [record_of(row_of(whole)) for whole in matching.to_fill(connection, *WINDOW)]
        with Ledger(self.path) as ledger:
            ledger.record_many(rows)

    @contextmanager
    def compared(self) -> Iterator[sqlite3.Connection]:
        with scratch() as connection:
            take_history(connection, self.path, *WINDOW)
            take_rows(connection, (call.spend_row() for call in self.truth if call.row))
            matching.match(connection)
            yield connection

    def judged(self) -> Reconciliation:
        with self.compared() as connection:
            return judge(connection, *WINDOW, limit=50)

    def sums(self) -> list[tuple[str, int, int, int, int]]:
        """Model, calls, tokens, cost in pico-USD and calls without a cost, of what counts."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(
                "SELECT model, count(*), sum(total_tokens), sum(coalesce(cost_pico, 0)), sum(cost_pico IS NULL) FROM call"
                " JOIN dimension ON dimension.id = call.dimension WHERE counted GROUP BY 1 ORDER BY 1"
            ).fetchall()


def expected(truth: Sequence[Call]) -> list[tuple[str, int, int, int, int]]:
    found = []
    for model in sorted({call.model for call in truth}):
        chosen = [call for call in truth if call.model == model]
        costs = [call.cost for call in chosen]
        known = sum((cost for cost in costs if cost is not None), Decimal(0))
        tokens = sum(call.tokens for call in chosen)
        found.append((model, len(chosen), tokens, to_pico(known), costs.count(None)))
    return found


STEPS = ("call", "import_half", "fill", "import_again")


@settings(max_examples=60)
@given(calls(), st.permutations(STEPS), st.booleans())
def test_in_any_order_each_call_counts_once(
    tmp_path_factory: pytest.TempPathFactory, truth: list[Call], order: list[str], twice: bool
) -> None:
    side = Side(tmp_path_factory.mktemp("side"), truth)
    budget = Spent(side.path)
    key = SpendKey(Scope(), *WINDOW)
    try:
        for step in (*order, *(["fill"] if twice else [])):
            getattr(side, step)()
            if side.path.exists():
                assert_rollups_equal_rows(side.path)
                (sums,) = budget.of([key])
                assert (sums.calls, sums.cost_pico) == (sum(s[1] for s in side.sums()), sum(s[3] for s in side.sums()))
    finally:
        budget.close()
    if not truth:
        return
    assert side.sums() == expected(truth)
    found = side.judged()
    assert found.totals.counts["missing-here"] == 0
    assert found.totals.counts["missing-there"] == sum(not call.row for call in truth)
    assert found.totals.counts["zero-here"] == 0


def call(number: int, by: str, **changes: Any) -> Call:
    values: dict[str, Any] = {
        "at_ms": T0 + number,
        "took_ms": 5,
        "model": "a",
        "tokens": 30,
        "row": True,
        "priced": True,
    }
    return Call(number, by, **(values | changes))


def test_a_row_that_gave_way_is_kept_and_known(tmp_path: Path) -> None:
    side = Side(tmp_path, [call(1, "node", priced=False), call(2, "foreign", at_ms=T0 + HOUR_MS)])
    side.fill()
    side.import_again()
    assert side.sums() == [("a", 2, 60, to_pico(Decimal("0.06")), 0)]
    with closing(sqlite3.connect(side.path)) as connection:
        ((gone, source),) = connection.execute(
            "SELECT call_id LIKE 'spend:%', (SELECT cost_source FROM call WHERE feed IS NOT NULL) FROM call WHERE NOT counted"
        )
        assert (gone, source) == (1, "spend-row")  # the transcript knew no price
    found = side.judged()
    assert found.agrees
    assert found.matched == {"content": 1, "filled": 1}


def test_hundreds_that_look_alike(tmp_path: Path) -> None:
    truth = [call(number, ("node", "foreign", "gateway")[number % 3]) for number in range(300)]
    for steps in (("fill", "call", "import_again"), ("import_again", "call", "fill")):
        side = Side(tmp_path / steps[0], truth)
        for step in steps:
            getattr(side, step)()
        assert side.sums() == expected(truth)
        assert_rollups_equal_rows(side.path)


def test_a_copy_that_gives_way_to_its_original_leaves_the_row_to_that(tmp_path: Path) -> None:
    """A fork is imported before the session in which the call happened; another call looks like it."""
    side = Side(tmp_path, [call(1, "node"), call(2, "foreign")])
    side.fill()
    node, line = side.node, side.truth[0].line()
    node.write(node.transcript("fork"), [header("fork", T0 + 60_000, parent=node.transcript("s1")), line])
    run(side.path, node.paths, wait=True, workers=0)
    assert side.sums() == expected(side.truth)
    side.import_again()
    assert side.sums() == expected(side.truth)
    assert_rollups_equal_rows(side.path)
    assert side.judged().agrees


def test_a_row_counts_again_when_what_took_its_place_does_not(tmp_path: Path) -> None:
    """The log of a task's run of one call gives way to the session's transcript, which is another call's."""
    side = Side(tmp_path, [call(1, "node", tokens=31), call(2, "foreign", at_ms=T0 + 10_000)])
    side.fill()
    told = {"ts": T0 + 10_005, "jobId": "j1", "action": "finished", "sessionId": "s1", "runAtMs": T0 + 10_000}
    told |= {"model": "a", "provider": "litellm", "usage": {"input_tokens": 30, "output_tokens": 0, "total_tokens": 30}}
    side.node.write(side.node.state / "cron" / "runs" / "j1.jsonl", [told])
    run(side.path, side.node.paths, wait=True, workers=0)
    assert side.sums()[0][:3] == ("a", 2, 61)
    side.import_again()
    assert side.sums() == expected(side.truth)
    assert_rollups_equal_rows(side.path)


def test_replies_of_which_all_have_one_id_are_told_apart_by_their_content(tmp_path: Path) -> None:
    side = Side(tmp_path, [call(number, "node", took_ms=0, tokens=30 + number % 2) for number in range(6)])
    lines = [one.line() for one in side.truth]
    for line in lines:
        line["message"]["responseId"] = "chatcmpl-same"
    side.fill()
    side.node.write(side.node.transcript(), [header("s1", T0 - HOUR_MS), *lines])
    run(side.path, side.node.paths, wait=True, workers=0)
    assert side.sums() == expected(side.truth)


def test_a_damaged_ledger_knows_again_which_rows_gave_way(tmp_path: Path) -> None:
    side = Side(tmp_path, [call(1, "node", priced=False), call(2, "own"), call(3, "foreign")])
    side.fill()
    side.call()
    side.import_again()
    fresh = tmp_path / "fresh.sqlite3"
    with closing(sqlite3.connect(side.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with Ledger(fresh) as ledger, ledger.transaction() as target:
        salvage(Pages(side.path), target)
    side.path.unlink()
    fresh.rename(side.path)
    assert side.sums() == expected(side.truth)
    side.import_again()
    assert side.sums() == expected(side.truth)
    assert side.judged().agrees
    assert_rollups_equal_rows(side.path)


def test_a_call_that_waits_and_its_row_are_one_to_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(tmp_path, [call(1, "own"), call(2, "foreign")])
    side.fill()
    Spool.beside(side.path).append(side.truth[0].record())
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "drain", lambda *_: None)  # it is held by another program, say
        budget = Spent(side.path)
        (sums,) = budget.of([SpendKey(Scope(), *WINDOW)])
        budget.close()
    assert (sums.calls, sums.cost_pico) == (2, to_pico(Decimal("0.06")))
