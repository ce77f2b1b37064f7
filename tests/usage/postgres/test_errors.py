"""What goes wrong between this machine and the database, each with a message that says what to do."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from fased_litellm.errors import FleetError
from fased_litellm.usage.postgres import connect
from fased_litellm.usage.postgres.connect import connected
from fased_litellm.usage.postgres.errors import explain, passing
from tests.usage.postgres.fleet import machine, place, remote, run, send
from tests.usage.postgres.server import SECRET, SECRET_USER, Server
from tests.usage.samples import sample


def fails(url: str, words: str, hint: str) -> FleetError:
    with pytest.raises(FleetError, match=words) as caught, connected(place(url)) as there:
        there.execute("SELECT 1")
    text = f"{caught.value.message}\n{caught.value.hint}"
    assert hint in text
    assert "owner" not in caught.value.message  # no user, no password
    assert SECRET not in text
    assert SECRET not in str(caught.value.__cause__)
    assert quote(SECRET, safe="") not in text
    return caught.value


def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fails(f"postgresql://u@127.0.0.1:{port}/usage", "cannot be reached: .*refused", "Check host and port")
    fails("postgresql://u@fleet.invalid/usage", "cannot be reached: .*resolve", "Check host and port")


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_TIMEOUT_S", 2)  # libpq's least
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = fails(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/usage", "timeout", "Check host and port")
    assert not passing(error)


def test_what_is_no_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FleetError, match="libpq can read"), connected(place("postgresql://box/usage?colour=blue")):
        pass


def test_a_wrong_password(server: Server, database: str) -> None:
    wrong = server.url(database, user=SECRET_USER, password="MARKwrong")
    error = fails(wrong, "refused this user: .*password authentication failed", "PGPASSFILE")
    assert "MARK" not in error.message
    assert not passing(error)
    fails(server.url(database, user=SECRET_USER), "refused this user: .*no password supplied", "PGPASSFILE")


def test_the_right_password_in_each_of_its_places(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with connected(place(server.url(database, user=SECRET_USER, password=SECRET))) as there:
        assert there.info.user == SECRET_USER
    bare = server.url(database, user=SECRET_USER)
    with monkeypatch.context() as changed:
        changed.setenv("PGPASSWORD", SECRET)
        with connected(place(bare)):
            pass
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"127.0.0.1:{server.port}:*:{SECRET_USER}:{SECRET}\n")
    passfile.chmod(0o600)
    with monkeypatch.context() as changed:
        changed.setenv("PGPASSFILE", str(passfile))
        with connected(place(bare)):
            pass
    services = tmp_path / "services"
    services.write_text(
        f"[fleet]\nhost=127.0.0.1\nport={server.port}\ndbname={database}\nuser={SECRET_USER}\npassword={SECRET}\nsslmode=disable\n"
    )
    with monkeypatch.context() as changed:
        changed.setenv("PGSERVICEFILE", str(services))
        with connected(place("postgresql:///?service=fleet")) as there:
            assert there.info.dbname == database
        fails("postgresql:///?service=unheard-of", "cannot be found", "pg_service.conf")


def test_a_database_or_role_that_is_not_there(server: Server) -> None:
    fails(server.url("nowhere"), 'does not exist: .*"nowhere" does not exist', "createdb")
    fails(server.url("usage", user="nobody"), "refused this user: .*does not exist", "Check the user")


def test_a_server_without_a_free_connection(server: Server) -> None:
    server.administer("CREATE DATABASE narrow OWNER usage_owner CONNECTION LIMIT 0")
    try:
        assert passing(fails(server.url("narrow"), "no free connection", "max_connections"))
    finally:
        server.administer("DROP DATABASE narrow")


def test_tls_is_as_the_address_says(server: Server, database: str) -> None:
    with connected(place(server.url(database, options="?sslmode=require"))) as there:
        assert there.pgconn.ssl_in_use
    with connected(place(server.url(database, options=""))) as there:
        assert there.pgconn.ssl_in_use  # libpq's default is to prefer it
    checked = f"?sslmode=verify-full&sslrootcert={quote(str(server.certificate))}"
    by_name = server.url(database, options=checked).replace("127.0.0.1", "localhost")
    with connected(place(by_name)) as there:
        assert there.pgconn.ssl_in_use
    # The certificate is for another name.
    fails(server.url(database, options=checked), "cannot be reached securely", "sslrootcert")
    fails(by_name.replace("authority.pem", "server.pem"), "cannot be reached securely|was lost", "")
    fails(by_name.replace("authority.pem", "missing.pem"), "cannot be reached securely", "sslrootcert")


@pytest.mark.parametrize(
    ("state", "words", "again"),
    [
        ("53100", "no room left", False),
        ("53200", "no memory left", True),
        ("57014", "ran too long", False),
        ("40P01", "too many at once", True),
        ("XX001", "is damaged", False),
        ("P0001", "failed: told so", False),
    ],
)
def test_errors_of_the_server_in_the_middle(url: str, tmp_path: Path, state: str, words: str, again: bool) -> None:
    """The third batch fails, each time; what came before is there, and the rest comes once the cause is gone."""
    path = machine(tmp_path / "a.sqlite3", [sample(f"c{number}") for number in range(6)])
    send(machine(tmp_path / "empty.sqlite3"), url, "other")
    run(
        url,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE EXCEPTION 'told so' USING ERRCODE = '{state}'; END$$; "
        "CREATE TRIGGER fail BEFORE INSERT ON call_key FOR EACH ROW WHEN (NEW.call_id = 'c4') EXECUTE FUNCTION fail();",
    )
    pauses: list[float] = []
    with pytest.raises(FleetError, match=words) as caught:
        send(path, url, batch=2, pause=pauses.append)
    assert (caught.value.state, bool(pauses)) == (state, again)
    assert [row[0] for row in remote(url)] == ["c0", "c1", "c2", "c3"]
    run(url, "DROP FUNCTION fail CASCADE")
    assert send(path, url).sent == 2


def test_a_database_that_can_only_be_read(server: Server, url: str, tmp_path: Path) -> None:
    path = machine(tmp_path / "a.sqlite3")
    standby = server.url("usage", options="?sslmode=disable&options=-cdefault_transaction_read_only%3Don")
    with pytest.raises(FleetError, match="can only be read"):
        send(path, standby)


def test_a_statement_that_runs_too_long(server: Server, url: str, tmp_path: Path) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1")])
    with pytest.raises(FleetError, match="ran too long"):
        send(path, server.url("usage", options="?sslmode=disable&options=-cstatement_timeout%3D1"))


def test_without_psycopg_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(FleetError, match="psycopg") as caught, connected(place("postgresql://box/usage")):
        pass
    assert "pip install 'fased-litellm[postgres]'" in (caught.value.hint or "")


def test_a_message_is_one_line_without_the_introduction() -> None:
    error = psycopg.OperationalError("connection failed: it is\nso")
    assert explain(error, place("postgresql://box/usage")).message == "postgresql://box/usage was lost: it is"
