"""A PostgreSQL server for the tests: Debian's package, on 127.0.0.1 and a free port, in a folder that is removed at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import trustme

from tests import environment

OWNER = "usage_owner"
"""Owns the databases, and may do nothing else."""
SECRET_USER, SECRET = "careful", "p@ss/MARK-0815"
"""A role that has to give its password; all others are trusted."""
_ACCOUNT = "postgres"
_ACCESS = f"""
host all {SECRET_USER} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


def missing() -> str | None:
    """Why no server can be started here, None if one can."""
    if programs() is None:
        return "no PostgreSQL server is installed (apt install postgresql)"
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or not _has_account()):
        return f"as root, a PostgreSQL server needs setpriv and the user {_ACCOUNT} to run as"
    return None


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, of the newest version there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@dataclass(frozen=True)
class Server:
    """A running server; ``certificate`` is the authority that signed its certificate for ``localhost``."""

    port: int
    pid: int
    certificate: Path

    def url(
        self, database: str, *, user: str = OWNER, password: str | None = None, options: str = "?sslmode=disable"
    ) -> str:
        who = user if password is None else f"{user}:{quote(password, safe='')}"
        return f"postgresql://{who}@127.0.0.1:{self.port}/{database}{options}"

    def connect(self, database: str = "postgres", user: str = _ACCOUNT) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(database, user=user), autocommit=True)

    def administer(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Server]:
    """A server, until the end of the block."""
    if (reason := missing()) is not None:
        if environment.FOUND.get("FASED_TEST_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="fased-test-postgres-"))
    process = None
    try:
        server, process = _start(folder)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # at once: nothing has to be kept
            process.wait(30)
        shutil.rmtree(folder)


def _start(folder: Path) -> tuple[Server, subprocess.Popen[bytes]]:
    data, log = folder / "data", folder / "log"
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "server.key").chmod(0o600)
    (folder / "access").write_text(_ACCESS)
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, _ACCOUNT, _ACCOUNT)
    folder.chmod(0o755)
    made = _run(
        [*_initdb(), f"--pgdata={data}", f"--username={_ACCOUNT}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    )
    output, _ = made.communicate(timeout=120)
    assert made.returncode == 0, output.decode()
    port = _free_port()
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "hba_file": folder / "access",
        "ssl": "on",
        "ssl_cert_file": folder / "server.pem",
        "ssl_key_file": folder / "server.key",
        "max_connections": 60,
        # The data of a test need not survive the machine.
        "fsync": "off",
        "shared_buffers": "32MB",
    }
    arguments = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    with log.open("wb") as file:
        process = _run([str(_programs() / "postgres"), "-D", str(data), *arguments], output=file.fileno())
    server = Server(port, process.pid, folder / "authority.pem")
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            server.administer(
                f"CREATE ROLE {OWNER} LOGIN CREATEDB", f"CREATE ROLE {SECRET_USER} LOGIN PASSWORD '{SECRET}'"
            )
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return server, process
    process.kill()
    process.wait()
    raise AssertionError(f"The PostgreSQL server did not start:\n{log.read_text()}")


def _run(command: list[str], output: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    if os.geteuid() == 0:
        # setpriv replaces itself with the program, so that its process id is the server's.
        command = ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--clear-groups", *command]
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.Popen(command, cwd="/", env=plain, stdout=output, stderr=subprocess.STDOUT)


def _initdb() -> list[str]:
    return [str(_programs() / "initdb"), "--no-sync"]


def _programs() -> Path:
    found = programs()
    assert found is not None
    return found


def _has_account() -> bool:
    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
