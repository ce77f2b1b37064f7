"""Which call of the history is which row of the proxy, and what differs. All in the scratch database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from .result import KINDS, Difference, Kind, Reconciliation, Side

NEAR_MS = 120_000
"""A call of the Node agent has no id of the proxy, and the ids of some proxies say nothing: such a call is known by alias and
tokens, and a time that is as near as this."""

_TOLERANCE_PICO = 1_000
"""USD 0.000000001: both sides round differently."""

# Where one id fits several rows, the one that is most alike: some proxies and providers give one id to many calls.
_MOST_ALIKE = "ORDER BY there.total_tokens = here.total_tokens DESC, abs(there.started_at_ms - here.started_at_ms), here.id, there.id"
_BY_CALL_ID = f"""
INSERT OR IGNORE INTO pair SELECT here.id, there.id, 'call-id' FROM here JOIN there USING (call_id) {_MOST_ALIKE}
"""  # noqa: S608 - constants
# A proxy that makes ids of its own names its rows by them. One that gives the same id twice names nothing by it.
_BY_PROXY_ID = f"""
INSERT OR IGNORE INTO pair SELECT here.id, there.id, 'proxy-call-id' FROM here JOIN there ON there.call_id = here.proxy_call_id
WHERE here.proxy_call_id IN (SELECT proxy_call_id FROM here GROUP BY 1 HAVING count(*) = 1)
  AND here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair) {_MOST_ALIKE}
"""  # noqa: S608 - constants
_BY_COMPLETION = f"""
INSERT OR IGNORE INTO pair SELECT here.id, there.id, 'completion' FROM here JOIN there ON there.request_id = here.response_id
WHERE here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair) {_MOST_ALIKE}
"""  # noqa: S608 - constants
_BY_CONTENT = """
INSERT OR IGNORE INTO pair SELECT here, there, 'content' FROM (
  SELECT here.id AS here, there.id AS there, abs(there.started_at_ms - here.started_at_ms) AS apart
  FROM here JOIN there ON there.model = here.model AND there.total_tokens = here.total_tokens
    AND there.started_at_ms BETWEEN here.started_at_ms - :near AND here.started_at_ms + :near
  WHERE (here.feed IS NOT NULL OR here.proxy_call_id IS NOT NULL) AND here.total_tokens > 0
    AND here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair)
  ORDER BY apart, here.id, there.id
)
"""
# A call that fell back to another model has one row here and one per attempt there: `ID` failed, `ID-2` answered.
_ATTEMPTS = """
INSERT INTO attempt SELECT there.id FROM there WHERE there.id NOT IN (SELECT there FROM pair)
  AND EXISTS (SELECT 1 FROM here WHERE here.call_id IN (there.call_id || '-2', there.call_id || '-3'))
"""
_JUDGED = """
SELECT here.started_at_ms AS at_ms, here.call_id AS call_id, there.call_id AS proxy_call_id, coalesce(here.model, there.model) AS model,
  here.cost_pico AS here_pico, here.cost_source AS here_source, there.spend_pico AS there_pico, pair.matched_by AS matched_by,
  CASE
    WHEN coalesce(here.cost_pico, 0) = 0 AND there.spend_pico > :tolerance THEN 'zero-here'
    WHEN coalesce(here.cost_pico, 0) > :tolerance AND there.spend_pico = 0 THEN 'zero-there'
    WHEN abs(coalesce(here.cost_pico, 0) - there.spend_pico) > :tolerance THEN 'cost-differs'
    ELSE 'equal'
  END AS kind
FROM pair JOIN here ON here.id = pair.here JOIN there ON there.id = pair.there
WHERE here.started_at_ms >= :from AND here.started_at_ms < :to
UNION ALL
SELECT started_at_ms, call_id, call_id, model, NULL, NULL, spend_pico, NULL, 'missing-here' FROM there
WHERE id NOT IN (SELECT there FROM pair) AND id NOT IN (SELECT there FROM attempt)
  AND (status <> 'failure' OR spend_pico > 0) AND started_at_ms >= :from AND started_at_ms < :to
UNION ALL
SELECT started_at_ms, call_id, proxy_call_id, model, cost_pico, cost_source, NULL, NULL, 'missing-there' FROM here
WHERE id NOT IN (SELECT here FROM pair) AND (status <> 'error' OR total_tokens > 0 OR coalesce(cost_pico, 0) > 0)
  AND started_at_ms >= :from AND started_at_ms < :to
"""


def match(connection: sqlite3.Connection) -> None:
    """Find the pairs: by our id of the call, by the proxy's, by that of the completion, and by content where ids do not tell."""
    connection.execute("BEGIN")
    connection.execute("DELETE FROM pair")
    connection.execute("DELETE FROM attempt")
    connection.execute("CREATE INDEX IF NOT EXISTS there_content ON there (model, total_tokens, started_at_ms)")
    for statement in (_BY_CALL_ID, _BY_PROXY_ID, _BY_COMPLETION, _ATTEMPTS):
        connection.execute(statement)
    connection.execute(_BY_CONTENT, {"near": NEAR_MS})
    connection.execute("COMMIT")


def waiting(connection: sqlite3.Connection, since_ms: int) -> int:
    """How many answered calls of the history since then have no row yet.

    Args:
        since_ms: milliseconds since 1970: younger calls may have a row soon.
    """
    sql = (
        "SELECT count(*) FROM here WHERE started_at_ms >= ? AND feed IS NULL AND total_tokens > 0"
        " AND id NOT IN (SELECT here FROM pair)"
    )
    return int(connection.execute(sql, (since_ms,)).fetchone()[0])


def missing_there(
    connection: sqlite3.Connection, from_ms: int, to_ms: int
) -> Iterator[tuple[int, *tuple[str | None, ...]]]:
    """The calls of the history which should have a row and have none, by time: the start, and the ids by which one may be found."""
    yield from connection.execute(
        "SELECT started_at_ms, call_id, proxy_call_id, response_id FROM here WHERE id NOT IN (SELECT here FROM pair)"
        " AND (status <> 'error' OR total_tokens > 0 OR coalesce(cost_pico, 0) > 0)"
        " AND started_at_ms >= ? AND started_at_ms < ? ORDER BY started_at_ms",
        (from_ms, to_ms),
    ).fetchall()


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
        "SELECT model, kind, count(*), sum(coalesce(here_pico, 0)), sum(coalesce(there_pico, 0))"  # noqa: S608 - a constant
        f" FROM ({_JUDGED}) GROUP BY model, kind"
    )
    for model, kind, count, here, there in connection.execute(sums, bound):
        counts, costs = models.setdefault(model, ({}, [0, 0]))
        counts[kind] = count
        costs[0] += here
        costs[1] += there
    sides = [Side(model, counts, *costs) for model, (counts, costs) in models.items()]
    whole: dict[Kind, int] = {kind: sum(side.counts.get(kind, 0) for side in sides) for kind in KINDS}
    totals = Side(None, whole, sum(side.here_pico for side in sides), sum(side.there_pico for side in sides))
    differing = sum(count for kind, count in whole.items() if kind != "equal")
    found = tuple(_differences(connection, bound, limit))
    matched = connection.execute("SELECT matched_by, count(*) FROM pair GROUP BY 1")
    return Reconciliation(
        from_ms,
        to_ms,
        totals,
        tuple(sorted(sides, key=lambda side: (-abs(side.here_pico - side.there_pico), side.model or ""))),
        found,
        differing - len(found),
        {name: count for name, count in matched},  # noqa: C416 - a cursor is no mapping
        _count(connection, "SELECT count(*) FROM attempt"),
        _count(
            connection,
            "SELECT count(*) FROM here WHERE status = 'error' AND total_tokens = 0 AND coalesce(cost_pico, 0) = 0"
            " AND started_at_ms >= :from AND started_at_ms < :to AND id NOT IN (SELECT here FROM pair)",
            bound,
        ),
    )


def missing_here(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Iterator[str]:
    """The rows of the proxy of which the history has no call, as ``scratch.row_of`` reads them."""
    sql = (
        "SELECT whole FROM there WHERE id NOT IN (SELECT there FROM pair) AND id NOT IN (SELECT there FROM attempt)"
        " AND (status <> 'failure' OR spend_pico > 0) AND started_at_ms >= ? AND started_at_ms < ? ORDER BY started_at_ms"
    )
    for (whole,) in connection.execute(sql, (from_ms, to_ms)):
        yield whole


def _differences(connection: sqlite3.Connection, bound: dict[str, int], limit: int) -> Iterator[Difference]:
    sql = (
        "SELECT kind, call_id, proxy_call_id, at_ms, model, here_pico, there_pico, here_source, matched_by"  # noqa: S608 - a constant
        f" FROM ({_JUDGED}) WHERE kind <> 'equal' ORDER BY at_ms, call_id LIMIT :limit"
    )
    for row in connection.execute(sql, {**bound, "limit": limit}):
        yield Difference(*row)


def _count(connection: sqlite3.Connection, sql: str, bound: Any = ()) -> int:
    return int(connection.execute(sql, bound).fetchone()[0])
