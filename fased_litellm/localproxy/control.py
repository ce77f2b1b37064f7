"""Start and stop the local proxy, and say how it is."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..config.files.filelock import LockBusy, locked
from ..errors import LocalProxyError
from . import logs, ownprocess, process, readiness
from .diagnosis import diagnose
from .files import Files, Process, url
from .routes import ServedRoute

DEFAULT_PORT = 4000
START_TIMEOUT_S = 180.0
"""A start takes 8 to 20 s, and minutes on a small machine that compiles LiteLLM's modules for the first time."""

_POLL_S = 0.2

Progress = Callable[[float], None]
"""Called again and again while we wait, with the seconds so far."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to start: routes for a config of ours, or a config file of the user's; neither means the config of last time."""

    routes: tuple[ServedRoute, ...] = ()
    config: Path | None = None
    port: int = DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of a proxy that was to be stopped.

    Attributes:
        ended: whether one was running, and was ended.
        stranger: why the recorded process was left alone; None where it was ended, or was gone.
    """

    ended: bool
    stranger: str | None = None


@dataclass(frozen=True, slots=True)
class LocalProxyStatus:
    """How the local proxy is.

    Attributes:
        running: whether the process which we started is there.
        ready: whether it takes requests.
        process: what is kept about it; also of one that ended by itself.
        models: the ids it lists; None where they cannot be had.
        key_accepted: whether the master key made here is the one it takes; None where that is not known.
        files: where its files are.
        stranger: why what is recorded, or runs in its place, is not the proxy; None where all is as it should be.
    """

    running: bool
    ready: bool
    process: Process | None
    models: tuple[str, ...] | None
    key_accepted: bool | None
    files: Files
    stranger: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON of ``fased litellm status``."""
        known = self.process
        started = datetime.fromtimestamp(known.started_at_ms / 1000, UTC) if known else None
        return {
            "running": self.running,
            "ready": self.ready,
            "url": known.url if known else None,
            "port": known.port if known else None,
            "pid": known.pid if known and self.running else None,
            "startedAt": started.isoformat(timespec="seconds").replace("+00:00", "Z") if started else None,
            "models": list(self.models) if self.models is not None else None,
            "keyAccepted": self.key_accepted,
            "configPath": known.config if known else None,
            "masterKeyPath": str(self.files.master_key),
            "logPath": str(self.files.log),
        }


class LocalProxy:
    """The local proxy of one state folder.

    Args:
        folder: where its files are (``Paths.local_proxy``).
        env: the environment which the proxy inherits; ``os.environ`` by default.
    """

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.files = Files(folder)
        self._env = os.environ if env is None else env

    def start(self, wanted: Wanted, *, progress: Progress | None = None) -> LocalProxyStatus:
        """Start the proxy and wait until it takes requests.

        Raises:
            LocalProxyError: it runs already, its port is taken, LiteLLM is not there, or it did not start; in the last
                case with its own last words, the likely cause and the remedy. Nothing is left running then.
        """
        with self._alone():
            known = self.files.read_process()
            if known is not None and _look(known).process is not None:
                raise LocalProxyError(
                    f"The local proxy is running already: {known.url} (process {known.pid}).",
                    hint="Stop it first with: fased litellm down",
                )
            program = process.find_program()
            require_free(wanted.port)
            config = self._config(wanted)
            return self._start(program, config, wanted.port, progress)

    def stop(self) -> Stopped:
        """End the process that was started here, and only that one.

        Raises:
            LocalProxyError: it does not end, or belongs to another user.
        """
        with self._alone():
            known = self.files.read_process()
            if known is None:
                return Stopped(ended=False)
            found = ownprocess.end(known.pid, known.started, process.arguments(known.config, known.port))
            self.files.forget_process()
            return Stopped(found.process is not None, found.stranger)

    def status(self) -> LocalProxyStatus:
        """Look at the process and ask the proxy."""
        known = self.files.read_process()
        found = ownprocess.ProcessLook() if known is None else _look(known)
        if known is None or found.process is None:
            return LocalProxyStatus(False, False, known, None, None, self.files, found.stranger)
        if not readiness.ready(known.port):
            return LocalProxyStatus(True, False, known, None, None, self.files)
        key = self.files.read_master_key()
        models = readiness.models(known.port, key) if key else None
        return LocalProxyStatus(True, True, known, models, models is not None, self.files)

    def is_running(self) -> bool:
        """Whether the process that was started here is there."""
        known = self.files.read_process()
        return known is not None and _look(known).process is not None

    def is_at(self, base_url: str) -> bool:
        """Whether a URL is that of the process which was started here, and is there."""
        known = self.files.read_process()
        parts = urlsplit(base_url)
        if known is None or parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
            return False
        return (parts.port or 80) == known.port and _look(known).process is not None

    # ---- starting

    def _config(self, wanted: Wanted) -> Path:
        if wanted.config is not None:
            if not wanted.config.is_file():
                raise LocalProxyError(
                    f"There is no file {wanted.config}.", hint="Check the path passed to --config; nothing was started."
                )
            return wanted.config.resolve()
        if wanted.routes:
            self.files.write_config(wanted.routes)
        elif not self.files.has_config():
            raise LocalProxyError(
                "Which models shall the local proxy offer?",
                hint="Name them, as in `--model default=openai/gpt-5.5`, give a LiteLLM config with --config, "
                "or try it without a provider: --mock",
            )
        return self.files.config

    def _start(self, program: Path, config: Path, port: int, progress: Progress | None) -> LocalProxyStatus:
        key = self.files.ensure_master_key()
        self.files.rotate_log()
        env = process.child_environment(self._env, key, own_config=config == self.files.config)
        command = process.command_line(program, config, port)
        child = process.spawn(command, env, folder=self.files.folder, log=self.files.log)
        # None if it ended at once; the wait below then finds out why.
        started = ownprocess.start_time(child.pid) or "ended"
        try:
            self.files.write_process(Process(child.pid, started, port, str(config), int(time.time() * 1000)))
            self._wait(child, port, progress)
        except BaseException:
            # Ctrl-C too: a proxy that nobody waited for would hold the port.
            ownprocess.end_child(child)
            self.files.forget_process()
            raise
        status = self.status()
        # It is to outlive us, so we do not wait for it; this tells Popen that nothing is left open by that.
        child.returncode = 0
        return status

    def _wait(self, child: Any, port: int, progress: Progress | None) -> None:
        begin = time.monotonic()
        while True:
            status = child.poll()
            if status is not None:
                raise self._failed(f"LiteLLM ended while it was starting (status {status}).", status)
            if readiness.ready(port):
                return
            waited = time.monotonic() - begin
            if waited > START_TIMEOUT_S:
                raise self._failed(f"LiteLLM is not ready after {START_TIMEOUT_S:.0f} s.", None)
            if progress is not None:
                progress(waited)
            time.sleep(_POLL_S)

    def _failed(self, what: str, status: int | None) -> LocalProxyError:
        found = diagnose("\n".join(logs.tail(self.files.log, 400)), status=status)
        said = "".join(f"\n  {line}" for line in found.last_words.splitlines()) or "\n  (nothing)"
        return LocalProxyError(
            f"{what} Its last words:{said}\nLikely cause: {found.cause}",
            hint=f"{found.remedy} The whole log: {self.files.log}",
        )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two at once would start two proxies, and forget one."""
        with contextlib.ExitStack() as stack:
            try:
                # Two tries, because the first may find and remove what a killed program left.
                stack.enter_context(locked(self.files.process, tries=2))
            except LockBusy as error:
                raise LocalProxyError(
                    "Another `fased litellm up` or `down` is at work.", hint="Wait until it has finished."
                ) from error
            except OSError as error:
                raise LocalProxyError(f"Cannot use {self.files.folder}: {error.strerror}.") from error
            yield


def _look(known: Process) -> ownprocess.ProcessLook:
    return ownprocess.look(known.pid, known.started, process.arguments(known.config, known.port))


def require_free(port: int) -> None:
    """Make sure that nothing listens on a port of 127.0.0.1.

    LiteLLM itself would go to a random port instead of a taken 4000 (fact: ``proxy_cli.py`` of 1.106).

    Raises:
        LocalProxyError: it is taken, or may not be used.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that was just given up is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                what = f"Port {port} is taken: something listens at {url(port)} already."
            else:
                what = f"Port {port} cannot be used: {error.strerror}."
            raise LocalProxyError(what, hint=f"Choose another one: --port {_near(port)}") from error


def _near(port: int) -> int:
    """A port near the given one on which nothing listens, to name in a hint."""
    for candidate in range(port + 1, port + 50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(("127.0.0.1", candidate)) != 0:
                return candidate
    return port + 1
