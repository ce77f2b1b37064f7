"""The files of the local proxy, all below ``~/.fased/litellm/proxy`` and readable by their owner alone."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import atomicfile, redaction
from ..errors import LocalProxyError
from .routes import Route, litellm_config


@dataclass(frozen=True, slots=True)
class Process:
    """What is kept about the process while it runs.

    Attributes:
        pid: process id.
        started: its start time as ``ownprocess.start_time`` gives it, by which the process is known again.
        port: port of 127.0.0.1.
        config: the LiteLLM config it was started with.
        started_at_ms: when, in milliseconds since 1970.
    """

    pid: int
    started: str
    port: int
    config: str
    started_at_ms: int

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

    def write_config(self, routes: Iterable[Route]) -> None:
        """Generate the config."""
        self._write(self.config, json.dumps(litellm_config(routes), indent=2) + "\n")

    def ensure_master_key(self) -> str:
        """The master key; made at random the first time, and kept, so that what was set up with it goes on working."""
        key = self.read_master_key()
        if key is None:
            key = f"sk-{secrets.token_urlsafe(32)}"
            self._write(self.master_key, key + "\n")
        redaction.remember(key)
        return key

    def read_master_key(self) -> str | None:
        """The master key, if one was made."""
        text = self._read(self.master_key)
        key = text.strip() if text else None
        redaction.remember(key)
        return key or None

    def write_process(self, process: Process) -> None:
        """Keep what is known about the process."""
        self._write(self.process, json.dumps(asdict(process)) + "\n")

    def read_process(self) -> Process | None:
        """What was kept; None if nothing was, or nothing that makes sense."""
        try:
            content: Any = json.loads(self._read(self.process) or "null")
            return Process(**content) if isinstance(content, dict) else None
        except (ValueError, TypeError):
            return None

    def forget_process(self) -> None:
        """Remove what was kept about the process."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.process)

    def rotate_log(self) -> None:
        """Put the log of the last proxy aside."""
        with contextlib.suppress(FileNotFoundError):
            os.replace(self.log, self.previous_log)

    def _write(self, path: Path, text: str) -> None:
        try:
            atomicfile.replace(path, text.encode())
        except OSError as error:
            raise LocalProxyError(f"Cannot write {path}: {error.strerror}.") from error

    @staticmethod
    def _read(path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LocalProxyError(f"Cannot read {path}: {error}.") from error
