"""The conditions of a query as SQL, over the table ``dimension`` (and ``call``, for lists of single calls). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .dialect import Conditions, Dialect, lowered
from .names import NONE
from .query import ALL_COLUMNS, HOST, Query

if TYPE_CHECKING:
    from .filters import Filter


def conditions(query: Query, dialect: Dialect, *, single: bool = False) -> Conditions:
    """The conditions of a query's options and filter.

    Args:
        query: whose window is the one in which sessions are summed up.
        dialect: the database's.
        single: whether single calls are listed, in the table ``call``.

    Raises:
        UsageError: the filter asks for what a report, or this database, does not have.
    """
    made = Conditions()
    for name, values in query.filters.items():
        _exactly(made, name, values, dialect)
    if query.where is not None:
        from .filtersql import write

        write(query.where, made, query, dialect, single=single)
    return made


def needs_sessions(where: Filter | None) -> bool:
    """Whether a filter asks about sessions, which the smallest roll-ups do not tell apart."""
    return where is not None and where.about_sessions


def _exactly(made: Conditions, name: str, values: Iterable[str], dialect: Dialect) -> None:
    if name == HOST:
        dialect.need_hosts("--host")
    wanted = ["" if value == NONE else value for value in values]
    marks = ", ".join([dialect.mark] * len(wanted))
    column = f"dimension.{ALL_COLUMNS[name]}"
    if name == "model":
        made.terms.append(f"({column} IN ({marks}) OR dimension.provider || '/' || {column} IN ({marks}))")
        made.values += wanted
    elif name == "task":
        called = f"SELECT task FROM ({dialect.task_names}) AS named WHERE {dialect.lower.format('name')} IN ({marks})"  # noqa: S608
        made.terms.append(f"({column} IN ({marks}) OR {column} IN ({called}))")
        made.values += wanted
        wanted = [lowered(value) for value in wanted]
    else:
        made.terms.append(f"{column} IN ({marks})")
    made.values += wanted
