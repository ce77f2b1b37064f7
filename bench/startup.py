"""Start-up: whole processes, from their start to their end; ``chat`` to the arrival of its request."""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from decimal import Decimal
from pathlib import Path

from .figures import Figure, Section, repeated
from .places import FASED, SLOWER, cache, environment, home_with_config, loopback, run, slower

ROUNDS = 10
CALLS = 10_000
TARGETS_MS = (60.0, 200.0, 350.0)


def measure(scratch: Path) -> Section:
    """Run each command ``ROUNDS`` times, in turn."""
    home = scratch / "startup"
    with loopback(tell=True) as server:
        env = home_with_config(home, server.url)
        _fill_ledger(home)
        commands: dict[str, list[str | Path]] = {
            "bare Python, `python3 -c pass`": [sys.executable, "-c", "pass"],
            "`fased --version`": [FASED, "--version"],
            f"`fased usage`, {CALLS:,} calls in the ledger": [FASED, "usage"],
            "`fased litellm chat`, until the request has left": [FASED, "litellm", "chat", "hi"],
        }
        llm, why_not = _llm()
        if llm is not None:
            commands["`llm --version` (PyPI `llm`)"] = [llm, "--version"]
        times: dict[str, list[float]] = {what: [] for what in commands}
        for number in range(ROUNDS + 1):
            for what, command in commands.items():
                done = run(command, env, cwd=scratch)
                ended = float(server.lines.readline()) if "chat" in what else done.began + done.seconds
                if number:  # the first round warms the caches up
                    times[what].append((ended - done.began) * 1000)
    bare, *ours = times
    per_bare = statistics.median(times[bare])
    longer = slower(times[bare])
    limits = {what: most * longer for what, most in zip(ours, TARGETS_MS, strict=False)}
    figures = [
        repeated(what, taken, "ms", limit=limits.get(what), ratio=statistics.median(taken) / per_bare)
        for what, taken in times.items()
    ]
    if why_not:
        figures.append(Figure("`llm --version` (PyPI `llm`)", None, "ms", note=f"not measured: {why_not}"))
    how = (
        f"Whole processes, {ROUNDS} times each, in turn. The ratio is to bare Python. {SLOWER} They are"
        f" {', '.join(f'{most:.0f}' for most in TARGETS_MS)} ms."
    )
    return Section("Start-up", how, figures)


def _fill_ledger(home: Path) -> None:
    from fased_litellm.usage.record import UsageRecord
    from fased_litellm.usage.store.ledger import Ledger

    now = time.time_ns() // 1_000_000
    agents, tasks, channels = ("main", "ops", "research"), ("digest", "triage", None), ("telegram", "slack", None)
    records = [
        UsageRecord(
            call_id=str(uuid.uuid4()),
            started_at_ms=now - number * 60_000,
            provider="litellm",
            model=f"model-{number % 7}",
            agent=agents[number % 3],
            task=tasks[number // 3 % 3],
            channel=channels[number // 9 % 3],
            session=f"session-{number % 50}",
            source="cli",
            input_tokens=1000,
            output_tokens=200,
            total_tokens=1200,
            cost=Decimal("0.0021"),
            cost_source="header",
        )
        for number in range(CALLS)
    ]
    with Ledger(home / ".fased" / "litellm" / "usage.sqlite3") as ledger:
        ledger.record_many(records)


def _llm() -> tuple[Path | None, str]:
    """``llm`` in a virtual environment of its own, made once and kept in the user's cache; or why there is none."""
    folder = cache() / "llm"
    program = folder / "bin" / "llm"
    if program.exists():
        return program, ""
    env = environment(Path.home())
    try:
        run([sys.executable, "-m", "venv", folder], env)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "llm"]
        run([folder / "bin" / "python", *install], env)
    except (RuntimeError, OSError) as error:
        print(f"llm: {error}", file=sys.stderr)
        return None, "it could not be installed"
    return program, ""
