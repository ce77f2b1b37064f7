"""Ledgers for the tests of the exports, and exports of them."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from fased_litellm.schemas import schemas
from fased_litellm.usage.exports import fased
from fased_litellm.usage.exports.sessions import sessions
from fased_litellm.usage.exports.temptables import Gathering
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.samples import DAY_MS, START_MS

WEEK = Query(START_MS, START_MS + 7 * DAY_MS)
_VALIDATOR = Draft202012Validator(schemas()["fased-usage.schema.json"])


@contextmanager
def history(chosen: Iterable[UsageRecord]) -> Iterator[sqlite3.Connection]:
    """A connection to a ledger with these calls."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.sqlite3"
        with Ledger(path) as ledger:
            ledger.record_many(chosen)
        with asking(path) as connection:
            yield connection


def exported(connection: sqlite3.Connection, query: Query = WEEK) -> tuple[str, str, Any]:
    """The texts of both tables, and the JSON document, which fits its schema."""
    gathered = Gathering(connection, query)
    rows: list[str] = []
    text = "".join(fased.document(gathered, fased.noted(sessions(gathered), rows.append)))
    document = json.loads(text)
    _VALIDATOR.validate(document)
    assert text == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return "".join(rows), "".join(fased.daily_csv(gathered)), document
