"""The SQL that sums up a window, from roll-ups and single calls. Pure; see ``dialect`` for what it may use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..store.rollups import CALL_SUMS
from .calendar.timezones import DAY_MS, Zone
from .dialect import Dialect
from .planner import HOUR_MS, Grain, Piece, pieces, stretches

# Columns of VALUES have these names in every database; SQLite lets no others be given.
_SPAN = tuple(f"span.column{number}" for number in range(1, 6))
_FEW = 8
"""So many pieces are read one by one: SQLite then sees that it need not sort what the table has in order."""


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
    only: str | None = None,
) -> str | None:
    """Selects with the columns ``dimension``, those of ``grain_columns``, and the sums; several rows may go together.

    Where days or weeks are told apart, they may cancel each other out: a group without calls is none.

    Args:
        window: milliseconds since 1970 UTC, with an exclusive end.
        zone: whose times are told apart.
        grain: which ones.
        sums: names of ``rollups.SUMS``.
        dialect: the database's.
        sessions: whether ``dimension`` has to tell sessions apart.
        names: whether ``dimension`` is wanted at all.
        only: one of ``sums``; rows that add nothing to it may be left out.

    Returns:
        SQL without bound values; None where the window is empty.
    """
    spans = list(stretches(*window, zone, grain))
    chosen = pieces(spans, grain, dialect.rollups, sessions=sessions)
    # Rows that are not in the sums yet are read for the whole window, and nowhere else.
    split = bool(dialect.rolled_up) and any(piece.rollup for piece in chosen)
    if split:
        chosen += [Piece(None, *span.span[:2], span, newest=True) for span in spans]
    chosen.sort(key=_table)
    groups = []
    for _, group in groupby(chosen, _table):
        found = list(group)
        groups += [[piece] for piece in found] if len(found) <= _FEW else [found]
    selects = [_select(group, grain, sums, dialect, names=names, only=only, split=split) for group in groups]
    return " UNION ALL ".join(selects) if selects else None


def _table(piece: Piece) -> str:
    return piece.rollup.table if piece.rollup else "newest" if piece.newest else ""


def _select(
    group: Sequence[Piece],
    grain: Grain,
    sums: Sequence[str],
    dialect: Dialect,
    *,
    names: bool,
    only: str | None,
    split: bool,
) -> str:
    rollup = group[0].rollup
    first, last, shift, month, weight = _SPAN if len(group) > 1 else map(str, _numbers(group[0]))
    if rollup is None:
        # A call says by its dimension whether it failed, so this one table is needed here in any case.
        source = (
            f"{dialect.call} AS call {dialect.join} {dialect.dimension} AS dimension ON dimension.id = call.dimension"
        )
        dimension, time, expressions = "call.dimension", "call.started_at_ms", CALL_SUMS
    else:
        source, dimension, time = f"{rollup.table} AS part", "part.dimension", "part.bucket"
        expressions = {name: f"part.{name}" for name in sums}
    keys = {"at": _at(group, grain, time, shift), "shift": shift, "month": month, "dimension": dimension}
    chosen = [*grain_columns(grain), *(["dimension"] if names else [])]
    columns = [f"{keys[name]} AS {name}" for name in chosen] + [
        f"{_sum(expressions[name], weight)} AS {name}" for name in sums
    ]
    if group[0].newest:  # by their ids, which are few, and not by their time
        time = f"+{time}"
    conditions = [f"{time} >= {first}", f"{time} < {last}", *([] if rollup else ["call.counted"])]
    if rollup is None and split:
        conditions.append(f"call.id {'>' if group[0].newest else '<='} {dialect.rolled_up}")
    if only and rollup:
        conditions.append(f"part.{only} > 0")
    if len(group) > 1:
        source = f"(VALUES {', '.join(map(str, map(_numbers, group)))}) AS span CROSS JOIN {source}"
    # What is the same in all rows is no key; a number here would be the place of a column.
    grouped = [keys[name] for name in chosen if not keys[name].lstrip("-").isdigit()]
    # A table is known to be sorted by its bucket, but not by a number more.
    grouped = [time if key.startswith(f"{time} +") else key for key in grouped]
    return (
        f"SELECT {', '.join(columns)} FROM {source} WHERE {' AND '.join(conditions)}"  # noqa: S608 - names of columns and whole numbers
        + (f" GROUP BY {', '.join(grouped)}" if grouped else " HAVING count(*) > 0")
    )


def _at(group: Sequence[Piece], grain: Grain, time: str, shift: str) -> str:
    """The number of the hour, day or week; of a bucket as long as that, in a way in which the table is known to be sorted."""
    rollup, unit = group[0].rollup, HOUR_MS if grain.hour else DAY_MS
    if rollup and rollup.width_ms == unit and len(group) == 1 and not grain.week:
        return f"{time} + {group[0].shift // unit}"
    at = f"({time}{f' * {rollup.width_ms}' if rollup else ''} + {shift}) / {unit}"
    return f"({at} + {grain.days_before_1970}) / 7" if grain.week else at


def _sum(expression: str, weight: str) -> str:
    return f"sum({expression})" if weight == "1" else f"sum(({expression}) * {weight})"


def _numbers(piece: Piece) -> tuple[int, int, int, int, int]:
    return piece.first, piece.last, piece.shift, piece.stretch.month, piece.weight
