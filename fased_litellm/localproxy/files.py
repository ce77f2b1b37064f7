"""The files of the local proxy, all below ``~/.fased/litellm/proxy`` and readable by their owner alone."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from .. import atomicfile, jsontext, plainfile, redaction, statefile
from ..errors import LocalProxyError
from .routes import ServedRoute, litellm_config

_MOST_BYTES = 64 * 1024
_LATEST_MS = 253_402_300_799_999  # the end of the year 9999
_LOST = "A proxy that it told of and that still runs has to be ended by hand; `ps -ef | grep litellm` shows it."

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Process:
    """What is kept about the process while it runs; the shape of ``process.json``.

    Attributes:
        pid: process id, above 1.
        started: its start time as ``ownprocess.start_time`` gives it, by which the process is known again.
        port: port of 127.0.0.1.
        config: the LiteLLM config it was started with.
        started_at_ms: when, in milliseconds since 1970.

    Raises:
        ValueError: one of them cannot be.
    """

    pid: int
    started: str
    port: int
    config: str
    started_at_ms: int

    def __post_init__(self) -> None:
        if self.pid <= 1:
            raise ValueError("pid must be above 1")
        if not 1 <= self.port <= 65535:
            raise ValueError("port must be from 1 to 65535")
        if not 0 <= self.started_at_ms <= _LATEST_MS:
            raise ValueError("started_at_ms is no time in milliseconds since 1970")
        for name, text in (("started", self.started), ("config", self.config)):
            if not text.strip() or "\0" in text:
                raise ValueError(f"{name} is empty, or has the character NUL in it")

    @property
    def url(self) -> str:
        return url(self.port)


def url(port: int) -> str:
    """The address under which the proxy is reached. By number: ``localhost`` may be IPv6 first."""
    return f"http://127.0.0.1:{port}"


class Files:
    """The places and their content.

    Attributes:
        folder: the folder of all.
        config: the config which we generate (JSON, which is YAML).
        master_key: the key, and nothing else.
        log: output of the running or last proxy.
        previous_log: that of the one before.
        process: what is kept about the process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.master_key = folder / "master-key"
        self.log = folder / "proxy.log"
        self.previous_log = folder / "proxy.log.1"
        self.process = folder / "process.json"

    def write_config(self, routes: Iterable[ServedRoute]) -> None:
        """Generate the config."""
        self._write(self.config, json.dumps(litellm_config(routes), indent=2) + "\n")

    def has_config(self) -> bool:
        """Whether one was generated.

        Raises:
            LocalProxyError: something else lies there.
        """
        try:
            plainfile.refuse_other(self.config)
        except OSError as error:
            raise LocalProxyError(f"Cannot read {self.config}: {error.strerror}.") from error
        return self.config.exists()

    def ensure_master_key(self) -> str:
        """The master key; made at random the first time, and kept, so that what was set up with it goes on working."""
        key = self.read_master_key()
        if key is None:
            key = f"sk-{secrets.token_urlsafe(32)}"
            self._write(self.master_key, key + "\n")
        redaction.remember(key)
        return key

    def read_master_key(self) -> str | None:
        """The master key, if one was made. A file that holds anything else than one word is set aside."""
        key = self._read(self.master_key, _key, then="`fased litellm up` makes a new master key.")
        redaction.remember(key)
        return key

    def write_process(self, process: Process) -> None:
        """Keep what is known about the process."""
        self._write(self.process, json.dumps(asdict(process)) + "\n")

    def read_process(self) -> Process | None:
        """What was kept; None if nothing was. What makes no sense is set aside."""
        return self._read(self.process, lambda data: jsontext.decode(data, Process), then=_LOST)

    def forget_process(self) -> None:
        """Remove what was kept about the process."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.process)

    def rotate_log(self) -> None:
        """Put the log of the last proxy aside.

        Raises:
            LocalProxyError: it is no file.
        """
        try:
            plainfile.refuse_other(self.log)
            plainfile.refuse_other(self.previous_log)
            os.replace(self.log, self.previous_log)
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalProxyError(f"Cannot put {self.log} aside: {error.filename}: {error.strerror}.") from error

    def _write(self, path: Path, text: str) -> None:
        try:
            atomicfile.replace(path, text.encode())
        except OSError as error:
            raise LocalProxyError(f"Cannot write {path}: {error.strerror}.") from error

    @staticmethod
    def _read(path: Path, make: Callable[[bytes], Content], *, then: str) -> Content | None:
        try:
            return statefile.read(path, _MOST_BYTES, make, then=then)
        except OSError as error:
            raise LocalProxyError(f"Cannot read {path}: {error.strerror}.") from error


def _key(data: bytes) -> str:
    try:
        key = data.strip().decode("ascii")
    except UnicodeDecodeError:
        key = ""
    if not key or not key.isprintable() or " " in key:
        raise ValueError("it does not hold a key and nothing else")
    return key
