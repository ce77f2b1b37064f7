"""Run as a program: import until a file says that it is enough, and print how many calls each import added.

Arguments: the state folder, the file whose presence ends it, how many processes an import uses.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fased_litellm.usage.imports.pipeline import run
from tests.usage.imports.node import Node


def main(state: str, enough: str, workers: str) -> None:
    node = Node(Path(state))
    last = False
    while not last:
        last = Path(enough).exists()  # and once more afterwards
        added = run(node.ledger, node.paths, wait=True, workers=int(workers)).added
        sys.stdout.write(f"{added}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
