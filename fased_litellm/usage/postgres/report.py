"""Ask the database what a ledger is asked, by the same code: its tables have the same columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from ..query.dialect import Dialect, Rollup
from ..store.rollups import TABLES
from . import schema
from .connect import connected, one_state
from .errors import SCHEMA
from .url import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

Answer = TypeVar("Answer")

_AT_ONCE = 5_000

POSTGRES = Dialect(
    mark="%s",
    rollups=tuple(Rollup(table, width, sessions) for table, (width, sessions) in TABLES.items()),
    hosts=True,
    # Machines push the labels of sessions, and not where tasks are defined.
    task_names="SELECT task, substr(label, 7) AS name FROM conversation WHERE task <> '' AND starts_with(label, 'Cron: ') "
    "AND length(label) > 6 ORDER BY updated_at_ms NULLS FIRST",
)
"""What differs from SQLite. Names have the collation "C", in which ``lower`` knows A to Z alone."""


class Asking:
    """A connection as reports want it, see ``dialect.Connection``. A long answer is not kept in memory.

    Such an answer has to be gone through before the next question.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, query: Any, params: Sequence[Any] = (), /) -> Iterable[Any]:
        """Run a statement and give its rows."""
        rows = self._connection.cursor().stream(query, params)
        first = list(islice(rows, _AT_ONCE))
        return first if len(first) < _AT_ONCE else chain(first, rows)


def ask(place: DatabaseUrl, question: Callable[[Asking, Dialect], Answer]) -> Answer:
    """The answer to questions about one state of the database.

    Raises:
        FleetError: it cannot be reached or read, holds no usage, or is of another version.
    """
    with connected(place) as connection:
        schema.require(connection, place)
        with one_state(connection, SCHEMA):
            return question(Asking(connection), POSTGRES)
