"""The SQL that sums up a window, from roll-ups and single calls. Pure; see ``dialect`` for what it may use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from .dialect import Dialect
from .planner import HOUR_MS, Grain, Piece, pieces, stretches
from .rollups import CALL_SUMS
from .timezones import DAY_MS, Zone

# Columns of VALUES have these names in every database; SQLite lets no others be given.
_FIRST, _LAST, _SHIFT, _STRETCH_MONTH = (f"span.column{number}" for number in range(1, 5))
_MONDAY = 3
"""1970-01-01 was a Thursday: so many days after a Monday."""


def grain_columns(grain: Grain) -> tuple[str, ...]:
    """The columns of ``parts`` that tell times apart, in the order in which ``times.Times`` takes their values."""
    if grain.hour:
        return ("at", "shift")
    if grain.day:
        return ("at",)
    return (*(("at",) if grain.week else ()), *(("month",) if grain.month else ()))


def parts(
    window: tuple[int, int],
    zone: Zone,
    grain: Grain,
    sums: Sequence[str],
    dialect: Dialect,
    *,
    sessions: bool,
    names: bool,
) -> str | None:
    """Selects with the columns ``dimension``, those of ``grain_columns``, and the sums; several rows may go together.

    Args:
        window: milliseconds since 1970 UTC, with an exclusive end.
        zone: whose times are told apart.
        grain: which ones.
        sums: names of ``rollups.SUMS``.
        dialect: the database's.
        sessions: whether ``dimension`` has to tell sessions apart.
        names: whether ``dimension`` is wanted at all.

    Returns:
        SQL without bound values; None where the window is empty.
    """
    chosen = pieces(stretches(*window, zone, grain), grain, dialect.rollups, sessions=sessions)
    chosen.sort(key=_table)
    selects = [_select(list(group), grain, sums, dialect, names=names) for _, group in groupby(chosen, _table)]
    return " UNION ALL ".join(selects) if selects else None


def _table(piece: Piece) -> str:
    return piece.rollup.table if piece.rollup else ""


def _select(group: Sequence[Piece], grain: Grain, sums: Sequence[str], dialect: Dialect, *, names: bool) -> str:
    rollup = group[0].rollup
    columns = grain_columns(grain)
    time = "call.started_at_ms" if rollup is None else "part.bucket"
    moment = f"{time} + {_SHIFT}" if rollup is None else f"part.bucket * {rollup.width_ms} + {_SHIFT}"
    at = f"({moment}) / {HOUR_MS if grain.hour else DAY_MS}"
    if grain.week:
        at = f"({at} + {_MONDAY}) / 7"
    keys = {"at": at, "shift": _SHIFT, "month": _STRETCH_MONTH}
    chosen = [*(["dimension"] if names else []), *columns]
    if rollup is None:
        # A call says by its dimension whether it failed, so this one table is needed here in any case.
        tables = (
            f"{dialect.call} AS call {dialect.join} {dialect.dimension} AS dimension ON dimension.id = call.dimension"
        )
        keys["dimension"], more = "call.dimension", " AND call.counted"
        values = [f"sum({CALL_SUMS[name]}) AS {name}" for name in sums]
    else:
        tables, keys["dimension"], more = f"{rollup.table} AS part", "part.dimension", ""
        values = [f"sum(part.{name}) AS {name}" for name in sums]
    grouped = ", ".join(str(place + 1) for place in range(len(chosen)))
    return (
        f"SELECT {', '.join([*(f'{keys[name]} AS {name}' for name in chosen), *values])} "  # noqa: S608 - names of columns and whole numbers
        f"FROM (VALUES {_values(group)}) AS span {dialect.join} {tables} "
        f"WHERE {time} >= {_FIRST} AND {time} < {_LAST}{more}" + (f" GROUP BY {grouped}" if grouped else "")
    )


def _values(group: Iterable[Piece]) -> str:
    rows = (f"({piece.first}, {piece.last}, {piece.stretch.span.offset_ms}, {piece.stretch.month})" for piece in group)
    return ", ".join(rows)
