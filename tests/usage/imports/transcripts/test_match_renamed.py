"""Copies whose time, or whose ids, are others than in the session where the call happened."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.imports.transcripts.match_renamed import _kins
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, header, iso, reply, usage

HOUR = 3_600_000
File = tuple[str, list[Any]]


def made(count: int = 3, **changes: Any) -> list[dict[str, Any]]:
    """Replies that the agent waited half a second for."""
    return [
        reply(f"a{n}", T0 + 60_000 * n, **{"responseId": f"r{n}", "timestamp": T0 + 60_000 * n - 500, **changes})
        for n in range(1, count + 1)
    ]


def rewritten(
    lines: Sequence[dict[str, Any]], at_ms: int, *, message_too: bool = False, ids: bool = False
) -> list[dict[str, Any]]:
    """Lines as a later session has them that gives them its own time."""
    found = []
    for number, line in enumerate(lines):
        changed = copy.deepcopy(line)
        changed["timestamp"] = iso(at_ms + number)
        if message_too:
            changed["message"]["timestamp"] = at_ms + number - 300
        if ids:
            changed["id"] = f"n{at_ms}-{number}"
        found.append(changed)
    return found


def session(name: str, hour: int, lines: list[dict[str, Any]], parent: str | None = None) -> File:
    own = reply(f"own-{name}", T0 + hour * HOUR + 60_000, responseId=f"own-{name}", timestamp=T0 + hour * HOUR + 59_000)
    return name, [header(name, T0 + hour * HOUR, parent=parent), *lines, own]


ROOT = session("s1", 0, made())
NO_IDS = session("s1", 0, made(responseId=None))
CASES: dict[str, tuple[list[File], int]] = {
    "lines have the time of the fork": ([ROOT, session("s2", 1, rewritten(made(), T0 + HOUR), "s1.jsonl")], 5),
    "and the provider gives no ids": (
        [NO_IDS, session("s2", 1, rewritten(made(responseId=None), T0 + HOUR), "s1.jsonl")],
        5,
    ),
    "messages have it, too": (
        [ROOT, session("s2", 1, rewritten(made(), T0 + HOUR, message_too=True), "s1.jsonl")],
        5,
    ),
    "lines have new ids": ([ROOT, session("s2", 1, rewritten(made(), T0 + HOUR, ids=True), "s1.jsonl")], 5),
    "a fork of a fork": (
        [
            ROOT,
            session("s2", 1, rewritten(made(), T0 + HOUR), "s1.jsonl"),
            session("s3", 2, rewritten(made(), T0 + 2 * HOUR, ids=True), "s2.jsonl"),
        ],
        6,
    ),
    "forks of a session that is gone": (
        [
            session("s2", 1, rewritten(made(), T0 + HOUR), "s1.jsonl"),
            session("s3", 2, rewritten(made(), T0 + 2 * HOUR), "s1.jsonl"),
        ],
        5,
    ),
    "no proof: sessions of their own": ([ROOT, session("s2", 1, rewritten(made(), T0 + HOUR))], 8),
    "no proof: other tokens": (
        [ROOT, session("s2", 1, rewritten(made(usage=usage(output=121, totalTokens=1121)), T0 + HOUR), "s1.jsonl")],
        8,
    ),
    "no proof: other ids of the provider": (
        [ROOT, session("s2", 1, rewritten(made(responseId="x"), T0 + HOUR), "s1.jsonl")],
        8,
    ),
    "no proof: one id for all replies, and other times": (
        [
            session("s1", 0, made(responseId="same")),
            session("s2", 1, rewritten(made(responseId="same"), T0 + HOUR, message_too=True), "s1.jsonl"),
        ],
        8,
    ),
    "no proof: neither ids of the provider nor times": (
        [
            session("s1", 0, made(responseId=None, timestamp=None)),
            session("s2", 1, rewritten(made(responseId=None, timestamp=None), T0 + HOUR), "s1.jsonl"),
        ],
        8,
    ),
}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_a_copy_is_known_by_the_message_in_it(tmp_path: Path, case: str, at_once: bool) -> None:
    files, wanted = CASES[case]
    for number, order in enumerate(permutations(files)):
        node = Node(tmp_path / str(number) / "state")
        for name, lines in order:
            node.write(node.transcript(name), lines[:3])
            if not at_once:
                node.read_in(workers=0)
            node.append(node.transcript(name), lines[3:])
            if not at_once:
                node.read_in(workers=0)
        node.read_in(workers=0)
        counted = node.calls("call_id, total_tokens")
        assert len(counted) == wanted
        assert_rollups_equal_rows(node.ledger)
        again = node.read_in(full=True, workers=0)
        assert (again.added, again.replaced, again.copies) == (0, 0, 0)
        assert node.calls("call_id, total_tokens") == counted
        if files[0] is ROOT and not case.startswith("no proof"):
            assert [name for name, _ in counted if "own" not in name] == [f"main/s1/a{n}" for n in (1, 2, 3)]


def test_kins_are_reached_over_any_number_of_steps() -> None:
    edges = [("main", "b", "a"), ("main", "c", "b"), ("main", "d", "gone"), ("main", "e", "gone"), ("ops", "b", "a")]
    assert list(_kins(edges, [("main", "c"), ("main", "a"), ("main", "x")])) == [
        {("main", "a"), ("main", "b"), ("main", "c")}
    ]
    assert list(_kins(edges, [("main", "d")])) == [{("main", "d"), ("main", "gone"), ("main", "e")}]
    assert list(
        _kins([("main", "a", "b"), ("main", "b", "a"), ("main", "c", "c")], [("main", "a"), ("main", "c")])
    ) == [
        {("main", "a"), ("main", "b")},
        {("main", "c")},
    ]
