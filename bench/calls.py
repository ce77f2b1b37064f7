"""One call, whole and streamed, through each client in turn; and what a thousand calls leave in memory."""

from __future__ import annotations

import gc
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .figures import Figure, Section, repeated
from .places import KEY, home_with_config, loopback

ROUNDS = 1000
COUNTED = 5
WARM_UP = 10
MEMORY_CALLS = 1000
OURS = "the provider, with receipt and ledger row"
RAW = "raw httpx"
Clients = dict[str, Callable[[], float]]
MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]


def measure(scratch: Path) -> list[Section]:
    """Call in turn through every client there is."""
    home = scratch / "calls"
    with loopback() as server:
        env = home_with_config(home, server.url)
        memory = subprocess.run(
            [sys.executable, "-m", "bench.memory", str(home), str(MEMORY_CALLS)],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        bytes_kept, rss_kib = map(float, memory.stdout.split())
        # The SDKs are imported after the first measurement: their many objects would slow down all the rest.
        whole, streamed, left_out = [], [], []
        lean: dict[str, Maker] = {RAW: _httpx, OURS: _provider}
        sdks: dict[str, Maker] = {RAW: _httpx, "openai SDK": _openai, "litellm SDK": _litellm}
        for makers in (lean, sdks):
            calls, streams, skipped = _clients(makers, server.url, home)
            whole += _figures(_in_turn(calls), 1.25)
            streamed += _figures(_in_turn(streams), 1.1)
            left_out += [Figure(name, None, "ms", note=f"not measured: {why}") for name, why in skipped]
    how = (
        f"To a server on 127.0.0.1 that answers at once, over one kept connection; {ROUNDS:,} calls each, by turns. The"
        " ratio is to raw httpx: `client.post(url, json=…).json()`, with nothing else done."
    )
    grown = [
        Figure("heap, in all", bytes_kept / 1024, "KiB", limit=64.0, note="after collecting garbage"),
        Figure("resident set", rss_kib, "KiB", note="what the allocator keeps varies"),
    ]
    return [
        Section("One call", how, [*whole, *left_out]),
        Section(
            "First piece of a stream",
            f"The same server; milliseconds from the call to the first text; {ROUNDS:,} streams each, by turns.",
            [*streamed, *left_out],
        ),
        Section(
            "Memory",
            f"What {MEMORY_CALLS:,} calls through the provider add, after 300 that warmed it up.",
            grown,
        ),
    ]


def _figures(times: dict[str, list[float]], most: float) -> list[Figure]:
    raw = statistics.median(times[RAW])
    return [
        repeated(
            name,
            taken,
            "ms",
            limit=most * raw if name == OURS else None,
            ratio=statistics.median(taken) / raw,
            note="" if OURS in times or name != RAW else "again, beside the SDKs",
        )
        for name, taken in times.items()
    ]


def _in_turn(clients: Clients) -> dict[str, list[float]]:
    """Milliseconds. Each client makes a few calls in a row, in an order that changes: the first of them pays for what the
    client before it left in the processor's caches, and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in clients}
    order = random.Random(1)
    gc.collect()
    gc.freeze()  # else the collector goes through the litellm SDK's many objects in everybody's time
    for number in range(WARM_UP + ROUNDS // COUNTED):
        for name in order.sample(list(clients), len(clients)):
            taken = [clients[name]() * 1000 for _ in range(1 + COUNTED)]
            if number >= WARM_UP:
                times[name] += taken[1:]
    gc.unfreeze()
    return times


Maker = Callable[[str, Path], tuple[Callable[[], float], Callable[[], float]]]


def _clients(makers: dict[str, Maker], url: str, home: Path) -> tuple[Clients, Clients, list[tuple[str, str]]]:
    whole: Clients = {}
    streamed: Clients = {}
    skipped = []
    for name, make in makers.items():
        try:
            whole[name], streamed[name] = make(url, home)
        except ImportError as error:
            skipped.append((name, str(error)))
    return whole, streamed, skipped


def _timed(call: Callable[[], Any]) -> Callable[[], float]:
    def timed() -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    return timed


def _to_first(stream: Callable[[], Iterable[Any]]) -> Callable[[], float]:
    """Seconds to the first piece that is not false; the rest is read, so that the connection can be used again."""

    def timed() -> float:
        began = time.perf_counter()
        first = 0.0
        for piece in stream():
            if piece and not first:
                first = time.perf_counter() - began
        return first

    return timed


def _httpx(url: str, _: Path) -> tuple[Callable[[], float], Callable[[], float]]:
    import json

    import httpx

    client = httpx.Client(headers={"authorization": f"Bearer {KEY}"})
    target = f"{url}/v1/chat/completions"
    body = {"model": "default", "messages": MESSAGES}

    def lines() -> Iterable[str]:
        with client.stream("POST", target, json={**body, "stream": True}) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])["choices"][0]["delta"].get("content")

    return _timed(lambda: client.post(target, json=body).json()), _to_first(lines)


def _provider(_: str, home: Path) -> tuple[Callable[[], float], Callable[[], float]]:
    from fased_litellm import CallContext, LiteLLMProvider

    env = {**os.environ, "HOME": str(home), "LITELLM_API_KEY": KEY}
    provider = LiteLLMProvider.from_config(env=env)
    context = CallContext(agent="main", task="digest", channel="telegram", session="s1")

    def pieces() -> Iterable[str]:
        return (delta.text for delta in provider.stream("hi", context=context))

    return _timed(lambda: provider.chat("hi", context=context)), _to_first(pieces)


def _openai(url: str, _: Path) -> tuple[Callable[[], float], Callable[[], float]]:
    import openai

    client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)

    def pieces() -> Iterable[str | None]:
        stream = client.chat.completions.create(model="default", messages=MESSAGES, stream=True)
        return (chunk.choices[0].delta.content for chunk in stream)

    return _timed(lambda: client.chat.completions.create(model="default", messages=MESSAGES)), _to_first(pieces)


def _litellm(url: str, _: Path) -> tuple[Callable[[], float], Callable[[], float]]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the internet at its import
    import litellm

    litellm.suppress_debug_info = True
    options: dict[str, Any] = {"model": "openai/gpt-5.5", "api_base": f"{url}/v1", "api_key": KEY, "messages": MESSAGES}

    def pieces() -> Iterable[str | None]:
        return (chunk.choices[0].delta.content for chunk in litellm.completion(**options, stream=True))

    return _timed(lambda: litellm.completion(**options)), _to_first(pieces)
