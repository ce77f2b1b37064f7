"""What the calls of a model came to of late."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

from fased_litellm.usage.budgets.estimate import Recent
from fased_litellm.usage.budgets.recent import Memory
from fased_litellm.usage.budgets.spent import Spent
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, sample

MODEL = ("litellm", "default")


def memory_of(path: Path, *calls: object) -> tuple[Spent, Memory]:
    with Ledger(path) as ledger:
        ledger.record_many(calls)  # type: ignore[arg-type]
    spent = Spent(path)
    return spent, Memory(spent)


def test_the_last_week_counts_else_the_last_quarter(tmp_path: Path) -> None:
    old = sample("old", START_MS - 30 * DAY_MS, output_tokens=900, cost=Decimal(9))
    spent, memory = memory_of(
        tmp_path / "a.sqlite3",
        old,
        sample("new", output_tokens=20, cost=Decimal(1)),
        sample("unpriced", output_tokens=40, cost=None),
        sample("failed", output_tokens=0, status="error"),
        sample("another", output_tokens=7, model="other"),
    )
    with closing(spent):
        assert memory.of(MODEL, START_MS) == Recent(2, 60, 1, 10**12)
        assert memory.of(("litellm", "nothing"), START_MS) == Recent()
    spent, memory = memory_of(tmp_path / "b.sqlite3", old)
    with closing(spent):
        assert memory.of(MODEL, START_MS) == Recent(1, 900, 1, 9 * 10**12)
        assert memory.of(MODEL, START_MS + 100 * DAY_MS) == Recent(1, 900, 1, 9 * 10**12)  # remembered for minutes


def test_calls_of_this_process_count_at_once(tmp_path: Path) -> None:
    with closing(Spent(tmp_path / "none.sqlite3")) as spent:
        memory = Memory(spent)
        assert memory.of(MODEL, START_MS) == Recent()
        memory.note(sample(output_tokens=20, cost=Decimal(1)))
        memory.note(sample(output_tokens=0, status="error", cost=None))
        assert memory.of(MODEL, START_MS) == Recent(1, 20, 1, 10**12)
        memory.note(sample(output_tokens=40, cost=Decimal(3)))
        assert memory.of(MODEL, START_MS) == Recent(2, 60, 2, 4 * 10**12)


def test_a_ledger_that_cannot_be_read_is_no_reason_to_fail(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    path.write_bytes(b"no database at all, but as long as a page of one. " * 200)
    with closing(Spent(path)) as spent:
        assert Memory(spent).of(MODEL, START_MS) == Recent()
