"""The roles of the how-to, with the rights that it gives them: what each may do, and what not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from fased_litellm.errors import FleetError
from fased_litellm.usage.postgres import schema
from tests.usage.postgres.fleet import assert_consistent, local, machine, place, remote, run, send
from tests.usage.postgres.server import Server
from tests.usage.samples import DAY_MS, START_MS, sample

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "many-machines.md"
BLOCKS = re.findall(r"<!-- the tests run this -->\n```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
OWNER, PUSH, REPORT = "usage_owner", "usage_push", "usage_report"
DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def roles(server: Server) -> Iterator[Server]:
    """A server with the database and the roles as the page makes them."""
    setup, grants, _ = BLOCKS
    # The tests' server has this owner and a database of this name already.
    statements = [part.strip() for part in setup.replace("DATABASE usage", "DATABASE fleet").split(";") if part.strip()]
    server.administer(*(part for part in statements if part != f"CREATE ROLE {OWNER} LOGIN"))
    try:
        schema.prepare(place(server.url("fleet")))
        run(server.url("fleet"), grants)
        yield server
    finally:
        server.administer("DROP DATABASE fleet", f"DROP ROLE {PUSH}", f"DROP ROLE {REPORT}")


def test_a_role_that_may_only_push(roles: Server, tmp_path: Path) -> None:
    url = roles.url("fleet", user=PUSH)
    path = machine(tmp_path / "a.sqlite3", [sample("c1"), sample("c2", START_MS + 400 * DAY_MS)])
    assert send(path, url).sent == 2
    machine(path, [sample("c3", START_MS + 800 * DAY_MS)])  # in a month that has no partition yet
    assert send(path, url).sent == 1
    assert remote(roles.url("fleet")) == local(path)
    for statement in (
        "SELECT * FROM fased_usage.call",
        "SELECT * FROM fased_usage.call_2026_11",
        "SELECT * FROM fased_usage.dimension",
        "SELECT key FROM fased_usage.host",
        "INSERT INTO fased_usage.call_key VALUES (1, 'x', 1, 1)",
        "DELETE FROM fased_usage.rollup_hour",
        "UPDATE fased_usage.version SET version = 0",
        "SELECT fased_usage.add_sums('fased_usage.rollup_hour', ARRAY[]::fased_usage.rollup_hour[], 1, true)",
        "CREATE TABLE fased_usage.mine ()",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine ()",
        "DROP TABLE fased_usage.call_2026_11",
    ):
        with pytest.raises(DENIED):
            run(url, statement)


def test_a_role_that_may_only_report(roles: Server, tmp_path: Path) -> None:
    url = roles.url("fleet", user=REPORT)
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    send(path, roles.url("fleet", user=PUSH))
    assert remote(url) == local(path)
    with pytest.raises(FleetError, match="does not allow") as caught:
        send(path, url)
    assert caught.value.state == "42501"
    for statement in (
        "SELECT fased_usage.begin('key', 'name')",
        "SELECT fased_usage.months('{}')",
        "SELECT fased_usage.push('key', '', 0, 0, '', '[]')",
        "INSERT INTO fased_usage.version VALUES (2)",
        "DELETE FROM fased_usage.call",
        "TRUNCATE fased_usage.rollup_hour",
    ):
        with pytest.raises(DENIED):
            run(url, statement)


def test_a_stranger_may_nothing(roles: Server, tmp_path: Path) -> None:
    roles.administer("CREATE ROLE stranger LOGIN", "GRANT CONNECT ON DATABASE fleet TO stranger")
    url = roles.url("fleet", user="stranger")
    try:
        with pytest.raises(FleetError, match="use the schema fased_usage"):
            send(machine(tmp_path / "a.sqlite3"), url)
    finally:
        roles.administer("REVOKE CONNECT ON DATABASE fleet FROM stranger", "DROP ROLE stranger")


def test_who_may_not_make_the_tables_is_told_who_does(url: str, roles: Server, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="does not allow") as caught:
        send(machine(tmp_path / "a.sqlite3"), url.replace(OWNER, PUSH))
    assert "--prepare" in (caught.value.hint or "")


def test_a_function_does_not_run_what_a_caller_put_in_its_way(roles: Server, tmp_path: Path) -> None:
    """Names in the functions mean the owner's tables, whatever the caller's search path and own objects are."""
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    roles.administer(f"GRANT CREATE, TEMPORARY ON DATABASE fleet TO {PUSH}")
    with psycopg.connect(roles.url("fleet", user=PUSH), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA trap")
        connection.execute("GRANT USAGE ON SCHEMA trap TO PUBLIC")
        connection.execute(
            "CREATE FUNCTION trap.hashtext(text) RETURNS integer LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'caught as %', current_user; END$$"
        )
    try:
        assert send(
            path, roles.url("fleet", user=PUSH, options="?sslmode=disable&options=-csearch_path%3Dtrap,pg_catalog")
        )
    finally:
        with psycopg.connect(roles.url("fleet", user=PUSH), autocommit=True) as connection:
            connection.execute("DROP SCHEMA trap CASCADE")


def test_a_month_is_taken_away_as_the_page_says(roles: Server, tmp_path: Path) -> None:
    moments = [
        datetime(2025, 1, 31, 23, 59, tzinfo=UTC),
        datetime(2025, 2, 1, tzinfo=UTC),
        datetime(2025, 3, 1, tzinfo=UTC),
    ]
    path = machine(
        tmp_path / "a.sqlite3",
        [sample(f"c{moment.month}", int(moment.timestamp() * 1000)) for moment in moments],
    )
    url = roles.url("fleet")
    send(path, url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(BLOCKS[2].encode())
    assert [row[0] for row in remote(url)] == ["c1", "c3"]
    assert_consistent(url)
