"""What a ledger knows of the Node agent's conversations, and which of them have to be sent, told by digests.

A conversation is sent whole, with what went on in it: it has no number that would grow with its changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

_ABOUT = (
    "agent",
    "name",
    "session_id",
    "session",
    "label",
    "channel",
    "source",
    "task",
    "chat_type",
    "provider",
    "model",
    "provider_override",
    "model_override",
    "updated_at_ms",
    "first_ms",
    "last_ms",
)
_PARTS = {
    "activity": ("bucket", "user_messages", "assistant_messages", "tool_calls", "tool_results", "errors"),
    "tool_use": ("bucket", "name", "calls"),
}
"""Table of what went on → its columns."""
_AT_ONCE = 1_000

Digests = dict[str, str]
"""Agent and name, with a line break between → digest of all that is known."""


def digests(connection: sqlite3.Connection) -> Digests:
    """What is known of each conversation, in short. The time this takes grows with the quarters of an hour that had some.

    Raises:
        sqlite3.Error: the ledger cannot be read.
    """
    keys: dict[int, str] = {}
    found: dict[int, Any] = {}
    for number, *about in connection.execute(f"SELECT id, {', '.join(_ABOUT)} FROM conversation"):  # noqa: S608 - names of columns
        keys[number] = _key(about)
        found[number] = blake2b(repr(about).encode(), digest_size=12)
    for table, columns in _PARTS.items():
        # In the order of the table's key, so that the same rows give the same digest.
        order = ", ".join(column for column in columns if column in ("bucket", "name"))
        sql = f"SELECT conversation, {', '.join(columns)} FROM {table} ORDER BY {order}"  # noqa: S608 - the same
        for number, *row in connection.execute(sql):
            if number in found:
                found[number].update(repr(row).encode())
    return {keys[number]: digest.hexdigest() for number, digest in found.items()}


def of_all(known: Mapping[str, str]) -> str:
    """The digest of all digests; the same for none as where nothing was ever sent."""
    return blake2b(repr(sorted(known.items())).encode(), digest_size=12).hexdigest() if known else ""


def batches(connection: sqlite3.Connection, wanted: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
    """The conversations of these keys, as objects for the database, some at a time.

    Args:
        connection: to the ledger.
        wanted: part of what ``digests`` gave.

    Raises:
        sqlite3.Error: the ledger cannot be read.
    """
    sql = f"SELECT id, {', '.join(_ABOUT)} FROM conversation ORDER BY id"  # noqa: S608 - names of columns
    rows = ((number, about) for number, *about in connection.execute(sql) if _key(about) in wanted)
    while some := dict(islice(rows, _AT_ONCE)):
        parts = {table: _of(connection, table, some) for table in _PARTS}
        yield [
            {
                **dict(zip(_ABOUT, about, strict=True)),
                "digest": wanted[_key(about)],
                **{table: found.get(number, []) for table, found in parts.items()},
            }
            for number, about in some.items()
        ]


def _of(connection: sqlite3.Connection, table: str, numbers: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    columns, chosen = _PARTS[table], ", ".join(map(str, numbers))
    sql = f"SELECT conversation, {', '.join(columns)} FROM {table} WHERE conversation IN ({chosen})"  # noqa: S608 - whole numbers
    found: dict[int, list[dict[str, Any]]] = {}
    for number, *row in connection.execute(sql):
        found.setdefault(number, []).append(dict(zip(columns, row, strict=True)))
    return found


def _key(about: Sequence[Any]) -> str:
    return f"{about[0]}\n{about[1]}"
