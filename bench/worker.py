"""Calls made by one checkout of the package, for ``bench.against``: a program of its own, started once for each checkout.

Which package it imports is up to ``PYTHONPATH``; it takes nothing else from the folder that it lies in. On each line of its
input, ``call N`` or ``stream N``, it makes that many calls and answers with a JSON list of milliseconds: of a whole call, or
until the first piece of a streamed one.
"""

from __future__ import annotations

import json
import sys
import time

from fased_litellm import CallContext, LiteLLMProvider

CONTEXT = CallContext(agent="main", task="digest", channel="telegram", session="s1")


def _call(provider: LiteLLMProvider) -> float:
    began = time.perf_counter()
    provider.chat("hi", context=CONTEXT)
    return (time.perf_counter() - began) * 1000


def _stream(provider: LiteLLMProvider) -> float:
    began = time.perf_counter()
    first = 0.0
    for delta in provider.stream("hi", context=CONTEXT):
        if delta.text and not first:
            first = (time.perf_counter() - began) * 1000
    return first


def main() -> None:
    """Answer until the input ends."""
    with LiteLLMProvider.from_config() as provider:
        for line in sys.stdin:
            kind, count = line.split()
            one = {"call": _call, "stream": _stream}[kind]
            sys.stdout.write(json.dumps([one(provider) for _ in range(int(count))]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
