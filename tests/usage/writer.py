"""Run as a program: record calls, and print the id of each as soon as it is recorded.

Arguments: the ledger's path, a prefix of the ids, how many.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger


def main(path: str, prefix: str, count: int) -> None:
    from decimal import Decimal

    with Ledger(Path(path), busy_timeout_s=60) as ledger:
        for number in range(count):
            record = UsageRecord(
                call_id=f"{prefix}-{number}",
                started_at_ms=1_795_219_200_000 + number * 10_000,
                provider="litellm",
                model=f"model-{number % 3}",
                agent=prefix,
                input_tokens=number,
                total_tokens=number,
                cost=Decimal(number) / 10**6,
            )
            assert ledger.record(record)
            sys.stdout.write(record.call_id + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
