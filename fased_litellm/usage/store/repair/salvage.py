"""Read what can still be read of a damaged ledger."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ...money import MAX_COST_USD, to_pico
from ...record import MAX_COUNT, MAX_TEXT, STATUSES
from .. import rollups
from ..dimensions import NAMES, Dimensions, Names
from ..proxyrows import superseded
from ..rows import COLUMNS, insert_many
from . import cells
from .pages import Pages

FORGOTTEN_FEED = 0
"""Stands in ``call.feed`` for a file that is not known any more; those that are known count from 1."""

_BATCH = 2000
_FEW_FLAWS = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_MAX_MS = 253_402_300_799_999  # the end of the year 9999
_MAX_PICO = to_pico(MAX_COST_USD)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was found in a damaged ledger.

    Attributes:
        calls: rows that were saved, own and imported ones.
        own: those of them that this package recorded itself.
    """

    calls: int = 0
    own: int = 0


def salvage(damaged: Pages, target: sqlite3.Connection) -> Salvaged:
    """Copy all rows that can be read and make sense, with their names, and the name of this host.

    Each page is looked at for itself, so that neither a damaged way to it nor a file that was cut hides its rows. A changed
    row has a higher id than before: of several with one call id, as old pages still hold, the last counts. A row whose
    names are lost is saved without them, and one of which a part makes no sense without that part, so that its tokens and
    cost are not lost as well. What is known of the Node agent's files is left out: they are read anew.

    Args:
        damaged: what is there.
        target: to a new ledger, in a transaction.

    Raises:
        OSError: the damaged file cannot be read.
        sqlite3.Error: the new ledger cannot be written.
    """
    names: dict[int, Names] = {}
    with closing(sqlite3.connect("", isolation_level=None)) as scratch:  # in a file, as soon as it is large
        _prepare(scratch)
        for page in damaged:
            if cells.is_index(page):
                _keep_host(cells.entries(damaged, page), target)
                continue
            found = list(cells.rows(damaged, page))
            scratch.executemany(_PUT, _calls(found))
            names.update((number, known) for number, values in found if (known := _names(values)) is not None)
        saved = _copy(scratch, names, target)
        superseded.settle_all(target)
        return saved


def _prepare(scratch: sqlite3.Connection) -> None:
    scratch.execute("PRAGMA synchronous = OFF")
    scratch.execute("PRAGMA journal_mode = OFF")
    scratch.execute(f"CREATE TABLE found (id INTEGER, flaws INTEGER, {', '.join(COLUMNS)})")
    scratch.execute("BEGIN")


def _calls(found: list[tuple[int, list[Any]]]) -> Iterator[tuple[Any, ...]]:
    """The calls among the rows of a page: ``(id, flaws, *values)``. Where one is sound, the others are calls as well."""
    rows = [(number, values) for number, values in found if _is_call(values)]
    judged = [(number, _row(values)) for number, values in rows]
    if not any(not flaws for _, (flaws, _) in judged):
        judged = [entry for entry in judged if entry[1][0] <= _FEW_FLAWS]
    when = next((row[_STARTED] for _, (_, row) in judged if row[_STARTED] is not None), None)
    for number, (flaws, row) in judged:
        if row[_STARTED] is None:  # near enough: rows are in the order in which they were recorded
            row[_STARTED] = when
        if (when := row[_STARTED]) is not None:
            yield number, flaws, *row


def _is_call(values: list[Any]) -> bool:
    return len(values) > _STARTED + 1 and _text(values[1]) and values[1][0] >= " "


def _row(values: list[Any]) -> tuple[int, list[Any]]:
    """How many of its values make no sense, and the row without these."""
    # The first is the id of the row, which is not kept there.
    known = dict(zip(COLUMNS, values[1:], strict=False))
    # Where a length is damaged, what stands behind an id in the file is taken for its end.
    known["call_id"] = _CONTROL.split(known["call_id"], maxsplit=1)[0] or None
    row: list[Any] = []
    flaws = max(0, len(COLUMNS) + 1 - len(values)) + (values[0] is not None)
    for name in COLUMNS:
        value = known.get(name, _OTHERWISE.get(name))
        if not _SOUND[name](value):
            flaws += 1
            value = _OTHERWISE.get(name)
        row.append(value)
    return flaws, row


def _names(values: list[Any]) -> Names | None:
    """The names in a row of ``dimension``; None if it is none."""
    if len(values) != 2 + len(NAMES) or values[0] is not None:
        return None
    found = dict(zip(NAMES, values[1:], strict=False))
    sound = all(isinstance(text, str) and len(text) <= MAX_TEXT for text in found.values())
    return tuple(found[name] for name in NAMES) if sound and found["status"] in STATUSES else None


def _copy(scratch: sqlite3.Connection, names: dict[int, Names], target: sqlite3.Connection) -> Salvaged:
    dimensions = Dimensions(target)
    calls = own = 0
    rows = scratch.execute(_LAST_OF_EACH)
    while batch := rows.fetchmany(_BATCH):
        complete = []
        for values in batch:
            row = list(values)
            known = names.get(row[_DIMENSION])
            if known is None:
                known = tuple(("error" if row[_CAUSE] else "ok") if name == "status" else "" for name in NAMES)
            row[_DIMENSION] = dimensions.of(known)
            if row[_FEED] is None:
                own += 1
            else:
                row[_FEED] = FORGOTTEN_FEED
            complete.append(tuple(row))
        calls += insert_many(target, complete)
    while rollups.advance(target):
        pass
    return Salvaged(calls, min(own, calls))


def _keep_host(entries: Iterable[list[Any]], target: sqlite3.Connection) -> None:
    for values in entries:
        if len(values) == 2 and values[0] == "host":
            value = values[1]
            if isinstance(value, str) and len(value) == 32 and value.isalnum() and value.isascii():
                target.execute("UPDATE meta SET value = ? WHERE name = 'host'", (value,))


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _no_text(value: object) -> bool:
    return value is None or _text(value)


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _no_count(value: object) -> bool:
    return value is None or _count(value)


def _no_cost(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= _MAX_PICO)


def _no_duration(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value < float("inf"))


def _time(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_MS


_SOUND: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(COLUMNS, _no_text),
    **{name: _count for name in COLUMNS if name.endswith("_tokens")},
    **{name: _no_cost for name in COLUMNS if name.endswith("_pico")},
    **{name: _no_duration for name in COLUMNS if name.endswith("_ms")},
    **dict.fromkeys(("http_status", "retries", "fallbacks", "feed"), _no_count),
    "call_id": _text,
    "cost_source": _text,
    "started_at_ms": _time,
    "dimension": _no_count,
    "counted": lambda value: value in (0, 1),
}

_OTHERWISE: dict[str, Any] = {
    **{name: 0 for name in COLUMNS if name.endswith("_tokens")},
    "cost_source": "unknown",
    "counted": 1,
}
"""What stands for a value that is lost; for any other it is None."""

_DIMENSION, _STARTED, _CAUSE, _FEED = (COLUMNS.index(name) for name in ("dimension", "started_at_ms", "cause", "feed"))
_PUT = f"INSERT INTO found VALUES (?, ?, {', '.join('?' * len(COLUMNS))})"  # noqa: S608 - question marks
_LAST_OF_EACH = (
    f"SELECT {', '.join(COLUMNS)} FROM (SELECT *, row_number() OVER (PARTITION BY call_id ORDER BY id DESC, flaws) AS place "  # noqa: S608
    "FROM found) WHERE place = 1 ORDER BY id"
)
