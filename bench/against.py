"""This checkout beside another one, such as the state before a change: the same things by turns, in one run.

Both run on this Python and its packages. Each has a home of its own, which its own commands filled.
"""

from __future__ import annotations

import compileall
import json
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .figures import Figure, Section
from .places import home_with_config, loopback, run
from .usage_read import transcripts

HERE = Path(__file__).resolve().parents[1]
MOST = 1.05
"""How much longer than there a thing may take here."""

PROCESSES = 15
IMPORTS = 5
MESSAGES = 20_000
ROUNDS = 150
COUNTED = 5

Times = dict[str, tuple[list[float], list[float]]]
"""What was measured → milliseconds here and there, pair by pair."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A checkout, the environment in which its package is the one that is imported, and its state folder."""

    tree: Path
    env: Mapping[str, str]
    state: Path

    def command(self, *words: str) -> list[str]:
        # -P: the current folder is not looked into.
        return [sys.executable, "-P", "-m", "fased_litellm", *words]


def measure(scratch: Path, other: Path) -> Section:
    """Measure both by turns.

    Raises:
        RuntimeError: a command failed in one of the two.
    """
    taken: Times = {}
    made, _ = transcripts(scratch, MESSAGES)
    with loopback(tell=False) as server:
        here, there = (_side(scratch / name, tree, server.url) for name, tree in (("here", HERE), ("there", other)))
        for side in (here, there):
            # Where Python writes no bytecode (PYTHONDONTWRITEBYTECODE), a changed checkout would be compiled at every start.
            compileall.compile_dir(side.tree / "fased_litellm", quiet=1)
            shutil.copytree(made, side.state, dirs_exist_ok=True)
        taken |= _imports(here, there)
        taken |= _processes(here, there)
        taken |= _calls(here, there)
    how = (
        f"By turns, in an order that changes: {PROCESSES} runs of each command, {IMPORTS} of the import of {MESSAGES:,} messages,"
        f" {ROUNDS * COUNTED:,} calls to a server on 127.0.0.1 that answers at once. The ratio is the median of the pairs', here to there."
    )
    figures = [_figure(what, *pair) for what, pair in taken.items()]
    return Section(f"Beside {other.name}", how, figures)


def _figure(what: str, here: list[float], there: list[float]) -> Figure:
    ratio = statistics.median(one / two for one, two in zip(here, there, strict=True))
    before = statistics.median(there)
    note = f"there {before:.2f} ms, at best {min(there):.2f} ms"
    # The verdict is on the ratio: the limit is what the median would be at most at that ratio.
    median = before * ratio
    return Figure(what, median, "ms", min(here), before * MOST, ratio, note)


def _side(home: Path, tree: Path, url: str) -> _Side:
    env = {**home_with_config(home, url), "PYTHONPATH": str(tree)}
    return _Side(tree, env, home / ".fased")


def _imports(here: _Side, there: _Side) -> Times:
    def one(side: _Side) -> float:
        shutil.rmtree(side.state / "litellm", ignore_errors=True)
        return run(side.command("usage", "import"), side.env, cwd=side.state).seconds * 1000

    return {"first `fased usage import`": _by_turns(IMPORTS, here, there, one)}


def _processes(here: _Side, there: _Side) -> Times:
    commands = {
        "`fased --version`": ["--version"],
        "`fased`": [],
        "`fased usage`": ["usage"],
        "`fased usage --all --by month,model`": ["usage", "--all", "--by", "month,model"],
        "`fased litellm chat hi`, to its end": ["litellm", "chat", "hi"],
    }
    return {
        what: _by_turns(
            PROCESSES,
            here,
            there,
            lambda side, words=words: run(side.command(*words), side.env, cwd=side.state).seconds * 1000,  # type: ignore[misc]
        )
        for what, words in commands.items()
    }


def _by_turns(rounds: int, here: _Side, there: _Side, one: Callable[[_Side], float]) -> tuple[list[float], list[float]]:
    order = random.Random(1)
    times: dict[Path, list[float]] = {here.tree: [], there.tree: []}
    for number in range(1 + rounds):
        for side in order.sample((here, there), 2):
            taken = one(side)
            if number:  # the first round warms the caches up
                times[side.tree].append(taken)
    return times[here.tree], times[there.tree]


def _calls(here: _Side, there: _Side) -> Times:
    with ExitStack() as open_:
        workers = {side.tree: open_.enter_context(_worker(side)) for side in (here, there)}

        def one(kind: str) -> Callable[[_Side], float]:
            # The first of each row pays for what the other one left in the processor's caches, and is not counted.
            return lambda side: statistics.median(workers[side.tree](kind, 1 + COUNTED)[1:])

        return {
            "one call through the provider": _by_turns(ROUNDS, here, there, one("call")),
            "first piece of a stream": _by_turns(ROUNDS, here, there, one("stream")),
        }


@contextmanager
def _worker(side: _Side) -> Iterator[Callable[[str, int], list[float]]]:
    program = [sys.executable, "-P", str(Path(__file__).with_name("worker.py"))]
    with subprocess.Popen(
        program, env=dict(side.env), cwd=side.state, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(kind: str, count: int) -> list[float]:
            stdin.write(f"{kind} {count}\n")
            stdin.flush()
            return list(json.loads(stdout.readline()))

        yield ask
        stdin.close()  # the worker ends with its input
