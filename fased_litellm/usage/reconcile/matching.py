"""Which call of the history is which row of the proxy. All in the scratch database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

NEAR_MS = 120_000
"""A call of the Node agent has no id of the proxy, and the ids of some proxies say nothing: such a call is known by alias and
tokens, and a time that is as near as this."""

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


def any_missing_here(connection: sqlite3.Connection, since_ms: int) -> bool:
    """Whether the proxy has a row since then of which the history has no call."""
    sql = (
        "SELECT 1 FROM there WHERE started_at_ms >= ? AND id NOT IN (SELECT there FROM pair)"
        " AND id NOT IN (SELECT there FROM attempt) AND (status <> 'failure' OR spend_pico > 0) LIMIT 1"
    )
    return connection.execute(sql, (since_ms,)).fetchone() is not None


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


def missing_here(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Iterator[str]:
    """The rows of the proxy of which the history has no call, as ``scratch.row_of`` reads them."""
    sql = (
        "SELECT whole FROM there WHERE id NOT IN (SELECT there FROM pair) AND id NOT IN (SELECT there FROM attempt)"
        " AND (status <> 'failure' OR spend_pico > 0) AND started_at_ms >= ? AND started_at_ms < ? ORDER BY started_at_ms"
    )
    for (whole,) in connection.execute(sql, (from_ms, to_ms)):
        yield whole
