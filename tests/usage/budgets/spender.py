"""Run as a program: spend a dollar per call until the budget refuses, and print the number of calls.

Arguments: the folder of the budgets and the ledger, a prefix of the ids, and ``together`` or ``in turn``: whether another
process may be between its check and its row meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from fased_litellm.context import CallContext
from fased_litellm.errors import BudgetExceeded
from fased_litellm.refs import ModelRef
from fased_litellm.usage.budgets.check import Checker
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool

DOLLAR = 10**12


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / "turn", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main(folder: Path, prefix: str, how: str) -> None:
    path = folder / "usage.sqlite3"
    checker, ledger, spool = Checker(folder / "budgets.json", path), Ledger(path, busy_timeout_s=60), Spool.beside(path)
    made = 0
    while True:
        with turn(folder) if how == "in turn" else contextlib.nullcontext():
            try:
                checker.check(CallContext(agent="main"), ModelRef.parse("litellm/a"))
            except BudgetExceeded as error:
                sys.stdout.write(f"{made} {error.spent_usd}\n")
                break
            record = UsageRecord(
                call_id=f"{prefix}-{made}",
                started_at_ms=time.time_ns() // 1_000_000,
                provider="litellm",
                model="a",
                agent="main",
                cost=Decimal(1),
            )
            # As when the ledger cannot be written: each third call waits in the spool.
            if made % 3 == 2:
                spool.append(record)
            else:
                ledger.record(record)
            made += 1
    checker.close()
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
