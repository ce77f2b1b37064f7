"""What a token of each kind cost, by the calls themselves: where no price list says it, the costs of many calls do.

The cost of a call is the sum of its tokens times their prices. So the prices are those which give the costs of all calls, by
least squares; where they do not give them nearly exactly, there are no such prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement
from math import sqrt
from typing import NamedTuple

from ..query.conditions import conditions
from ..query.dialect import Connection, Dialect
from ..query.query import Query

Key = tuple[str | None, ...]
Weights = tuple[Fraction, Fraction, Fraction, Fraction]
KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_PAIRS = tuple(combinations_with_replacement(range(len(KINDS)), 2))
_EXACT = 1e-3
"""So far, relative to the costs, may the sum of all differences be."""
_SINGULAR = 1e-9
_DIGITS = 9


class Moments(NamedTuple):
    """Sums over the calls of one model whose cost is known.

    Attributes:
        tokens: of each of ``KINDS``.
        products: of each pair of kinds, as ``_PAIRS`` has them.
        costs: of each kind and the cost in pico-USD.
        squares: of the costs.
    """

    tokens: tuple[int, ...] = (0,) * len(KINDS)
    products: tuple[float, ...] = (0.0,) * len(_PAIRS)
    costs: tuple[float, ...] = (0.0,) * len(KINDS)
    squares: float = 0.0

    def plus(self, other: Moments) -> Moments:
        """Both together."""
        return Moments(
            tuple(map(sum, zip(self.tokens, other.tokens, strict=True))),
            tuple(map(sum, zip(self.products, other.products, strict=True))),
            tuple(map(sum, zip(self.costs, other.costs, strict=True))),
            self.squares + other.squares,
        )


def moments(connection: Connection, query: Query, window: tuple[int, int], dialect: Dialect) -> dict[Key, Moments]:
    """The moments of each provider and model, from the single calls of a window.

    Raises:
        sqlite3.Error: the database cannot be read; of another database, that one's error.
    """
    made = conditions(replace(query, from_ms=window[0], to_ms=window[1]), dialect, single=True)
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    terms = "".join(f" AND {term}" for term in made.terms)
    # Floats: products of tokens and costs are past 64 bits.
    floats = {name: f"CAST(call.{name} AS DOUBLE PRECISION)" for name in (*KINDS, "cost_pico")}
    sums = [
        *(f"call.{name}" for name in KINDS),
        *(f"{floats[KINDS[one]]} * {floats[KINDS[other]]}" for one, other in _PAIRS),
        *(f"{floats[name]} * {floats['cost_pico']}" for name in KINDS),
        f"{floats['cost_pico']} * {floats['cost_pico']}",
    ]
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT dimension.provider, dimension.model, "  # noqa: S608 - names of columns and whole numbers; values are bound
        f"{', '.join(f'sum({one})' for one in sums)} "
        f"FROM {dialect.call} AS call JOIN {dialect.dimension} AS dimension ON dimension.id = call.dimension "
        f"WHERE call.counted AND call.cost_pico IS NOT NULL AND call.started_at_ms >= {int(window[0])} "
        f"AND call.started_at_ms < {int(window[1])}{terms} GROUP BY dimension.provider, dimension.model"
    )
    return dict(_rows(connection, sql, made.values))


def _rows(connection: Connection, sql: str, values: Sequence[object]) -> Iterator[tuple[Key, Moments]]:
    first, second = 2 + len(KINDS), 2 + len(KINDS) + len(_PAIRS)
    for row in connection.execute(sql, values):
        yield (
            (row[0] or None, row[1] or None),
            Moments(
                tuple(map(int, row[2:first])),
                tuple(map(float, row[first:second])),
                tuple(map(float, row[second:-1])),
                float(row[-1]),
            ),
        )


def fitted(before: Moments, after: Moments) -> Weights | None:
    """The price of a token of each kind in pico-USD: of both windows, if it was the same, else of the first that tells it.

    Returns:
        None if the costs are no sum of tokens times prices, or the calls are too much alike to tell.
    """
    return next((found for one in (before.plus(after), before, after) if (found := _fit(one)) is not None), None)


def _fit(of: Moments) -> Weights | None:
    products: Mapping[tuple[int, int], float] = dict(zip(_PAIRS, of.products, strict=True))
    used = [kind for kind in range(len(KINDS)) if products[kind, kind] > 0]
    if not used or of.squares <= 0:
        return None
    # Scaled, so that one million input tokens and ten output tokens are numbers of one size.
    scale = {kind: sqrt(products[kind, kind]) for kind in used}
    rows = [
        [
            *(products[min(one, other), max(one, other)] / scale[one] / scale[other] for other in used),
            of.costs[one] / scale[one] / sqrt(of.squares),
        ]
        for one in used
    ]
    solved = _solved(rows)
    if solved is None:
        return None
    # What is left of the costs' squares.
    rest = 1.0 - sum(
        weight * of.costs[kind] / scale[kind] / sqrt(of.squares) for weight, kind in zip(solved, used, strict=True)
    )
    if rest > _EXACT**2 or min(solved) < -_EXACT:
        return None
    # Prices have few digits; so the last ones of the floats, which depend on the order of the rows, make no difference.
    prices = {
        kind: Fraction(f"{max(0.0, weight) * sqrt(of.squares) / scale[kind]:.{_DIGITS}g}")
        for weight, kind in zip(solved, used, strict=True)
    }
    one, two, three, four = (prices.get(kind, Fraction(0)) for kind in range(len(KINDS)))
    return one, two, three, four


def _solved(rows: list[list[float]]) -> list[float] | None:
    """The solution of linear equations, each with its right side at the end; None if there is no single one."""
    size = len(rows)
    for place in range(size):
        best = max(range(place, size), key=lambda row: abs(rows[row][place]))
        rows[place], rows[best] = rows[best], rows[place]
        if abs(rows[place][place]) < _SINGULAR:
            return None
        for row in range(size):
            if row != place:
                factor = rows[row][place] / rows[place][place]
                rows[row] = [value - factor * other for value, other in zip(rows[row], rows[place], strict=True)]
    return [rows[place][size] / rows[place][place] for place in range(size)]
