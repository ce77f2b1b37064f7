"""Rows of the usage history on their way: lines that wait, lines of the Node agent, and what an import remembers of its files.

Whatever else is in a file, each line that is as it was written is counted, and each that is not is kept.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from fased_litellm import statefile
from fased_litellm.errors import LedgerDamaged
from fased_litellm.usage.imports.pipeline import bad_lines
from fased_litellm.usage.imports.sessions.conversations import short
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.repair.recovery import recover
from fased_litellm.usage.store.snapshot import asking
from fased_litellm.usage.store.spool import Spool
from tests.fuzz.mutating import WORDS
from tests.fuzz.statefiles import Target
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.node import Node, header, reply, text
from tests.usage.samples import START_MS, sample

SPOOLED = [json.dumps(sample(f"c{number}").as_sparse_dict()).encode() for number in range(8)]
REPLIES = [text([reply(f"a{number}")]).rstrip(b"\n") for number in range(8)]
RUNS = [
    json.dumps(
        {
            "ts": START_MS + number,
            "jobId": "digest",
            "action": "finished",
            "status": "ok",
            "durationMs": 5,
            "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        }
    ).encode()
    for number in range(8)
]


def _spool(folder: Path, data: bytes) -> str:
    path = _empty(folder) / "litellm" / "usage.sqlite3"
    spool = Spool.beside(path)
    path.parent.mkdir()
    spool.path.write_bytes(data)
    lines = [line for line in data.split(b"\n") if line.strip()]
    with Ledger(path) as ledger:
        drained = ledger.drain(spool)
        assert drained.added + drained.known + drained.bad == len(lines), "a line was lost"
        assert not spool.waiting()
        if not lines:
            return "nothing there"
        with asking(path) as connection:
            ids = {call_id for (call_id,) in connection.execute("SELECT call_id FROM call")}
        for number, line in enumerate(SPOOLED):
            assert line not in lines or f"c{number}" in ids, "a sound line was lost"
        _report(ledger)
    kept = spool.bad.read_bytes().split(b"\n") if spool.bad.exists() else [b""]
    assert kept.pop() == b""
    assert len(kept) == drained.bad
    assert_rollups_equal_rows(path)
    return "some set aside" if drained.bad else "all taken"


def _transcript(folder: Path, data: bytes) -> str:
    node = Node(_empty(folder) / "state")
    node.transcript().write_bytes(data)
    node.read_in(workers=0)
    ids = _ids(node)
    lines = data.split(b"\n")
    for number, line in enumerate(REPLIES):
        assert line not in lines or f"{short('main', 's1')}/a{number}" in ids, "a sound line was lost"
    return _bad(node)


def _run_log(folder: Path, data: bytes) -> str:
    node = Node(_empty(folder) / "state")
    path = node.runs("digest", [])
    path.write_bytes(data)
    node.read_in(workers=0)
    ids, lines = _ids(node), data.split(b"\n")
    for number, line in enumerate(RUNS):
        assert line not in lines or f"task:digest:{START_MS + number}" in ids, "a sound line was lost"
    return _bad(node)


def _ids(node: Node) -> set[str]:
    if not node.ledger.exists():
        return set()
    return {call_id for (call_id,) in node.rows("SELECT call_id FROM call")}


def _bad(node: Node) -> str:
    result = node.read_in(workers=0)
    assert result.unreadable == []
    bad_lines(node.ledger, result)
    if node.ledger.exists():
        assert_rollups_equal_rows(node.ledger)
    return "some lines are bad" if result.bad_lines else "all read"


# ---- what an import remembers

_TABLES = ("feed", "conversation", "stand_in", "bad_line", "activity", "tool_use", "meta")


def _memory(folder: Path, data: bytes) -> str:
    """``data`` is where the chance begins: what is damaged are values of tables, of any type that SQLite has."""
    chance = random.Random(data)
    node = Node(_empty(folder) / "state")
    node.write(node.transcript("s1"), [header("s1"), *(reply(f"a{number}") for number in range(4))])
    node.write(node.transcript("s2"), [header("s2"), reply("b0")])
    node.runs("digest", [json.loads(line) for line in RUNS[:3]])
    node.store({"agent:main:main": {"sessionId": "s1", "channel": "telegram"}})
    node.read_in(workers=0)
    _damage(node.ledger, chance)
    node.append(node.transcript("s1"), [reply("a9")])
    node.append(node.state / "cron" / "runs" / "digest.jsonl", [json.loads(RUNS[3])])
    outcome = "taken"
    try:
        _import_and_report(node)
    except LedgerDamaged:
        assert recover(node.ledger) is not None, "said to be damaged, and not replaced"
        outcome = "ledger replaced"
        _import_and_report(node)
    # By the ids of messages: a conversation that got another name counts its new ones under that.
    found = {call_id.rpartition("/")[2] for call_id in _ids(node)}
    assert {"a0", "a1", "a2", "a3", "a9", "b0"} <= found, "a call was lost"
    assert_rollups_equal_rows(node.ledger)
    return outcome


def _import_and_report(node: Node) -> None:
    node.read_in(workers=0)
    result = node.read_in(workers=0)
    bad_lines(node.ledger, result)
    json.dumps(result.as_dict())
    with Ledger(node.ledger) as ledger:
        _report(ledger)


def _damage(path: Path, chance: random.Random) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for _ in range(chance.choice((1, 1, 2, 5))):
            table = chance.choice(_TABLES)
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            key = "id" if "id" in columns else columns[0]
            found = connection.execute(f"SELECT {key} FROM {table}").fetchall()
            if not found:
                continue
            column = chance.choice([name for name in columns if name != "id"])
            try:
                connection.execute(
                    f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {key} = ?",
                    (_value(chance), chance.choice(found)[0]),
                )
            except sqlite3.IntegrityError:
                continue  # NOT NULL


def _value(chance: random.Random) -> Any:
    found = chance.choice([*WORDS, b"", b"\xff\x00", b"x" * 16])
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        found = float(found) if found < 2**1000 else None
    if isinstance(found, str):
        found = found.encode("utf-8", "replace").decode()
    return json.dumps(found) if isinstance(found, (list, dict)) else found


def _report(ledger: Ledger) -> None:
    json.dumps(ledger.report(Query(0, 2 * START_MS)).as_dict())


def _empty(folder: Path) -> Path:
    place = folder / "rows"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    statefile._said.clear()
    return place


def _file(*lines: bytes) -> bytes:
    return b"\n".join(lines) + b"\n"


_HEADER = text([header("s1")]).rstrip(b"\n")

TARGETS = {
    target.name: target
    for target in (
        Target("spool", (_file(*SPOOLED),), _spool, share=10),
        Target("transcript", (_file(_HEADER, *REPLIES), _file(*REPLIES)), _transcript, share=10),
        Target("run log", (_file(*RUNS),), _run_log, share=10),
        Target("memory of imports", (b"0123456789abcdef",), _memory, share=10),
    )
}
