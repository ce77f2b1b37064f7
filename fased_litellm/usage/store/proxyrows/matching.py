"""Which call of the history is which row of the proxy. All in the scratch database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

MARGIN_MS = 600_000
"""Clocks differ: a call at the edge of the window may be just outside of it on the other side."""
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
# What `--fill` added names its row, and so does the call that took its place.
_BY_OWN_ROW = """
INSERT OR IGNORE INTO pair SELECT here.id, there.id, 'filled' FROM here JOIN there USING (fill_id)
WHERE here.filled AND here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair)
"""
_BY_REPLACED_ROW = """
INSERT OR IGNORE INTO pair SELECT here.id, there.id, 'content' FROM here JOIN there USING (fill_id)
WHERE here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair)
"""
# Fact: the id of a chat completion is what LiteLLM's client saw, and begins its row's; other kinds of ids may be others there.
_OTHER_COMPLETION = """
  here.response_id GLOB 'chatcmpl-*' AND there.request_id GLOB 'chatcmpl-*'
  AND substr(there.request_id, 1, length(here.response_id)) <> here.response_id
  AND here.response_id IN (SELECT response_id FROM here GROUP BY 1 HAVING count(*) = 1)
"""
# A transcript has the end of a call, and a record of ours its beginning.
_BY_CONTENT = f"""
INSERT OR IGNORE INTO pair SELECT here, there, 'content' FROM (
  SELECT here.id AS here, there.id AS there,
    abs(here.started_at_ms - CASE WHEN here.feed IS NULL THEN there.started_at_ms ELSE there.ended_at_ms END) AS apart
  FROM here JOIN there ON there.model = here.model AND there.total_tokens = here.total_tokens
    AND there.started_at_ms BETWEEN here.started_at_ms - :near - :longest AND here.started_at_ms + :near
    AND there.ended_at_ms >= here.started_at_ms - :near
  WHERE (here.feed IS NOT NULL OR here.proxy_call_id IS NOT NULL) AND NOT here.filled AND here.total_tokens > 0
    AND here.id NOT IN (SELECT here FROM pair) AND there.id NOT IN (SELECT there FROM pair)
    AND NOT coalesce({_OTHER_COMPLETION}, 0)
  ORDER BY apart, here.id, there.id
)
"""  # noqa: S608 - constants
PAIRS = """
SELECT there.fill_id, here.call_id, matched_by FROM pair JOIN here ON here.id = pair.here JOIN there ON there.id = pair.there
"""
"""The pairs: the id that the row has or would have here, the call, and how they were found."""
# A call that fell back to another model has one row here and one per attempt there: `ID` failed, `ID-2` answered.
_ATTEMPTS = """
INSERT INTO attempt SELECT there.id FROM there WHERE there.id NOT IN (SELECT there FROM pair)
  AND EXISTS (SELECT 1 FROM here WHERE here.call_id IN (there.call_id || '-2', there.call_id || '-3'))
"""


_INDEXES = {
    "here_call": "here (call_id)",
    "here_fill": "here (fill_id)",
    "here_response": "here (response_id)",
    "there_call": "there (call_id)",
    "there_request": "there (request_id)",
    "there_content": "there (model, total_tokens, started_at_ms)",
}


def match(connection: sqlite3.Connection) -> None:
    """Find the pairs: by our id of the call, by the proxy's, by that of the completion, and by content where ids do not tell."""
    connection.execute("BEGIN")
    connection.execute("DELETE FROM pair")
    connection.execute("DELETE FROM attempt")
    for name, columns in _INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
    for statement in (_BY_CALL_ID, _BY_OWN_ROW, _BY_PROXY_ID, _BY_COMPLETION, _BY_REPLACED_ROW, _ATTEMPTS):
        connection.execute(statement)
    (longest,) = connection.execute("SELECT coalesce(max(ended_at_ms - started_at_ms), 0) FROM there").fetchone()
    connection.execute(_BY_CONTENT, {"near": NEAR_MS, "longest": longest})
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


_MISSING = """
SELECT id, started_at_ms, model, total_tokens FROM there
WHERE id NOT IN (SELECT there FROM pair) AND id NOT IN (SELECT there FROM attempt)
  AND (status <> 'failure' OR spend_pico > 0) AND started_at_ms >= :from AND started_at_ms < :to
"""
_TO_FILL = f"""
WITH missing AS MATERIALIZED ({_MISSING})
SELECT whole FROM there WHERE id IN (
  SELECT id FROM missing
  UNION
  SELECT pair.there FROM pair JOIN here ON here.id = pair.here JOIN there AS priced ON priced.id = pair.there
  WHERE (here.cost_pico IS NULL OR here.cost_source = 'estimate') AND priced.spend_pico > 0
    AND here.started_at_ms >= :from AND here.started_at_ms < :to
  UNION
  SELECT alike.id FROM missing JOIN there AS alike ON alike.model = missing.model AND alike.total_tokens = missing.total_tokens
    AND alike.started_at_ms BETWEEN missing.started_at_ms - :around AND missing.started_at_ms + :around
  JOIN pair ON pair.there = alike.id WHERE pair.matched_by IN ('proxy-call-id', 'completion', 'content')
) ORDER BY started_at_ms
"""  # noqa: S608 - constants


def to_fill(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Iterator[str]:
    """The rows of the proxy that ``--fill`` adds, as ``scratch.row_of`` reads them.

    These are the rows of which the history has no call; those that know a cost which the history does not; and those that look like
    one of the first, so that it is known which of them calls that look alike have. The last two do not count.
    """
    bound = {"from": from_ms, "to": to_ms, "around": MARGIN_MS}
    for (whole,) in connection.execute(_TO_FILL, bound):
        yield whole


def missing_here(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> int:
    """How many rows of the proxy the history has no call of."""
    bound = {"from": from_ms, "to": to_ms}
    return int(connection.execute(f"SELECT count(*) FROM ({_MISSING})", bound).fetchone()[0])  # noqa: S608 - a constant
