"""Start, ask and stop real ``litellm`` processes for the live tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import environment
from tests.servers import free_port

START_TIMEOUT_S = 180
"""A start takes 10 to 20 s on two idle cores, and much longer on busy ones or with cold byte code."""


@dataclass
class Proxy:
    """A proxy which answers.

    Attributes:
        url: without ``/v1``.
        master_key: its master key.
        has_database: whether virtual keys and spend rows work.
        upstream_url: the OpenAI-compatible server behind the ``upstream`` models, without ``/v1``; None if there is none.
        log_path: the log of a proxy which the tests started.
    """

    url: str
    master_key: str
    has_database: bool
    upstream_url: str | None = None
    read_log: Callable[[], list[dict[str, Any]]] | None = field(default=None, repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    log_path: Path | None = None

    def upstream_log(self) -> list[dict[str, Any]]:
        """Every request which the upstream got so far: time, method, url, headers (lower-case names), body."""
        if self.read_log is None:
            raise LookupError("the log of this proxy's upstream is not known (FAKE_OPENAI_LOG)")
        return self.read_log()

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def get(self, path: str, *, key: str | None = None) -> tuple[int, Any]:
        """Status and body (parsed where it is JSON) of a GET, by plain http.client."""
        return get(self.url, path, key=self.master_key if key is None else key)

    def post(self, path: str, body: Any, *, key: str | None = None) -> Any:
        """The parsed body of a POST that has to succeed, by plain urllib."""
        headers = {"authorization": f"Bearer {key or self.master_key}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def stop(self) -> None:
        """Stop the process, if the tests started it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)


def executable() -> str | None:
    """The ``litellm`` that ``FASED_TEST_LITELLM`` names, that of this environment, or that on PATH."""
    if named := environment.FOUND.get("FASED_TEST_LITELLM"):
        return named
    beside = Path(sys.executable).parent / "litellm"
    return str(beside) if beside.is_file() else shutil.which("litellm")


def existing(url: str, master_key: str) -> Proxy:
    """A proxy that somebody else started."""
    status, body = get(url, "/health/readiness")
    assert status == 200, f"{url}/health/readiness answers {status}: {body}"
    log = environment.FOUND.get("FAKE_OPENAI_LOG")
    return Proxy(
        url=url.rstrip("/"),
        master_key=master_key,
        has_database=body.get("db") == "connected",
        upstream_url=environment.FOUND.get("FAKE_OPENAI_URL"),
        read_log=(lambda: [json.loads(line) for line in Path(log).read_text().splitlines()]) if log else None,
    )


def start(
    folder: Path,
    arguments: Sequence[str],
    *,
    port: int | None = None,
    master_key: str | None = None,
    env: Mapping[str, str | None] | None = None,
) -> Proxy:
    """Start ``litellm ARGUMENTS`` on 127.0.0.1 and wait until it is ready.

    A variable of ``env`` that is None is not set.

    Raises:
        AssertionError: it ended, or was not ready in time; with the end of its log.
    """
    program = executable()
    assert program is not None, "litellm is not installed"
    port = port or free_port()
    key = master_key or f"sk-test-{secrets.token_hex(12)}"
    log = folder / f"litellm-{port}.log"
    given: dict[str, str | None] = {
        **environment.clean(),
        "HOME": str(folder),
        "LITELLM_MASTER_KEY": key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_BLOG_POSTS": "True",
        "LITELLM_TELEMETRY": "False",
        **(env or {}),
    }
    variables = {name: value for name, value in given.items() if value is not None}
    command = [program, *arguments, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    proxy = Proxy(f"http://127.0.0.1:{port}", key, has_database=False, process=process, log_path=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    try:
        while not _ready(proxy.url):
            assert process.poll() is None, f"litellm ended with {process.returncode}:\n{_tail(log)}"
            assert time.monotonic() < deadline, f"litellm was not ready after {START_TIMEOUT_S} s:\n{_tail(log)}"
            time.sleep(0.2)
    except BaseException:
        proxy.stop()
        raise
    return proxy


def get(url: str, path: str, *, key: str | None = None) -> tuple[int, Any]:
    """Status and body (parsed where it is JSON) of a GET."""
    parts = urlsplit(url)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as reply:
            text = reply.read().decode()
            with contextlib.suppress(ValueError):
                return reply.status, json.loads(text)
            return reply.status, text


def _ready(url: str) -> bool:
    try:
        return get(url, "/health/readiness")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _tail(log: Path, lines: int = 25) -> str:
    return os.linesep.join(log.read_text(errors="replace").splitlines()[-lines:])
