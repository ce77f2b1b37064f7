"""What a ledger knows of the Node agent's conversations comes along: labels, tools, messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.postgres import conversations
from fased_litellm.usage.postgres import report as fleet
from fased_litellm.usage.query import lookup
from fased_litellm.usage.query.dialect import SQLITE, Dialect
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.overview import overview
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import build
from fased_litellm.usage.store import database as sqlite
from fased_litellm.usage.store.snapshot import asking
from tests.usage.postgres.fleet import ask, machine, place, send
from tests.usage.samples import DAY_MS, START_MS, sample

BUCKET = START_MS // 900_000
WHOLE = Query(START_MS, START_MS + DAY_MS)


def change(path: Path, *statements: str) -> None:
    connection = sqlite.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def talkative(tmp_path: Path) -> Path:
    """A ledger with three sessions: s1 with a label, a chat and tools, s2 with messages alone, s3 without a conversation."""
    path = machine(tmp_path / "a.sqlite3", [sample(f"c{n}", START_MS + n, session=f"s{n}") for n in (1, 2, 3)])
    change(
        path,
        "INSERT INTO conversation (id, agent, name, session_id, session, label, chat_type, updated_at_ms, last_ms) VALUES "
        "(1, 'main', 'old', 'old-id', 's1', NULL, 'direct', 5, 5), (2, 'main', 'new', 'new-id', 's1', 'Mail' || char(0) || 'box', 'direct', 9, 9), "
        "(3, 'ops', 'new', 'other-id', 's2', NULL, NULL, NULL, 7)",
        f"INSERT INTO activity VALUES ({BUCKET}, 1, 2, 2, 1, 1, 0), ({BUCKET}, 3, 4, 4, 0, 0, 1), ({BUCKET + 1}, 1, 1, 1, 3, 3, 0)",
        f"INSERT INTO tool_use VALUES ({BUCKET}, 1, 'bash', 1), ({BUCKET + 1}, 1, 'read', 3)",
    )
    return path


FILTERS = (
    "label:mail",
    "label:-",
    "chat:direct",
    "tool:ba*",
    "tool:-",
    "has:tools",
    "has:errors",
    "minMessages:5",
    "maxMessages:6",
    "new-id",
)


@pytest.mark.parametrize("text", FILTERS)
def test_filters_about_sessions_find_the_same(talkative: Path, url: str, text: str) -> None:
    send(talkative, url)
    query = replace(WHOLE, by=("session",), where=parse(text))
    with asking(talkative) as connection:
        expected = build(connection, query)
    assert fleet.ask(place(url), lambda connection, dialect: build(connection, query, dialect)) == expected
    assert 0 < len(expected.groups) < 3


def test_a_session_has_its_label_and_its_ids(talkative: Path, url: str) -> None:
    send(talkative, url)

    def find(connection: Any, dialect: Dialect) -> Any:
        return lookup.session(connection, "old-id", dialect)

    found = fleet.ask(place(url), find)
    with asking(talkative) as connection:
        assert replace(found, label="Mail\0box") == find(connection, SQLITE)
    assert (found.label, found.session_ids) == ("Mail␀box", ("new-id", "old-id"))
    screen = fleet.ask(place(url), lambda connection, dialect: overview(connection, WHOLE, dialect))
    assert {row.name: row.label for row in screen.sessions.rows} == {"s1": "Mail␀box", "s2": None, "s3": None}


def test_only_what_changed_is_sent_again(talkative: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[str]] = []
    real = conversations.batches

    def watched(connection: Any, wanted: Any) -> Any:
        for batch in real(connection, wanted):
            sent.append([one["name"] for one in batch])
            yield batch

    monkeypatch.setattr(conversations, "batches", watched)
    monkeypatch.setattr(conversations, "_AT_ONCE", 2)
    send(talkative, url)
    assert sent == [["old", "new"], ["new"]]
    send(talkative, url)
    assert len(sent) == 2
    for statement in (
        "UPDATE conversation SET label = 'Other' WHERE id = 2",
        f"UPDATE activity SET errors = 9 WHERE conversation = 1 AND bucket = {BUCKET}",
        f"INSERT INTO tool_use VALUES ({BUCKET + 9}, 3, 'bash', 1)",
    ):
        change(talkative, statement)
        sent.clear()
        send(talkative, url)
        assert len(sent) == len(sent[0]) == 1
    assert rows(url) == local(talkative)


def test_conversations_of_machines_stay_apart(talkative: Path, url: str, tmp_path: Path) -> None:
    send(talkative, url, "box")
    other = machine(tmp_path / "b.sqlite3", [sample("c1", session="s1")])
    change(
        other,
        "INSERT INTO conversation (agent, name, session_id, session, label) VALUES ('main', 'new', 'x', 's1', 'B')",
    )
    send(other, url, "web")
    assert ask(url, "SELECT host, label FROM conversation WHERE name = 'new' AND agent = 'main' ORDER BY 1") == [
        (1, "Mail␀box"),
        (2, "B"),
    ]


ACTIVITY = (
    "SELECT conversation.agent, conversation.name, label, chat_type, activity.bucket, user_messages, errors "
    "FROM conversation LEFT JOIN activity ON activity.conversation = conversation.id"
)
TOOLS = (
    "SELECT conversation.agent, conversation.name, tool_use.name, tool_use.calls FROM tool_use "
    "JOIN conversation ON conversation.id = tool_use.conversation"
)


def rows(url: str) -> list[set[Any]]:
    return [set(ask(url, sql)) for sql in (ACTIVITY, TOOLS)]


def local(path: Path) -> list[set[Any]]:
    with asking(path) as connection:
        return [set(connection.execute(sql)) for sql in (ACTIVITY, TOOLS)]
