"""What became of each call, once it is known which row of the proxy is which. All in the scratch database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from ..store.proxyrows.matching import MARGIN_MS
from .result import ALIKE, KINDS, Kind, Reconciliation, RowDifference, Side

_TOLERANCE_PICO = 1_000
"""USD 0.000000001: both sides round differently."""
_SKEW_MS = 5_000
"""Two clocks may differ as much."""

# Fact: LiteLLM writes a spend of 0 where it knows no price, and estimates the prompt's tokens of calls that were refused. A 0 is
# believed of those that used nothing, and of a model that is free by the history.
_ANSWERED = "there.status <> 'failure' AND there.total_tokens > 0"
_USED = f"(here.used OR ({_ANSWERED}))"
_PAIRED = f"CASE WHEN spend_pico > 0 OR NOT {_USED} OR here.cost_pico <= :tolerance THEN spend_pico END"
_ALONE = f"CASE WHEN spend_pico > 0 OR NOT ({_ANSWERED}) THEN spend_pico END"
_LEAST, _MOST, _FRAME = 10, 1.25, 5_000
"""What is summed up is at least a tenth of the context (what tools gave is cut short), and at most all of it, beside
instructions of so many tokens; another tokenizer may have counted a quarter more."""
# The agent adds the line of a summary once it has it; several calls, one after the other, may be needed for one.
_REASON = f"""CASE
  WHEN client = 'own' THEN NULL
  WHEN EXISTS (
    SELECT 1 FROM summary WHERE there.started_at_ms >= since_ms - {_SKEW_MS} AND there.ended_at_ms <= at_ms + {_SKEW_MS}
    AND coalesce(summary.model = there.model, 1)
    AND coalesce(there.prompt_tokens BETWEEN tokens / {_LEAST} AND tokens * {_MOST} + {_FRAME}, 1)
  ) THEN 'compaction'
  WHEN client = 'node' AND EXISTS (
    SELECT 1 FROM conversation WHERE there.started_at_ms BETWEEN first_ms - {MARGIN_MS} AND last_ms + {MARGIN_MS}
  ) THEN 'client'
END"""  # noqa: S608 - constants
_JUDGED = f"""
SELECT *, CASE
    WHEN here_pico IS NULL AND there_pico IS NULL THEN 'unpriced'
    WHEN there_pico IS NULL THEN 'zero-there'
    WHEN coalesce(here_pico, 0) = 0 AND there_pico > :tolerance THEN 'zero-here'
    WHEN coalesce(here_pico, 0) > :tolerance AND there_pico = 0 THEN 'zero-there'
    WHEN abs(coalesce(here_pico, 0) - there_pico) > :tolerance THEN 'cost-differs'
    ELSE 'equal'
  END AS kind
FROM (
  SELECT here.started_at_ms AS at_ms, here.call_id AS call_id, there.call_id AS proxy_call_id,
    coalesce(here.model, there.model) AS model, here.cost_pico AS here_pico, here.cost_source AS here_source,
    here.cost_pico IS NULL AND {_USED} AS here_unpriced,
    {_PAIRED} AS there_pico, {_PAIRED} IS NULL AS there_unpriced, pair.matched_by AS matched_by, NULL AS reason
  FROM pair JOIN here ON here.id = pair.here JOIN there ON there.id = pair.there
  WHERE here.started_at_ms >= :from AND here.started_at_ms < :to
)
UNION ALL
SELECT started_at_ms, call_id, call_id, model, NULL, NULL, 0, {_ALONE}, {_ALONE} IS NULL, NULL, {_REASON},
  CASE WHEN {_REASON} IS NULL THEN 'missing-here' ELSE 'without-usage' END
FROM there
WHERE id NOT IN (SELECT there FROM pair) AND id NOT IN (SELECT there FROM attempt)
  AND (status <> 'failure' OR spend_pico > 0) AND started_at_ms >= :from AND started_at_ms < :to
UNION ALL
SELECT started_at_ms, call_id, proxy_call_id, model, cost_pico, cost_source, cost_pico IS NULL, NULL, 0, NULL, NULL, 'missing-there'
FROM here
WHERE id NOT IN (SELECT here FROM pair) AND (status <> 'error' OR total_tokens > 0 OR coalesce(cost_pico, 0) > 0)
  AND started_at_ms >= :from AND started_at_ms < :to
"""  # noqa: S608 - constants


def judge(connection: sqlite3.Connection, from_ms: int, to_ms: int, *, limit: int) -> Reconciliation:
    """Say what became of each call.

    Args:
        connection: a scratch database in which the pairs were found.
        from_ms, to_ms: the window, the end exclusive.
        limit: most differences to give one by one; all are counted.
    """
    bound = {"from": from_ms, "to": to_ms, "tolerance": _TOLERANCE_PICO}
    models: dict[str | None, tuple[dict[Kind, int], list[int]]] = {}
    sums = (
        "SELECT model, kind, count(*), sum(coalesce(here_pico, 0)), sum(coalesce(there_pico, 0)), sum(here_unpriced),"  # noqa: S608 - a constant
        f" sum(there_unpriced) FROM ({_JUDGED}) GROUP BY model, kind"
    )
    for model, kind, count, *added in connection.execute(sums, bound):
        counts, so_far = models.setdefault(model, ({}, [0, 0, 0, 0]))
        counts[kind] = count
        so_far[:] = map(sum, zip(so_far, added, strict=True))
    sides = [Side(model, counts, *so_far) for model, (counts, so_far) in models.items()]
    whole: dict[Kind, int] = {kind: sum(side.counts.get(kind, 0) for side in sides) for kind in KINDS}
    totals = Side(
        None, whole, *map(sum, zip(*([[0, 0, 0, 0]] + [so_far for _, so_far in models.values()]), strict=True))
    )
    differing = sum(count for kind, count in whole.items() if kind not in ALIKE)
    found = tuple(_differences(connection, bound, limit))
    matched = connection.execute("SELECT matched_by, count(*) FROM pair GROUP BY 1")
    return Reconciliation(
        from_ms,
        to_ms,
        totals,
        tuple(sorted(sides, key=lambda side: (-abs(side.here_pico - side.there_pico), side.model or ""))),
        found,
        differing - len(found),
        {name: count for name, count in matched},  # noqa: C416 - a cursor is not a mapping
        _count(connection, "SELECT count(*) FROM attempt"),
        _count(
            connection,
            "SELECT count(*) FROM here WHERE status = 'error' AND total_tokens = 0 AND coalesce(cost_pico, 0) = 0"
            " AND started_at_ms >= :from AND started_at_ms < :to AND id NOT IN (SELECT here FROM pair)",
            bound,
        ),
    )


def _differences(connection: sqlite3.Connection, bound: dict[str, int], limit: int) -> Iterator[RowDifference]:
    sql = (
        "SELECT kind, call_id, proxy_call_id, at_ms, model, here_pico, there_pico, here_source, matched_by, reason"  # noqa: S608 - a constant
        f" FROM ({_JUDGED}) WHERE kind NOT IN ('equal', 'unpriced') ORDER BY at_ms, call_id LIMIT :limit"
    )
    for row in connection.execute(sql, {**bound, "limit": limit}):
        yield RowDifference(*row)


def _count(connection: sqlite3.Connection, sql: str, bound: Any = ()) -> int:
    return int(connection.execute(sql, bound).fetchone()[0])
