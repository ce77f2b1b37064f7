"""Reading a config of 20 KB: the loss-free document beside the json5 library and the standard library's JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from .figures import Section, repeated

SIZE = 20_000


def measure() -> Section:
    """Parse the same tree: as JSON5 with comments, and as plain JSON."""
    import json5

    from fased_litellm.config.document import Document

    text = _config()
    plain = json.dumps(json5.loads(text))
    figures = [
        repeated(
            "`Document.parse`, which keeps every byte and place",
            _times(lambda: Document.parse(text), 50),
            "ms",
            limit=5.0,
        ),
        repeated("json5, which drops comments", _times(lambda: json5.loads(text), 5), "ms"),
        repeated(
            "the standard library's json, on the same tree as plain JSON", _times(lambda: json.loads(plain), 50), "ms"
        ),
    ]
    return Section("Reading JSON5", f"{len(text) / 1000:.0f} KB of config with comments.", figures)


def _times(work: Callable[[], Any], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _config() -> str:
    entries: list[str] = []
    while sum(map(len, entries)) < SIZE:
        number = len(entries)
        entries.append(
            f"          // model {number}, chosen by hand\n"
            f"          {{ id: 'model-{number}', name: \"Model {number}\", reasoning: true, input: ['text', 'image'],\n"
            f"            contextWindow: 200000, maxTokens: 32000, cost: {{ input: 1.25, output: 10, }}, }},\n"
        )
    models = "".join(entries)
    return (
        "{\n  /* providers */\n  models: { providers: { litellm: {\n        baseUrl: 'http://localhost:4000',\n"
        f"        models: [\n{models}        ],\n  }} }} }},\n}}\n"
    )
