"""What a filter asks about sessions, and what it cannot ask."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.usage.query.dialect import SQLITE
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import build
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, sample

WEEK = Query(START_MS, START_MS + 7 * DAY_MS, ("session",))
BUCKET = START_MS // 900_000


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Sessions: ``mail`` (chat, labelled, tools), ``shop`` (group, errors), ``quiet`` (no transcript), and calls of none."""
    with Ledger(tmp_path / "usage.sqlite3") as ledger:
        ledger.record_many(
            [
                sample("1", session="agent:main:mail", cost=Decimal("0.06"), total_tokens=600),
                sample("2", session="agent:main:mail", cost=Decimal("0.06"), total_tokens=600, agent="ops"),
                sample("3", session="agent:main:shop", cost=Decimal("0.10"), total_tokens=1000, status="error"),
                sample("4", session="agent:main:quiet", cost=None, total_tokens=50, model="house"),
                sample("5", session=None, cost=Decimal("0.5"), total_tokens=5),
                sample("old", START_MS - DAY_MS, session="agent:main:quiet", cost=Decimal(9), total_tokens=10**6),
            ]
        )
        with ledger.transaction() as connection:
            rows = [
                (1, "main", "u-1", "u-1", "agent:main:mail", "Mail of the day", "direct"),
                (2, "main", "u-2", "u-2", "agent:main:shop", None, "group"),
                (3, "main", "u-3", "u-3", "agent:main:shop", "100%_sure", None),
            ]
            connection.executemany(
                "INSERT INTO conversation (id, agent, name, session_id, session, label, chat_type) VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            connection.executemany(
                "INSERT INTO activity VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(BUCKET, 1, 3, 4, 2, 2, 0), (BUCKET, 2, 1, 1, 0, 0, 1), (BUCKET - 96, 2, 50, 50, 5, 5, 0)],
            )
            connection.executemany(
                "INSERT INTO tool_use VALUES (?, ?, ?, ?)",
                [(BUCKET, 1, "web_search", 2), (BUCKET - 96, 2, "exec", 5)],
            )
            yield connection


def sessions(connection: sqlite3.Connection, text: str) -> set[str]:
    report = build(connection, replace(WEEK, where=parse(text)))
    return {(group.key[0] or "-").removeprefix("agent:main:") for group in report.groups}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label:mail", {"mail"}),
        ("label:MAIL", {"mail"}),
        ('label:"of the"', {"mail"}),
        ('"label:of the"', {"mail"}),
        ("label:mail*", {"mail"}),
        ("label:*mail", set()),
        ('label:="Mail of the day"', {"mail"}),
        ('label:="mail of the day"', set()),
        ("label:100%_", {"shop"}),
        ("label:%", {"shop"}),  # a sign like any other
        ("label:1_0", set()),
        ("label:-", {"quiet", "-"}),
        ("-label:-", {"mail", "shop"}),
        ("chat:group", {"shop"}),
        ("chat:direct,group", {"mail", "shop"}),
        ("-chat:group", {"mail", "quiet", "-"}),
        ("key:agent:main:mail", {"mail"}),
        ("session:*shop", {"shop"}),
        ("session:?gent*", {"mail", "shop", "quiet"}),
        ("session:-", {"-"}),
        ("-session:-", {"mail", "shop", "quiet"}),
        ("id:u-3", {"shop"}),
        ("id:U-?", {"mail", "shop"}),
        ("session:=u-1", {"mail"}),
        ("mail", {"mail"}),
        ("day", {"mail"}),
        ("u-2", {"shop"}),
        ("agent main", {"mail", "shop", "quiet"}),
        ("agent -shop", {"mail", "quiet"}),
        ("-day", {"shop", "quiet", "-"}),
        ("tool:search", {"mail"}),
        ("tool:exec", set()),  # not in this window
        ("tool:-", {"shop", "quiet", "-"}),
        ("-tool:web*", {"shop", "quiet", "-"}),
        ("has:tools", {"mail"}),
        ("has:errors", {"shop"}),
        ("-has:errors", {"mail", "quiet", "-"}),
        ("has:unpriced", {"quiet"}),
        ("has:usage", {"mail", "shop", "quiet", "-"}),
        ("minMessages:3", {"mail"}),
        ("minMessages:2", {"mail", "shop"}),
        ("minMessages:0", {"mail", "shop", "quiet", "-"}),
        ("maxMessages:2", {"shop", "quiet", "-"}),
        ("-maxMessages:2", {"mail"}),
        ("minCost:$0.12", {"mail", "-"}),
        ("minCost:$0.121", {"-"}),
        ("maxCost:0.1", {"shop", "quiet"}),  # an unknown cost is none
        ("minTokens:1.2k", {"mail"}),
        ("maxTokens:50", {"quiet", "-"}),
        ("minTokens:51 maxTokens:1k", {"shop"}),
        ("agent:ops", {"mail"}),
        # What the session has altogether counts, not only the calls that are shown.
        ("agent:ops minCost:$0.12", {"mail"}),
        ("model:house has:usage", {"quiet"}),
        ("model:litellm/house", {"quiet"}),
        ("model:litellm/h*", {"quiet"}),
        ("model:=litellm/house", {"quiet"}),
        ("-model:litellm/default", {"quiet"}),
    ],
)
def test_sessions_are_found(connection: sqlite3.Connection, text: str, expected: set[str]) -> None:
    assert sessions(connection, text) == expected


def test_only_the_calls_that_meet_the_names_are_summed_up(connection: sqlite3.Connection) -> None:
    report = build(connection, replace(WEEK, where=parse("agent:ops minCost:$0.12")))
    assert report.totals.calls == 1
    assert report.totals.cost_usd == Decimal("0.06")


def test_filters_go_together_with_the_options(connection: sqlite3.Connection) -> None:
    query = replace(WEEK, where=parse("minCost:$0.1"), filters={"status": ("ok",)})
    assert {group.key[0] for group in build(connection, query).groups} == {"agent:main:mail", None}


def test_a_session_with_errors_in_its_transcript_has_errors(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE activity SET errors = 1 WHERE conversation = 1")
    assert sessions(connection, "has:errors") == {"mail", "shop"}


@pytest.mark.parametrize("text", ["call:x", "-cause:timeout"])
def test_what_is_about_single_calls_is_asked_of_a_list_of_them(connection: sqlite3.Connection, text: str) -> None:
    with pytest.raises(UsageError, match="single calls") as caught:
        sessions(connection, text)
    assert "fased usage calls" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["label:x", "chat:x", "tool:x", "has:tools", "minMessages:1", "maxMessages:1"])
def test_a_database_without_conversations_says_so(connection: sqlite3.Connection, text: str) -> None:
    plain = replace(SQLITE, conversations=False)
    with pytest.raises(UsageError, match="cannot be asked"):
        build(connection, replace(WEEK, where=parse(text)), plain)
    for other in ("has:errors", "mail", "session:mail", "minCost:1"):
        build(connection, replace(WEEK, where=parse(other)), plain)


def test_values_cannot_change_the_question(connection: sqlite3.Connection) -> None:
    for text in ["x') OR 1=1 --", "'", "\\", "\\%", "a\\_b"]:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        for key in ("agent", "session", "label", "tool", "chat", "text", "model"):
            assert sessions(connection, f'{key}:"{quoted}"') == set()
