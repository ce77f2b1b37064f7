"""What calls leave in memory: ``python -m bench.memory HOME CALLS`` prints the bytes of heap and the KiB of resident set added."""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc

from fased_litellm import CallContext, LiteLLMProvider


def _resident_kib() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    except OSError:  # no Linux
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main(home: str, calls: int) -> None:
    """Warm up, call, and compare."""
    context = CallContext(agent="main", task="digest", session="s1")
    with LiteLLMProvider.from_config(env={**os.environ, "HOME": home}) as provider:
        tracemalloc.start()
        for _ in range(300):
            provider.chat("hi", context=context)
        gc.collect()
        heap, resident = tracemalloc.get_traced_memory()[0], _resident_kib()
        for _ in range(calls):
            provider.chat("hi", context=context)
        gc.collect()
        sys.stdout.write(f"{tracemalloc.get_traced_memory()[0] - heap} {_resident_kib() - resident}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
