"""Single calls, one after the other: nothing is kept in memory but the one at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Annotated, Any, Literal, NotRequired

from ...documents import Count, Doc, FromTo, TypedDict
from ...errors import UsageError
from ..money import from_pico
from ..record import UsageRecord, UsageRecordDocument, iso
from ..store.rollups import CALL_SUMS
from .conditions import conditions
from .dialect import SQLITE, Conditions, Connection, Dialect
from .filters import CALL_KEYS, HAS, NUMBERS, Filter
from .names import nearest, plain
from .query import COLUMNS, Query
from .report import build
from .tasknames import task_names
from .totals import SUMS, Totals, UsageTotals

ORDERS: dict[str, str] = {
    "time": "call.started_at_ms",
    "cost": "coalesce(call.cost_pico, -1)",
    "tokens": "call.total_tokens",
    "input": "call.input_tokens",
    "output": "call.output_tokens",
    "cached": "call.cache_read_tokens",
    "latency": "coalesce(call.latency_ms, -1)",
}
"""What calls can be sorted by, as SQL; each from large to small, so the newest, dearest, largest or slowest first."""

_FEW = 20_000
"""So many calls are picked out and sorted; more are met soon enough when all calls are gone through in order of time."""
_NAMES = frozenset(COLUMNS.values())
_FIELDS = tuple(part.name for part in fields(UsageRecord))
_COSTS = frozenset(name for name in _FIELDS if name.endswith("cost"))


@dataclass(frozen=True, slots=True)
class Order:
    """An order of calls: a key of ``ORDERS``, large to small, or ``upwards``."""

    key: str = "time"
    upwards: bool = False


class UsageSubject(TypedDict):
    """The one session or task that a list of calls is about: ``session`` and what follows it, or ``task``."""

    kind: Literal["session", "task"]
    task: NotRequired[str]
    taskName: NotRequired[str | None]
    session: NotRequired[str]
    label: NotRequired[Annotated[str | None, Doc("What people call the session.")]]
    sessionIds: NotRequired[Annotated[list[str], Doc("Of the transcripts that were imported, the newest first.")]]
    chatType: NotRequired[str | None]


class UsageCallsHead(FromTo, TypedDict):
    """What comes before the calls."""

    timeZone: Annotated[str, Doc("Whose days the window has.")]
    subject: UsageSubject | None
    totals: Annotated[UsageTotals, Doc("Of all calls that meet the question, also of those past --limit.")]
    taskNames: Annotated[dict[str, str], Doc("What people call tasks, by their ids.")]


class UsageCallsDocument(UsageCallsHead, TypedDict):
    """The document of ``fased usage calls --json``, ``fased usage session`` and ``fased usage task``."""

    calls: Annotated[list[UsageRecordDocument], Doc("In the order of --sort.")]
    more: Annotated[Count, Doc("How many calls --limit left out.")]


@dataclass(frozen=True, slots=True)
class CallSubject:
    """The one session or task that a list of calls is about.

    Attributes:
        kind: ``session`` or ``task``.
        name: session key, or task id.
        label: what people call it; None for nothing.
        session_ids: of the transcripts that the session had, as far as they were imported; the newest first.
        chat: ``direct``, ``group`` or ``channel``; None where it is not known.
    """

    kind: str
    name: str
    label: str | None = None
    session_ids: tuple[str, ...] = ()
    chat: str | None = None

    def as_dict(self) -> UsageSubject:
        """The subject in the JSON list of calls."""
        if self.kind == "task":
            return {"kind": "task", "task": self.name, "taskName": self.label}
        return {
            "kind": "session",
            "session": self.name,
            "label": self.label,
            "sessionIds": list(self.session_ids),
            "chatType": self.chat,
        }


@dataclass(slots=True)
class CallList:
    """Calls that meet a query.

    Attributes:
        query: the window, the zone and the conditions.
        totals: of all of them, also of those past the limit.
        calls: up to the limit; can be gone through once, while the connection is open.
        subject: the session or task they are of, None for any.
        task_names: what people call tasks, by their ids.
    """

    query: Query
    totals: Totals
    calls: Iterator[UsageRecord]
    subject: CallSubject | None = None
    task_names: Mapping[str, str] = field(default_factory=dict)
    shown: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.calls = self._counted(self.calls)

    @property
    def more(self) -> int:
        """How many were left out, once all of ``calls`` were gone through."""
        return max(self.totals.calls - self.shown, 0)

    def head(self) -> UsageCallsHead:
        """The fields of the JSON document before ``calls``."""
        return {
            "from": iso(self.query.from_ms),
            "to": iso(self.query.to_ms),
            "timeZone": self.query.zone.name,
            "subject": None if self.subject is None else self.subject.as_dict(),
            "totals": self.totals.as_dict(),
            "taskNames": dict(sorted(self.task_names.items())),
        }

    def tail(self) -> dict[str, Any]:
        """The fields behind ``calls``."""
        return {"more": self.more}

    def _counted(self, calls: Iterator[UsageRecord]) -> Iterator[UsageRecord]:
        for call in calls:
            self.shown += 1
            yield call


def parse_order(text: str | None, default: Order | None = None) -> Order:
    """An order as typed: a key of ``ORDERS``, with ``-`` before it for small to large.

    Raises:
        UsageError: there is no such key; names the nearest.
    """
    if text is None:
        return default or Order()
    word = plain(text.strip().removeprefix("-"))
    if word not in ORDERS:
        raise UsageError(
            f"Calls cannot be sorted by {text!r}.", hint=nearest(word, {key: key for key in ORDERS}, ORDERS)
        )
    return Order(word, text.strip().startswith("-"))


def find(
    connection: Connection,
    query: Query,
    dialect: Dialect = SQLITE,
    *,
    order: Order | None = None,
    limit: int | None = None,
    subject: CallSubject | None = None,
) -> CallList:
    """The calls that meet a query; what its filter says of costs and the like is said of each call.

    Args:
        connection: of the database; it must stay open until the calls were gone through.
        query: the window and the conditions; its dimensions and order do not matter.
        dialect: the database's.
        order: of the calls; the newest first by itself.
        limit: how many at most.
        subject: what ``query`` picks out, if it is one session or task.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    order = order or Order()
    query = replace(query, by=(), sort=None, top=None, cost_parts=False)
    made = conditions(query, dialect, single=True)
    totals = _totals(connection, query, made, dialect)
    picked = bool(made.terms) and (totals.calls <= _FEW or order.key != "time")
    direction = "ASC" if order.upwards else "DESC"
    sql = (
        f"{_with(made)}SELECT {', '.join(map(_column, _FIELDS))} {_source(query, made, dialect, picked=picked)} "
        f"ORDER BY {ORDERS[order.key]} {direction}, call.started_at_ms {direction}, call.id {direction}"
        + (f" LIMIT {limit:d}" if limit is not None else "")
    )
    calls = map(_record, _rows(connection, sql, made.values))
    return CallList(query, totals, calls, subject, task_names(connection, dialect))


def _rows(connection: Connection, sql: str, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Asked for only when the first is wanted."""
    # Not `yield from`, which closes the cursor of a list that was left, perhaps after its connection.
    for row in connection.execute(sql, values):  # noqa: UP028
        yield row


def _totals(connection: Connection, query: Query, made: Conditions, dialect: Dialect) -> Totals:
    if not _about_single_calls(query.where):
        return build(connection, query, dialect).totals
    sums = ", ".join(f"sum({CALL_SUMS[name]})" for name in SUMS)
    sql = f"{_with(made)}SELECT {sums} {_source(query, made, dialect, picked=False)}"
    (row,) = islice(connection.execute(sql, made.values), 1)
    return Totals() if row[0] is None else Totals(*map(int, row))


def _about_single_calls(where: Filter | None) -> bool:
    return where is not None and any(term.key in (HAS, *NUMBERS, *CALL_KEYS) for term in where.terms)


def _with(made: Conditions) -> str:
    return f"WITH {', '.join(f'{name} AS ({sql})' for name, sql in made.ctes.items())} " if made.ctes else ""


def _source(query: Query, made: Conditions, dialect: Dialect, *, picked: bool) -> str:
    """From where, with the table first that has to be read first."""
    call, dimension = f"{dialect.call} AS call", f"{dialect.dimension} AS dimension"
    first, second = (dimension, call) if picked else (call, dimension)
    terms = [
        f"call.started_at_ms >= {query.from_ms:d}",
        f"call.started_at_ms < {query.to_ms:d}",
        "call.counted",
        *made.terms,
    ]
    return f"FROM {first} {dialect.join} {second} ON dimension.id = call.dimension WHERE {' AND '.join(terms)}"


def _column(name: str) -> str:
    if name in _NAMES:
        return f"dimension.{name}"
    return f"call.{name}_pico" if name in _COSTS else f"call.{name}"


def _record(row: Sequence[Any]) -> UsageRecord:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in _COSTS:
        if values[name] is not None:
            values[name] = from_pico(int(values[name]))
    return UsageRecord(**values)
