"""Damage a ledger at random, and compare what this package saves of it with what SQLite's own ``.recover`` finds."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fased_litellm.usage.store import access
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.repair import recovery
from fased_litellm.usage.store.rollups import MARK
from fased_litellm.usage.store.rows import COLUMNS
from tests.usage.samples import sample

COUNT = 3_000
_PAGE = 8_192
_ID = re.compile(r"call-\d{5}")
"""SQLite takes any junk for a row; the ids by which calls are known tell which ones are."""
_HEADER = 100


def sqlite_program(folder: Path) -> list[str] | None:
    """The command of an SQLite that can ``.recover``; None if there is none. That of some distributions cannot.

    ``FUZZ_SQLITE3`` names another one than ``sqlite3`` on PATH.
    """
    program = os.environ.get("FUZZ_SQLITE3", "sqlite3").split()
    probe = folder / "probe.sqlite3"
    with closing(sqlite3.connect(probe)) as connection:
        connection.execute("CREATE TABLE probe (word)")
        connection.execute("INSERT INTO probe VALUES ('found')")
        connection.commit()
    try:
        done = subprocess.run([*program, str(probe), ".recover"], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    finally:
        probe.unlink()
    return program if b"'found'" in done.stdout else None


def build(path: Path, count: int = COUNT) -> None:
    """A ledger as use leaves one: rows one by one and in bulk, changed ones, long ones, other tables beside them."""
    with Ledger(path) as ledger:
        ledger.record_many(
            sample(f"call-{number:05}", session=f"agent:main:s{number // 20}", response_id=f"chatcmpl-{number}")
            for number in range(count)
        )
        ledger.roll_up()
        with ledger.transaction() as connection:
            change(connection, {number: {"cost_pico": number} for number in range(1, count // 10)})


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[int(len(data) * chance.choice((0.5, 0.9, 0.99, chance.random()))) :]


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 10, 100))):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)


def _zero(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 20))):
        begin = chance.randrange(len(data) // _PAGE) * _PAGE
        data[begin : begin + _PAGE] = bytes(len(data[begin : begin + _PAGE]))


def _junk(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 5))):
        begin, length = chance.randrange(len(data)), chance.choice((16, 512, 5_000))
        data[begin : begin + length] = chance.randbytes(len(data[begin : begin + length]))


def _header(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8, _HEADER))):
        data[chance.randrange(_HEADER)] ^= chance.randrange(1, 256)


def _first_page(data: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(_HEADER, _PAGE)
    data[begin:_PAGE] = bytes(_PAGE - begin)


DAMAGES: dict[str, Callable[[bytearray, random.Random], None]] = {
    "cut": _cut,
    "flipped bytes": _flip,
    "zeroed pages": _zero,
    "junk": _junk,
    "header": _header,
    "description of the tables": _first_page,
}


@dataclass
class Outcome:
    """What came of some damages."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(folder: Path, first: int, count: int, program: Sequence[str] | None) -> Outcome:
    """Damage a ledger in that many ways, by the seeds from ``first`` on."""
    sound = folder / "sound.sqlite3"
    build(sound)
    outcome = Outcome()
    for seed in range(first, first + count):
        one(folder, sound, seed, outcome, program)
    return outcome


def one(folder: Path, sound: Path, seed: int, outcome: Outcome, program: Sequence[str] | None) -> None:
    """Damage it in one way and look what is saved."""
    chance = random.Random(seed)
    name = list(DAMAGES)[seed % len(DAMAGES)]
    data = bytearray(sound.read_bytes())
    DAMAGES[name](data, chance)
    place = folder / str(seed)
    place.mkdir()
    path = place / "usage.sqlite3"
    path.write_bytes(data)
    theirs = recovered_by_sqlite(program, path, place) if program else {}
    try:
        ours = saved(path)
    except Exception as error:
        outcome.failures.append(f"{seed} ({name}): {type(error).__name__}: {error}")
        return
    missing = theirs.keys() - ours.keys()
    outcome.counts[f"damages: {name}"] += 1
    outcome.counts["calls that SQLite finds"] += len(theirs)
    outcome.counts["calls that are saved"] += len(ours)
    if missing:
        some = ", ".join(sorted(missing)[:3])
        outcome.failures.append(f"{seed} ({name}): {len(missing)} of {len(theirs)} calls are not saved: {some}")
    shutil.rmtree(place)


def saved(path: Path) -> dict[str, int]:
    """What a report finds: call → its tokens. The ledger is sound afterwards."""

    def all_of_them(connection: sqlite3.Connection) -> dict[str, int]:
        found = dict(connection.execute("SELECT call_id, total_tokens FROM call"))
        (sums,) = connection.execute("SELECT coalesce(sum(total_tokens), 0) FROM rollup_hour").fetchone()
        (rows,) = connection.execute(
            f"SELECT coalesce(sum(total_tokens), 0) FROM call WHERE counted AND id <= {MARK}"
        ).fetchone()
        assert sums == rows or not said, "the sums are not those of the rows"
        return found

    said: list[str] = []
    found = access.answer(path, all_of_them, said.append)
    if recovery.recover(path) is not None:  # damage where the question did not look
        said = ["was damaged"]
        found = access.answer(path, all_of_them, said.append)
    return found or {}


def recovered_by_sqlite(program: Sequence[str], path: Path, folder: Path) -> dict[str, int]:
    """The calls which ``.recover`` of SQLite's own program finds, also those of tables that are lost."""
    script = subprocess.run([*program, str(path), ".recover"], capture_output=True, check=False).stdout
    target = folder / "recovered.sqlite3"
    subprocess.run([*program, str(target)], input=script, capture_output=True, check=False)
    found: dict[str, int] = {}
    with closing(sqlite3.connect(target)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            try:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            except (sqlite3.DatabaseError, UnicodeDecodeError):  # a name is damaged
                continue
            for row in rows:
                # Of a lost table, the values stand behind the page it was found on, their number and the id.
                values = row[4:][: row[2]] if table.startswith("lost_and_found") else row
                if len(values) > len(COLUMNS) and isinstance(values[1], str) and _ID.fullmatch(values[1]):
                    found[values[1]] = values[9]
    return found
