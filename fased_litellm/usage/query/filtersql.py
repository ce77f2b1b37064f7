"""A filter as SQL, over the table ``dimension`` (and ``call``, for lists of single calls). Pure.

Names are conditions on the call. What a session has, costs or takes is summed up over the session's calls within the
window, whatever the rest of the filter says; a list of single calls asks the call itself. An unknown cost counts as
nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import UsageError
from ..store.rollups import CALL_SUMS
from .calendar.timezones import UTC_ZONE
from .dialect import Conditions, Dialect, lowered
from .filters import CALL_KEYS, HAS, NAME_KEYS, NUMBERS, Filter, Term, Value
from .planner import Grain
from .query import HOST, Query
from .sql import parts

_BUCKET_MS = 900_000
_MEASURED = {"Tokens": "tokens", "Cost": "cost"}
_SESSION = "dimension.session"


def write(where: Filter, made: Conditions, query: Query, dialect: Dialect, *, single: bool) -> None:
    """Add the terms of a filter to conditions.

    Raises:
        UsageError: it asks for what a report, or this database, does not have.
    """
    writer = _Writer(made, query, dialect, single=single)
    for term in where.terms:
        sql = writer.term(term)
        made.terms.append(f"NOT ({sql})" if term.negated else f"({sql})")


class _Writer:
    """Writes the terms of a filter; what it binds goes to ``made`` in the order of the text."""

    def __init__(self, made: Conditions, query: Query, dialect: Dialect, *, single: bool) -> None:
        self._made = made
        self._query = query
        self._dialect = dialect
        self._single = single

    def term(self, term: Term) -> str:
        if term.key == HOST:
            self._dialect.need_hosts("--filter host:")
        if term.key in NAME_KEYS:
            column = f"dimension.{NAME_KEYS[term.key]}"
            also = f"dimension.provider || '/' || {column}" if term.key == "model" else None
            found = self._any(term.values, column, *([also] if also else []))
            named = [value for value in term.values if value.text] if term.key == "task" else []
            return f"{found} OR {self._named_task(column, named)}" if named else found
        if term.key in NUMBERS:
            return self._number(term)
        if term.key == HAS:
            return self._has(term.values[0].text)
        if term.key in CALL_KEYS:
            return self._of_call(term)
        if term.key == "tool":
            return self._tool(term.values)
        if term.key in ("label", "chat"):
            return self._of_conversation(term.values, "label" if term.key == "label" else "chat_type")
        return self._session(term)

    def _any(self, values: Iterable[Value], *columns: str) -> str:
        return " OR ".join(self._match(value, column) for value in values for column in columns)

    def _match(self, value: Value, column: str) -> str:
        if value.how == "exact":
            self._made.values.append(value.text)
            return f"{column} = {self._dialect.mark}"
        self._made.values.append(like(value))
        return f"{self._dialect.lower.format(column)} LIKE {self._dialect.mark} ESCAPE '\\'"

    def _session(self, term: Term) -> str:
        """Found in its key or id; a word without a key in its label, too."""
        key = self._any(term.values, _SESSION)
        if not self._dialect.conversations or all(value.how == "exact" and not value.text for value in term.values):
            return key
        columns = ["session_id"] if term.key == "session" else ["session_id", "coalesce(label, '')"]
        values = [value for value in term.values if value.text]
        return f"{key} OR {_SESSION} IN (SELECT session FROM conversation WHERE {self._any(values, *columns)})"

    def _named_task(self, column: str, values: Iterable[Value]) -> str:
        return f"{column} IN (SELECT task FROM ({self._dialect.task_names}) AS named WHERE {self._any(values, 'name')})"

    def _of_conversation(self, values: Iterable[Value], column: str) -> str:
        self._need_conversations("label: and chat:")
        found = []
        for value in values:
            if value.text:
                inner = self._match(value, column)
                found.append(f"{_SESSION} IN (SELECT session FROM conversation WHERE {inner})")
            else:
                found.append(f"{_SESSION} NOT IN (SELECT session FROM conversation WHERE {column} IS NOT NULL)")
        return " OR ".join(found)

    def _tool(self, values: Iterable[Value]) -> str:
        self._need_conversations("tool:")
        inside = self._inside("tool_use")
        found = []
        for value in values:
            match = self._match(value, "tool_use.name") if value.text else "1 = 1"
            found.append(
                f"{_SESSION} {'IN' if value.text else 'NOT IN'} (SELECT conversation.session FROM tool_use "
                f"JOIN conversation ON conversation.id = tool_use.conversation WHERE {inside} AND {match})"
            )
        return " OR ".join(found)

    def _has(self, what: str) -> str:
        if what == "tools":
            return self._lively("tool_calls > 0", "has:tools")
        if self._single:
            return {
                "errors": f"{CALL_SUMS['failed']} = 1",
                "unpriced": f"{CALL_SUMS['unpriced_calls']} = 1",
                "usage": "call.total_tokens > 0",
                "model": "dimension.model <> ''",
                "provider": "dimension.provider <> ''",
            }[what]
        if what == "errors":
            failed = self._measured("failed > 0")
            return f"{failed} OR {self._lively('errors > 0', '')}" if self._dialect.conversations else failed
        return self._measured(
            {"unpriced": "unpriced > 0", "usage": "tokens > 0", "model": "model <> ''", "provider": "provider <> ''"}[
                what
            ]
        )

    def _number(self, term: Term) -> str:
        least, what = term.key.startswith("min"), term.key[3:]
        sign = ">=" if least else "<="
        if what == "Messages":
            if not least:  # a session without any is not among those that have some
                return f"NOT ({self._lively(f'messages > {term.number}', term.key)})"
            return self._lively(f"messages >= {term.number}", term.key) if term.number else "1 = 1"
        if self._single:
            return f"{'call.total_tokens' if what == 'Tokens' else 'coalesce(call.cost_pico, 0)'} {sign} {term.number}"
        return self._measured(f"{_MEASURED[what]} {sign} {term.number}")

    def _of_call(self, term: Term) -> str:
        if not self._single:
            raise UsageError(
                f"--filter {term.key}: is about single calls.", hint="List them with `fased usage calls --filter …`."
            )
        if term.key == "call":
            ours, proxys = (self._any(term.values, f"call.{name}") for name in ("call_id", "proxy_call_id"))
            return f"{ours} OR (call.proxy_call_id IS NOT NULL AND ({proxys}))"
        return self._any(term.values, "coalesce(call.cause, '')")

    def _measured(self, condition: str) -> str:
        """Sessions by the sums over their calls in the window."""
        if "measured" not in self._made.ctes:
            sums = ("total_tokens", "cost_pico", "failed", "unpriced_calls")
            window = (self._query.from_ms, self._query.to_ms)
            select = parts(window, UTC_ZONE, Grain(), sums, self._dialect, sessions=True, names=True)
            sql = (
                "SELECT dimension.session AS session, sum(part.total_tokens) AS tokens, sum(part.cost_pico) AS cost, "
                "sum(part.failed) AS failed, sum(part.unpriced_calls) AS unpriced, max(dimension.model) AS model, "
                f"max(dimension.provider) AS provider FROM ({select}) AS part {self._dialect.join} "
                f"{self._dialect.dimension} AS dimension ON dimension.id = part.dimension GROUP BY dimension.session"
            )
            self._made.ctes["measured"] = sql
        return f"{_SESSION} IN (SELECT session FROM measured WHERE {condition})"

    def _lively(self, condition: str, what: str) -> str:
        """Sessions by what went on in their transcripts in the window, to a quarter of an hour."""
        self._need_conversations(what)
        if "lively" not in self._made.ctes:
            sql = (
                "SELECT conversation.session AS session, sum(user_messages + assistant_messages) AS messages, "
                "sum(tool_calls) AS tool_calls, sum(errors) AS errors FROM activity JOIN conversation "
                f"ON conversation.id = activity.conversation WHERE {self._inside('activity')} GROUP BY conversation.session"
            )
            self._made.ctes["lively"] = sql
        return f"{_SESSION} IN (SELECT session FROM lively WHERE {condition})"

    def _inside(self, table: str) -> str:
        first, last = self._query.from_ms // _BUCKET_MS, -(-self._query.to_ms // _BUCKET_MS)
        return f"{table}.bucket >= {first} AND {table}.bucket < {last}"

    def _need_conversations(self, what: str) -> None:
        if not self._dialect.conversations:
            raise UsageError(
                f"--filter {what} cannot be asked of this database.", hint="Ask the machine on which the sessions are."
            )


def like(value: Value) -> str:
    """The pattern of SQL's LIKE for a value, with A to Z as a to z."""
    text = lowered(value.text)
    text = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return text.replace("*", "%").replace("?", "_") if value.how == "pattern" else f"%{text}%"
