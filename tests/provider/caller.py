"""Run as a program: make calls at once, and print how many were made.

Arguments: how many. It begins when a line comes on stdin, so that several of these begin together.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.errors import BudgetExceeded


def main(number: int) -> None:
    def one(_: int) -> int:
        try:
            provider.chat("hi", context=CallContext(agent="main", task="digest"))
        except BudgetExceeded:
            return 0
        return 1

    with LiteLLMProvider.from_config() as provider, ThreadPoolExecutor(number) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        made = sum(pool.map(one, range(number)))
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
