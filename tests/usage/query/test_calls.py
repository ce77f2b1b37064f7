from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import NotInHistory, UsageError
from fased_litellm.usage.query import calls as listing
from fased_litellm.usage.query.calls import ORDERS, CallSubject, Order, find, parse_order
from fased_litellm.usage.query.dialect import SQLITE
from fased_litellm.usage.query.filters import Filter, Term, Value, parse
from fased_litellm.usage.query.lookup import session, task
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.query.test_report import exact, filters, moments
from tests.usage.query.test_report_property import wheres
from tests.usage.samples import DAY_MS, START_MS, expected_totals, records, sample
from tests.usage.truth import meets

EVERYTHING = Query(0, START_MS + 100 * DAY_MS)
KEYS = {
    "time": lambda record: record.started_at_ms,
    "cost": lambda record: -1 if record.cost is None else record.cost,
    "tokens": lambda record: record.total_tokens,
    "input": lambda record: record.input_tokens,
    "output": lambda record: record.output_tokens,
    "cached": lambda record: record.cache_read_tokens,
    "latency": lambda record: -1 if record.latency_ms is None else record.latency_ms,
}
about_calls = st.builds(
    Term,
    st.sampled_from(["cause", "call"]),
    st.sampled_from([(Value("time"),), (Value("", "exact"),), (Value("*a*", "pattern"),)]),
    negated=st.booleans(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


@settings(max_examples=80)
@given(
    chosen=st.lists(records(), max_size=12),
    window=st.tuples(moments, moments).map(sorted),
    only=filters,
    where=wheres,
    more=st.lists(about_calls, max_size=1),
    order=st.builds(Order, st.sampled_from(tuple(ORDERS)), st.booleans()),
    limit=st.none() | st.integers(1, 5),
    few=st.sampled_from([0, 20_000]),
)
def test_every_list_equals_a_plain_selection(
    chosen: list[UsageRecord],
    window: list[int],
    only: dict[str, tuple[str, ...]],
    where: Filter | None,
    more: list[Term],
    order: Order,
    limit: int | None,
    few: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "usage.sqlite3"
    if more:
        where = Filter((*(where.terms if where else ()), *more))
    begin, end = window
    with Ledger(path) as ledger:
        ledger.record_many(chosen)
    inside = [record for record in chosen if begin <= record.started_at_ms < end]
    passes = meets(where, inside, single=True)
    expected = [
        record
        for record in inside
        if passes(record) and all((getattr(record, name) or "-") in values for name, values in only.items())
    ]
    with pytest.MonkeyPatch.context() as patch, asking(path) as connection:
        patch.setattr(listing, "_FEW", few)  # both ways of looking have to find the same
        found = find(connection, Query(begin, end, filters=only, where=where), order=order, limit=limit)
        shown = list(found.calls)
    assert exact(found.totals) == expected_totals(expected)
    key = KEYS[order.key]
    expected.sort(key=lambda record: (key(record), record.started_at_ms), reverse=not order.upwards)
    assert len(shown) == min(len(expected), limit or len(expected))
    assert found.more == len(expected) - len(shown)
    assert [(key(record), record.started_at_ms) for record in shown] == [
        (key(record), record.started_at_ms) for record in expected[: len(shown)]
    ]
    by_id = {record.call_id: record for record in expected}
    assert all(record == by_id[record.call_id] for record in shown)
    assert len({record.call_id for record in shown}) == len(shown)
    json.dumps({**found.head(), **found.tail()})


def test_calls_come_one_by_one(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(str(number), START_MS + number) for number in range(5))
    with asking(path) as connection:
        found = find(connection, EVERYTHING)
        assert next(found.calls).call_id == "4"
        assert (found.shown, found.more) == (1, 4)
        assert [call.call_id for call in found.calls] == ["3", "2", "1", "0"]
        assert found.more == 0


def test_what_another_source_replaced_is_not_listed(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many([sample("1"), sample("2")])
        with ledger.transaction() as connection:
            connection.execute("UPDATE call SET counted = 0 WHERE call_id = '1'")
    with asking(path) as connection:
        assert [call.call_id for call in find(connection, EVERYTHING).calls] == ["2"]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (None, Order()),
        ("cost", Order("cost")),
        ("-cost", Order("cost", upwards=True)),
        ("-time", Order("time", upwards=True)),
        ("Latency", Order("latency")),
    ],
)
def test_orders_are_read_as_typed(text: str | None, order: Order) -> None:
    assert parse_order(text) == order


def test_an_unknown_order_names_the_nearest() -> None:
    assert parse_order(None, Order("cost")) == Order("cost")
    with pytest.raises(UsageError) as caught:
        parse_order("latancy")
    assert "Did you mean latency?" in (caught.value.hint or "")


def test_a_filter_for_one_call(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many([sample("aa-1", status="error", cause="timeout"), sample("ab-2")])
    with asking(path) as connection:
        for text in ("call:aa", "call:=aa-1", "call:aa*", "cause:time", "has:errors", "-cause:-"):
            found = find(connection, replace(EVERYTHING, where=parse(text)))
            assert [call.call_id for call in found.calls] == ["aa-1"], text


@pytest.fixture
def history(path: Path) -> Path:
    with Ledger(path) as ledger:
        ledger.record_many(
            [
                sample("1", session="agent:main:telegram:direct:42", task=None),
                sample("2", session="agent:main:slack:channel:c1", task=None),
                sample("3", session="agent:main:cron:digest", task="digest"),
                sample("4", session=None, task="Backup"),
            ]
        )
        with ledger.transaction() as connection:
            connection.executemany(
                "INSERT INTO conversation (agent, name, session_id, session, label, chat_type, last_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    ("main", "u-1", "u-1", "agent:main:telegram:direct:42", "Mail", "direct", 5),
                    ("main", "u-2", "u-2", "agent:main:telegram:direct:42", None, None, 9),
                    ("main", "u-3", "u-3", "agent:main:empty", None, None, 9),
                ],
            )
    return path


@pytest.mark.parametrize("text", ["agent:main:telegram:direct:42", " AGENT:main:Telegram:direct:42 ", "u-1", "u-2"])
def test_a_session_is_found_by_its_key_or_its_id(history: Path, text: str) -> None:
    with asking(history) as connection:
        expected = CallSubject("session", "agent:main:telegram:direct:42", "Mail", ("u-2", "u-1"), "direct")
        assert session(connection, text) == expected
        plain = replace(SQLITE, conversations=False)
        assert session(connection, "agent:main:telegram:direct:42", plain) == CallSubject("session", expected.name)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("telegram", "Did you mean agent:main:telegram:direct:42?"),
        ("agent:main:telegarm:direct:42", "agent:main:telegram:direct:42"),
        ("agent:main:empty", "fased usage --by session --all"),  # a transcript without calls
        ("u-3", "fased usage --by session --all"),
        ("%", "All are shown"),
        ("", "All are shown"),
    ],
)
def test_an_unknown_session_comes_with_the_nearest(history: Path, text: str, hint: str) -> None:
    with asking(history) as connection, pytest.raises(NotInHistory) as caught:
        session(connection, text)
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_status == 1


@pytest.mark.parametrize(
    ("text", "name"), [("digest", "digest"), ("agent:main:cron:digest", "digest"), ("Backup", "Backup")]
)
def test_a_task_is_found_by_its_id_or_a_session_of_it(history: Path, text: str, name: str) -> None:
    with asking(history) as connection:
        assert task(connection, text) == CallSubject("task", name)


def test_an_unknown_task_comes_with_the_nearest(history: Path) -> None:
    for text, hint in (("dgest", "Did you mean digest?"), ("", "All are shown"), ("back", "Did you mean Backup?")):
        with asking(history) as connection, pytest.raises(NotInHistory) as caught:
            task(connection, text)
        assert hint in (caught.value.hint or "")
