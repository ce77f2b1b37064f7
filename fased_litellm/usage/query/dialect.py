"""What differs between the databases that a report can be asked of.

The report's SQL keeps to what SQLite and PostgreSQL have in common: whole numbers are divided with ``/``, conditions are
counted with ``CASE``, numbers that this package made stand in the text, and all else is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ...errors import UsageError
from ..store.rollups import MARK, TABLES


class Connection(Protocol):
    """What a report needs of a connection; sqlite3 and psycopg 3 both have it."""

    def execute(self, query: Any, params: Sequence[Any] = ..., /) -> Iterable[Any]:
        """Run a statement and give its rows."""
        ...


class Rollup(NamedTuple):
    """A table of sums: ``bucket`` (time / ``width_ms``), ``dimension``, and the columns ``rollups.SUMS``.

    Attributes:
        table: its name.
        width_ms: length of a bucket in milliseconds.
        sessions: whether the session is part of its dimensions.
    """

    table: str
    width_ms: int
    sessions: bool


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    Attributes:
        mark: stands for a bound value in SQL.
        rollups: the tables of sums that are there. Whatever they do not cover is read from the single calls, so that
            an empty tuple is right, only slower.
        call: the table of calls: ``dimension``, ``started_at_ms``, ``counted`` (0 or 1) and the sums of one call; or a
            select in parentheses.
        dimension: the table of names: ``id`` and the columns of ``query.COLUMNS``, '' for none; or such a select.
        join: joins two tables of which the left one is to be read first.
        lower: SQL function that gives A to Z as a to z and leaves all else alone, with ``{}`` for its argument.
        conversations: whether the tables ``conversation``, ``activity`` and ``tool_use`` are there.
        hosts: whether ``dimension`` has the column ``host``, the name of a machine.
        rolled_up: the highest id of a row that is in the sums, as SQL; '' where all rows are.
        task_names: selects the ids of tasks and what people call them, the older name of a task first.
    """

    mark: str
    rollups: tuple[Rollup, ...]
    call: str = "call"
    dimension: str = "dimension"
    join: str = "JOIN"
    lower: str = "lower({})"
    conversations: bool = True
    hosts: bool = False
    task_names: str = "SELECT task, name FROM task_name"
    rolled_up: str = ""

    def need_hosts(self, what: str) -> None:
        """Check that machines can be told apart, as an option asks.

        Raises:
            UsageError: they cannot.
        """
        if not self.hosts:
            raise UsageError(
                f"{what} tells machines apart, and this is the history of one.",
                hint="Ask the database that they push to: --from postgresql://…",
            )


@dataclass(slots=True)
class Conditions:
    """What a statement needs for them.

    Attributes:
        ctes: common table expressions, by name; nothing is bound in them.
        terms: conditions to be joined by "and".
        values: what is bound in the terms, in order.
    """

    ctes: dict[str, str] = field(default_factory=dict)
    terms: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


def lowered(text: str) -> str:
    """A text as ``Dialect.lower`` gives it."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


SQLITE = Dialect(
    mark="?",
    rollups=tuple(Rollup(table, width_ms, sessions) for table, (width_ms, sessions) in TABLES.items()),
    # SQLite keeps the order of a CROSS JOIN, where it might choose a worse one by itself.
    join="CROSS JOIN",
    rolled_up=MARK,
)
