"""The Node agent's transcripts: read the first time and again, beside programs that read all of them each time."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import pagecache
from .figures import Figure, Part, Section, Table, repeated
from .peers import Peer, ccusage, tokscale
from .places import FASED, environment
from .shapes import DURATIONS, OPENCLAW, PI, Shape
from .tree import TreeRun, run_tree

RUNS = (
    (PI, 100_000, 3),
    (OPENCLAW, 100_000, 3),
    (DURATIONS, 100_000, 3),
    (PI, 1_000_000, 5),
)
"""Whose lines, how many messages, and how often each program reads them from the disk, and again from the cache. The targets
are for all of them."""
MOST_MB = 300.0
AGAIN = 7
CENT = Decimal("0.01")

Command = Sequence[str | Path]
IMPORT: Command = (FASED, "usage", "import")


OURS = "`fased usage import` into an empty ledger"
CCUSAGE = "`ccusage openclaw daily --json --offline`"
NAMES = {"ccusage": CCUSAGE, "tokscale-core": "tokscale-core, by its binding to Node"}

Taken = dict[str, list[TreeRun]]
"""Program → its runs."""


@dataclass(slots=True)
class _Runs:
    """What the runs over one set of transcripts took, and what came out.

    Attributes:
        disk, cache: reading for the first time, with the files on the disk alone, and in the system's cache; ``disk`` is
            empty where files cannot be put out of that.
        again: with a ledger that has them.
        missing: why a program could not be measured.
    """

    disk: Taken = field(default_factory=dict)
    cache: Taken = field(default_factory=dict)
    again: Taken = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def measure(scratch: Path) -> list[Part]:
    """Make transcripts, read them with each program by turns, and compare what they found."""
    parts: list[Part] = []
    agreed: list[tuple[str, ...]] = []
    for shape, size, rounds in RUNS:
        state, made = transcripts(scratch, size, shape)
        runs = _run(state, scratch, rounds)
        parts += [_first(made, runs.disk, runs.missing, cached=False)] if runs.disk else []
        parts += [_first(made, runs.cache, runs.missing, cached=True), _again(made, runs)]
        agreed += _agreement(made, runs)
    headings = ("transcripts", "what", "put in", "`fased usage`", "ccusage", "difference", "")
    how = (
        "What the same transcripts sum up to: as they were made, in `fased usage --all --json`, and in ccusage. Tokens are to be the"
        " same, the cost to the cent. The two mean different things where these transcripts have nothing: ccusage knows a message by"
        " its time and numbers (`fased usage` by its id), prices a message that says no cost from a list of its own, takes a message's"
        " own time before that of its line, knows one spelling of the tokens, and reads neither the logs of tasks nor the counters of"
        " the session store."
    )
    wrong = [f"the same totals: {row[1]}" for row in agreed if row[-1] == "missed"]
    return [*parts, Table("The same totals", how, headings, agreed, wrong)]


def transcripts(scratch: Path, messages: int, shape: Shape = PI) -> tuple[Path, dict[str, Any]]:
    """A state folder with so many messages of assistants, and what is in them; made once in a run, by another process."""
    state = scratch / f"transcripts-{shape.name}-{messages}"
    about = state.with_suffix(".json")
    if not about.exists():
        program: Command = [sys.executable, "-m", "bench.transcripts", state, "--messages", str(messages), "--json"]
        program = [*program, "--shape", shape.name]
        about.write_text(run_tree(program, environment(Path.home())).output)
    return state, {**json.loads(about.read_text()), "shape": shape.name}


def _run(state: Path, scratch: Path, rounds: int) -> _Runs:
    runs = _Runs()
    env = environment(scratch, FASED_STATE_DIR=str(state))
    others = [ccusage(state, scratch), tokscale(state, scratch)]
    runs.missing = {peer.name: peer.missing for peer in others if peer.missing}
    programs: dict[str, tuple[Command, Mapping[str, str]]] = {OURS: (IMPORT, env)}
    programs |= {NAMES[_kind(peer)]: (peer.command, peer.env or env) for peer in others if not peer.missing}
    if pagecache.CAN_FORGET:
        _read_first(state, rounds, programs, pagecache.forget, runs.disk)
    _read_first(state, rounds, programs, pagecache.fill, runs.cache)
    commands: Mapping[str, Command] = {
        "`fased usage import`, nothing new": IMPORT,
        "`fased usage`": [FASED, "usage"],
        "`fased usage --all --by month,model`": [FASED, "usage", "--all", "--by", "month,model"],
    }
    for number in range(1 + AGAIN):
        for what, command in commands.items():
            done = run_tree(command, env)
            if number:  # the first round warms the caches up
                runs.again.setdefault(what, []).append(done)
    runs.again["all"] = [run_tree([FASED, "usage", "--all", "--json"], env)]
    return runs


def _read_first(
    state: Path,
    rounds: int,
    programs: Mapping[str, tuple[Command, Mapping[str, str]]],
    prepare: Callable[[Path], None],
    taken: Taken,
) -> None:
    for _ in range(rounds):
        shutil.rmtree(state / "litellm", ignore_errors=True)
        for what, (command, env) in programs.items():
            prepare(state)
            taken.setdefault(what, []).append(run_tree(command, env))


def _kind(peer: Peer) -> str:
    return peer.name.partition(" ")[0]


def _first(made: Mapping[str, Any], runs: Taken, missing: Mapping[str, str], *, cached: bool) -> Section:
    per_ccusage = _median(runs.get(CCUSAGE, []))
    figures, memory = [], []
    for what, taken in runs.items():
        seconds = [run.seconds for run in taken]
        ratio = _ratio(statistics.median(seconds), per_ccusage)
        aimed = what == OURS
        figures.append(repeated(what, seconds, "s", limit=per_ccusage if aimed else None, ratio=ratio))
        peak = max(run.peak_mb for run in taken)
        memory.append(Figure(f"memory: {what}", peak, "MB", limit=MOST_MB if aimed else None))
        if "tokscale" in what:
            core = [json.loads(run.output)["coreMs"] / 1000 for run in taken]
            figures.append(
                repeated("… of it in its core", core, "s", ratio=_ratio(statistics.median(core), per_ccusage))
            )
    figures += [Figure(name, None, "s", note=f"not measured: {why}") for name, why in missing.items()]
    where = "all of it in the system's cache" if cached else "none of it in the system's cache"
    how = (
        f"{made['sessions']:,} transcripts, {made['size'] / 1e6:,.0f} MB, with {made['messages']:,} messages of assistants, {where};"
        f" each program {len(runs[OURS])} times, by turns. The ratio is to ccusage, which reads all files each time, as"
        " tokscale-core does. Memory is that of the process and of all that it starts."
    )
    title = f"Reading {_named(made)} for the first time, from the {'cache' if cached else 'disk'}"
    return Section(title, how, [*figures, *memory])


def _again(made: Mapping[str, Any], runs: _Runs) -> Section:
    per_ccusage = _median(runs.cache.get(CCUSAGE, []))
    figures = []
    for what, taken in runs.again.items():
        if what == "all":
            continue
        seconds = [run.seconds for run in taken]
        limit = per_ccusage / 10 if per_ccusage and what == "`fased usage`" else None
        figures.append(repeated(what, seconds, "s", limit=limit, ratio=_ratio(statistics.median(seconds), per_ccusage)))
    how = (
        f"Whole processes over the ledger which that import made; {AGAIN} times each, in turn. Each looks first whether a transcript"
        " is new or has grown. The ratio is to ccusage's time over the same transcripts"
        "; the target is a tenth of it."
    )
    return Section(f"Asking again after {_named(made)}", how, figures)


def _named(made: Mapping[str, Any]) -> str:
    return f"{made['messages']:,} messages of {made['shape']}"


def _agreement(made: Mapping[str, Any], runs: _Runs) -> list[tuple[str, ...]]:
    ours = json.loads(runs.again["all"][0].output)["totals"]
    theirs = json.loads(runs.cache[CCUSAGE][0].output)["totals"] if CCUSAGE in runs.cache else {}
    names = {
        "input tokens": ("input", "inputTokens", "inputTokens"),
        "output tokens": ("output", "outputTokens", "outputTokens"),
        "cache read tokens": ("cache_read", "cacheReadTokens", "cacheReadTokens"),
        "cache write tokens": ("cache_write", "cacheWriteTokens", "cacheCreationTokens"),
        "tokens in all": ("tokens", "totalTokens", "totalTokens"),
    }
    rows = []
    where = f"{made['messages']:,}, {made['shape']}"
    for what, (source, our, their) in names.items():
        values = [made[source], ours[our]] + ([theirs[their]] if theirs else [])
        apart = max(values) - min(values)
        cells = [f"{value:,}" for value in values] + ([] if theirs else ["not measured"])
        rows.append((where, what, *cells, f"{apart:,}", "missed" if apart else "ok"))
    costs = [Decimal(made["cost_pico"]).scaleb(-12), Decimal(str(ours["costUsd"]))]
    costs += [Decimal(str(theirs["totalCost"]))] if theirs else []
    apart = max(costs) - min(costs)
    cells = [f"{cost:,.6f}" for cost in costs] + ([] if theirs else ["not measured"])
    rows.append((where, "cost, USD", *cells, f"{apart:.6f}", "missed" if apart >= CENT else "ok"))
    return rows


def _median(runs: Sequence[TreeRun]) -> float | None:
    return statistics.median(run.seconds for run in runs) if runs else None


def _ratio(value: float, per: float | None) -> float | None:
    return None if per is None else value / per
