"""The same calls in one ledger, and pushed by several machines, give the same answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.errors import FleetError, NotInHistory, UsageError
from fased_litellm.usage.compare.comparison import compare
from fased_litellm.usage.compare.periods import Period
from fased_litellm.usage.postgres import report as fleet
from fased_litellm.usage.query import calls, lookup
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.conditions import needs_sessions
from fased_litellm.usage.query.dialect import SQLITE, Dialect
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.newest import newest_week
from fased_litellm.usage.query.overview import overview
from fased_litellm.usage.query.query import DIMENSIONS, TIMES, Query, Sort
from fased_litellm.usage.query.report import UsageReport, build
from fased_litellm.usage.query.timeseries import spread
from fased_litellm.usage.query.totals import Totals
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.snapshot import asking
from tests.usage.imports.node import Node, reply
from tests.usage.postgres.fleet import machine, place, run, send
from tests.usage.postgres.server import Server
from tests.usage.samples import DAY_MS, START_MS, records, sample

PERIODS = (Period(date(2026, 11, 20), date(2026, 11, 22)), Period(date(2026, 11, 22), date(2026, 11, 26)))
HOSTS = ("box", "web", "pi")
Question = Callable[[Any, Dialect], Any]

FILTERS = (
    "agent:main",
    "-agent:OPS,x model:openai/* -channel:telegram",
    "s1 minTokens:5",
    "session:S?,- maxCost:$0.5",
    "has:errors",
    "-has:unpriced provider:-",
    "task:=digest,di% minCost:0.0001",
    'task:"=1+1" status:ok,err',
)
ZONES = (None, "Asia/Kathmandu", "America/New_York", "+05:45")


@st.composite
def queries(draw: st.DrawFn) -> Query:
    begin = START_MS + draw(st.sampled_from([-DAY_MS, 0, 17, 900_000, 43_200_000]))
    text = draw(st.none() | st.sampled_from(FILTERS))
    by = tuple(draw(st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3)))
    return Query(
        begin,
        begin + draw(st.sampled_from([1, 900_000, DAY_MS, 4 * DAY_MS, 40 * DAY_MS])),
        by,
        draw(st.sampled_from([{}, {"agent": ("main", "-")}, {"model": ("litellm/default",), "session": ("s1", "s2")}])),
        parse_zone(draw(st.sampled_from(ZONES))),
        parse(text) if text else None,
        draw(st.sampled_from([None, Sort("cost"), Sort("tokens", backwards=True), Sort("name")])) if by else None,
        draw(st.sampled_from([None, 1, 3])) if by else None,
        draw(st.sampled_from([0, 0, 6])),
        draw(st.booleans()),
    )


def answers(query: Query) -> list[Question]:
    """All that can be asked about a window."""
    names = tuple(name for name in query.by if name not in TIMES)

    def listed(connection: Any, dialect: Dialect) -> Any:
        found = calls.find(connection, query, dialect)
        rows = list(found.calls)
        return found.totals, sorted(rows, key=lambda row: row.call_id), [row.started_at_ms for row in rows]

    return [
        lambda connection, dialect: build(connection, query, dialect),
        lambda connection, dialect: overview(connection, query, dialect),
        lambda connection, dialect: spread(connection, query, dialect),
        lambda connection, dialect: newest_week(connection, query, dialect),
        lambda connection, dialect: compare(connection, replace(query, by=names), PERIODS, lambda _: None, dialect),
        listed,
    ]


def locally(path: Path, question: Question) -> Any:
    with asking(path) as connection:
        return question(connection, SQLITE)


def remotely(url: str, question: Question) -> Any:
    return fleet.ask(place(url), question)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(st.sampled_from(HOSTS), records()), max_size=30, unique_by=lambda row: row[1].call_id),
    asked=st.lists(queries(), min_size=4, max_size=8),
)
def test_the_answers_are_those_of_one_ledger_with_all_calls(
    rows: list[tuple[str, UsageRecord]], asked: list[Query], server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = server.url("followers")
    run(url, "DROP SCHEMA IF EXISTS fased_usage CASCADE")
    folder = tmp_path_factory.mktemp("machines")
    whole = machine(folder / "whole.sqlite3", (record for _, record in rows))
    for host in HOSTS:
        send(machine(folder / f"{host}.sqlite3", (record for name, record in rows if name == host)), url, host)
    for query in asked:
        for question in answers(query):
            assert outcome(remotely, url, question) == outcome(locally, whole, question)
        if not needs_sessions(query.where):  # a session that is asked about is one, on however many machines it is
            assert parts_of(url, query) == {
                host: totals for host in HOSTS if (totals := locally(folder / f"{host}.sqlite3", in_all(query))).calls
            }


def outcome(ask: Callable[..., Any], *arguments: Any) -> Any:
    """The answer, or the words of the refusal."""
    try:
        return ask(*arguments)
    except UsageError as error:
        return str(error)


def in_all(query: Query) -> Question:
    return lambda connection, dialect: build(connection, replace(query, by=(), sort=None, top=None), dialect).totals


def parts_of(url: str, query: Query) -> dict[str | None, Totals]:
    by_host = replace(query, by=("host",), sort=None, top=None)
    found: UsageReport = remotely(url, lambda connection, dialect: build(connection, by_host, dialect))
    return {group.key[0]: group.totals for group in found.groups}


@pytest.fixture
def two(url: str, tmp_path: Path) -> str:
    """A database to which two machines have pushed."""
    send(machine(tmp_path / "a.sqlite3", [sample("a1"), sample("a2", task="Backup", session="s9")]), url, "box")
    send(machine(tmp_path / "b.sqlite3", [sample("b1", cost=None)]), url, "web")
    return url


WHOLE = Query(START_MS, START_MS + DAY_MS)


def test_machines_can_be_told_apart(two: str) -> None:
    by_host = remotely(two, lambda connection, dialect: build(connection, replace(WHOLE, by=("host", "task")), dialect))
    assert {group.key: group.totals.calls for group in by_host.groups} == {
        ("box", "digest"): 1,
        ("box", "Backup"): 1,
        ("web", "digest"): 1,
    }
    assert by_host.as_dict()["groups"][0]["host"] == "box"
    for query in (replace(WHOLE, filters={"host": ("web",)}), replace(WHOLE, where=parse("host:WE* -host:box"))):
        totals = remotely(two, in_all(query))
        assert (totals.calls, totals.unpriced_calls) == (1, 1)


@pytest.mark.parametrize(
    ("query", "option"),
    [
        (replace(WHOLE, by=("host",)), "--by host"),
        (replace(WHOLE, filters={"host": ("box",)}), "--host"),
        (replace(WHOLE, where=parse("host:box")), "host:"),
    ],
)
def test_one_machine_does_not_tell_machines_apart(tmp_path: Path, query: Query, option: str) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    with pytest.raises(UsageError, match=option) as caught:
        locally(path, lambda connection, dialect: build(connection, query, dialect))
    assert "--from postgresql://" in (caught.value.hint or "")


def test_sessions_and_tasks_are_found_as_in_a_ledger(two: str) -> None:
    def find(connection: Any, dialect: Dialect) -> Any:
        return lookup.session(connection, "S9", dialect), lookup.task(connection, "backup", dialect)

    with pytest.raises(NotInHistory) as caught:
        remotely(two, find)
    assert "Backup" in (caught.value.hint or "")
    found = remotely(two, lambda connection, dialect: lookup.session(connection, "S9", dialect))
    assert (found.kind, found.name) == ("session", "s9")


def test_tasks_are_named_by_the_labels_of_their_sessions(url: str, tmp_path: Path) -> None:
    node = Node(tmp_path / "state")
    labels = {
        "7f0c": ("s1", "Cron: Old"),
        "7F0C:run:s2": ("s2", "Cron: Digest"),
        "8": ("s3", "Cron: "),
        "9": ("s4", "no"),
    }
    for number, (session, _) in enumerate(labels.values()):
        node.write(node.transcript(session), [reply("a1", START_MS + number)])
    entries = {
        f"agent:main:cron:{key}": {"sessionId": session, "label": label, "updatedAt": START_MS + number}
        for number, (key, (session, label)) in enumerate(labels.items())
    }
    node.store(entries)
    node.read_in()
    send(node.ledger, url)
    report = remotely(url, lambda connection, dialect: build(connection, replace(WHOLE, by=("task",)), dialect))
    assert report.task_names == {"7f0c": "Digest"}
    query = replace(WHOLE, filters={"task": ("DIGEST",)})
    assert remotely(url, lambda connection, dialect: build(connection, query, dialect)).totals.calls == 2
    found = remotely(url, lambda connection, dialect: lookup.task(connection, "digest", dialect))
    assert (found.name, found.label) == ("7f0c", "Digest")


def test_a_long_list_is_not_kept_in_memory(two: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send(machine(tmp_path / "c.sqlite3", (sample(f"c{number}", START_MS + number) for number in range(50))), two, "pi")
    monkeypatch.setattr(fleet, "_AT_ONCE", 7)

    def count(connection: Any, dialect: Dialect) -> tuple[int, bool, int]:
        rows = connection.execute("SELECT call_id FROM call")
        return sum(1 for _ in rows), isinstance(rows, list), calls.find(connection, WHOLE, dialect).totals.calls

    assert remotely(two, count) == (53, False, 53)


def test_asking_changes_nothing(two: str) -> None:
    with pytest.raises(FleetError, match="can only be read"):
        remotely(two, lambda connection, dialect: connection.execute("DELETE FROM call RETURNING 1"))


def test_a_database_without_usage_says_so(url: str) -> None:
    with pytest.raises(FleetError, match="holds no usage yet"):
        remotely(url, lambda connection, dialect: build(connection, WHOLE, dialect))
