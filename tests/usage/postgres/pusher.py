"""Run as a program: push a ledger in small batches; exit 1 where it gave up, which is no fault of it.

Arguments: the ledger's path, the address, the name of the machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fased_litellm.errors import FleetError
from fased_litellm.usage.postgres.push import push
from fased_litellm.usage.postgres.url import find_place


def main(path: str, address: str, name: str) -> int:
    try:
        push(Path(path), find_place(address, {}), name=name, batch=120, pause=lambda seconds: time.sleep(seconds / 100))
    except FleetError as error:
        sys.stderr.write(f"{error.state} {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
