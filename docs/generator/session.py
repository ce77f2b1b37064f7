"""Run the commands of a page in a scratch home, as one shell session."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import servers

from . import wording
from .markers import Marker, console

_OTHERS = re.compile(
    r"FASED_|LITELLM_|SSL_CERT_|PI_CODING_AGENT_|.*_API_KEY$|.*_API_BASE$|.*_PROXY$|DATABASE_URL$|COLUMNS$",
    re.IGNORECASE,
)
_STARTS = re.compile(r"\bfased litellm (?P<what>up|quickstart)\b")


_FOLDER = ".fased/litellm/proxy"


class RunError(Exception):
    """A command did not end as the page says."""


@dataclass(frozen=True, slots=True)
class MockProxy:
    """A mock proxy that runs: its port, its master key, and the home in which it was started."""

    port: int
    key: str
    home: Path

    @property
    def folder(self) -> Path:
        """The files of the proxy."""
        return self.home / _FOLDER


class Session:
    """A scratch home and the variables which the commands so far have exported.

    Args:
        home: an empty folder.
        proxy: the proxy which the commands find; None if they start their own.
    """

    def __init__(self, home: Path, proxy: MockProxy | None = None) -> None:
        self.home = home
        self.port = proxy.port if proxy else free_port()
        self._shared = proxy
        self._quickstart_port = free_port(wording.PORT)
        self._variables = home.with_name(f"{home.name}.variables")
        self._env = environment(os.environ, home)
        self._env["LITELLM_BASE_URL"] = f"http://localhost:{self.port}"
        if proxy:
            self._env["LITELLM_API_KEY"] = proxy.key
            (home / _FOLDER).parent.mkdir(parents=True, mode=0o700)
            (home / _FOLDER).symlink_to(proxy.folder)

    def perform(self, marker: Marker) -> str | None:
        """Do what a marker asks for; gives back the new body of a ``run``.

        Raises:
            RunError: the command did not end with the expected status.
        """
        if marker.kind == "file":
            path = self.home / marker.argument.removeprefix("~/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(marker.body + "\n", encoding="utf-8")
            return None
        if marker.kind not in ("run", "setup"):
            return None
        status, output = self.execute(marker.argument)
        if status != marker.status:
            raise RunError(f"`{marker.argument}` ended with {status} in place of {marker.status}:\n{output}")
        ports = (self.port, self._quickstart_port)
        homes = (self.home, *((self._shared.home,) if self._shared else ()))
        text = wording.shown(output, homes=homes, ports=ports)
        return console(marker.argument, text) if marker.kind == "run" else None

    def execute(self, command: str) -> tuple[int, str]:
        """Exit status and output (both streams) of a shell command, behind the variables which earlier ones exported."""
        variables = shlex.quote(str(self._variables))
        script = (
            f"[ -f {variables} ] && . {variables}\n{self._placed(command)}\n"
            f"status=$?\nexport -p >{variables}\nexit $status"
        )
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=self.home,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def close(self) -> None:
        """Stop the proxy which a command may have left running; a shared one stays."""
        if self._shared is None:
            self.execute("fased litellm down")

    def _placed(self, command: str) -> str:
        """The command with the ports that are free here."""

        def with_port(match: re.Match[str]) -> str:
            return f"{match[0]} --port {self.port if match['what'] == 'up' else self._quickstart_port}"

        return _STARTS.sub(with_port, command).replace(f":{wording.PORT}", f":{self.port}")


def environment(env: Mapping[str, str], home: Path) -> dict[str, str]:
    """An environment without what could change an output, and with the programs of this Python."""
    kept = {name: value for name, value in env.items() if not _OTHERS.match(name)}
    programs = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    return {
        **kept,
        "HOME": str(home),
        "PATH": programs,
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "FASED_USAGE_TZ": "UTC",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def start_mock(home: Path) -> tuple[Session, MockProxy]:
    """Start a mock proxy for several pages; ``close()`` of the session stops it.

    Raises:
        RunError: it did not start.
    """
    session = Session(home)
    status, output = session.execute("fased litellm up --mock")
    if status != 0:
        raise RunError(f"the mock proxy did not start:\n{output}")
    key = (home / _FOLDER / "master-key").read_text(encoding="utf-8").strip()
    return session, MockProxy(session.port, key, home)


def free_port(wanted: int = 0) -> int:
    """A port of 127.0.0.1 that nobody uses now; the wanted one, if that is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return servers.free_port()
    return wanted or servers.free_port()
