from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from fased_litellm.errors import FleetError
from fased_litellm.usage.postgres import schema
from fased_litellm.usage.postgres.connect import connected
from tests.usage.postgres.fleet import ask, local, machine, place, remote, run, send
from tests.usage.postgres.server import Server
from tests.usage.samples import DAY_MS, START_MS, sample

LATEST = len(schema.STEPS)


def prepare(url: str) -> schema.Prepared:
    return schema.prepare(place(url))


def test_the_tables_are_made_once(url: str) -> None:
    shown = place(url).shown
    assert prepare(url) == schema.Prepared(shown, 0, LATEST)
    assert prepare(url) == schema.Prepared(shown, LATEST, LATEST)
    assert ask(url, "SELECT version FROM version") == [(LATEST,)]


def test_several_may_make_them_at_once(url: str) -> None:
    found: list[schema.Prepared] = []
    threads = [threading.Thread(target=lambda: found.append(prepare(url))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(one.before for one in found) == 0
    assert {one.after for one in found} == {LATEST}
    assert len(found) == 12


def test_several_may_make_partitions_at_once(url: str) -> None:
    prepare(url)
    times = [START_MS + number * 31 * DAY_MS for number in range(24)]
    together = threading.Barrier(8)
    problems: list[Exception] = []

    def make() -> None:
        try:
            with connected(place(url)) as there:
                together.wait()
                there.execute("SELECT fased_usage.months(%s::bigint[])", (times,))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert ask(url, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'call'::regclass") == [(26,)]


def test_an_older_version_is_brought_up_to_date(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    send(path, url)
    step = tmp_path / "schema_next.sql"
    step.write_text("ALTER TABLE fased_usage.host ADD COLUMN place text;")
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, (step,)))
    with (
        connected(place(url)) as there,
        pytest.raises(FleetError, match=rf"has version {LATEST}; this .* version {LATEST + 1}"),
    ):
        schema.require(there, place(url))
    machine(path, [sample("c2")])
    assert send(path, url).sent == 1
    assert ask(url, "SELECT version, (SELECT count(place) FROM host) FROM version") == [(LATEST + 1, 0)]
    assert remote(url) == local(path)


def test_a_step_that_fails_changes_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = tmp_path / "schema_next.sql"
    step.write_text("ALTER TABLE fased_usage.host ADD COLUMN place text; SELECT 1 / 0;")
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, (step,)))
    with pytest.raises(FleetError, match="division by zero"):
        prepare(url)
    assert ask(url, "SELECT to_regnamespace('fased_usage')") == [(None,)]


def test_a_newer_version_is_refused(url: str, tmp_path: Path) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    prepare(url)
    run(url, f"UPDATE version SET version = {LATEST + 1}")
    newer = rf"newer fased-litellm \(version {LATEST + 1}; this one knows {LATEST}\)"
    with pytest.raises(FleetError, match=newer) as caught:
        send(path, url)
    assert "Upgrade" in (caught.value.hint or "")
    with connected(place(url)) as there, pytest.raises(FleetError, match="newer"):
        schema.require(there, place(url))


def test_a_schema_of_another_program_is_left_alone(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA fased_usage")
    with pytest.raises(FleetError, match="not ours"):
        send(machine(tmp_path / "a.sqlite3"), url)


def test_who_asks_before_anyone_pushed_is_told_so(url: str) -> None:
    with connected(place(url)) as there, pytest.raises(FleetError, match="holds no usage yet"):
        schema.require(there, place(url))


def test_a_database_that_cannot_hold_every_name_is_refused(server: Server, tmp_path: Path) -> None:
    server.administer("CREATE DATABASE narrow OWNER usage_owner ENCODING 'LATIN1' TEMPLATE template0")
    try:
        with pytest.raises(FleetError, match="encoded in LATIN1"):
            send(machine(tmp_path / "a.sqlite3"), server.url("narrow"))
    finally:
        server.administer("DROP DATABASE narrow")


def test_nothing_below_the_commands_imports_psycopg_unasked() -> None:
    code = (
        "import sys, fased_litellm.usage.postgres.push, fased_litellm.usage.postgres.schema, fased_litellm.usage.postgres.url\n"
        "sys.exit(any(name.startswith('psycopg') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
