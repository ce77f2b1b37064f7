"""A small program in the place of ``litellm``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fased_litellm.localproxy import process

STAND_IN = """\
#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
key = os.environ["LITELLM_MASTER_KEY"]
print("started", flush=True)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path == "/health/readiness" or self.headers.get("authorization") == "Bearer " + key
        rows = json.load(open(arguments["--config"]))["model_list"]
        body = {{"status": "healthy", "data": [{{"id": row["model_name"]}} for row in rows]}}
        data = json.dumps(body).encode()
        self.send_response(200 if good else 401)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

HTTPServer((arguments["--host"], int(arguments["--port"])), Handler).serve_forever()
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put it into the place of ``litellm``; gives its path."""
    path = folder / "litellm"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o700)
    monkeypatch.setattr(process, "find_program", lambda: path)
    return path


SLEEP = "import time; print(flush=True); time.sleep(600)"


def sleep(code: str = SLEEP, arguments: Sequence[str] = (), *, session: bool = True) -> subprocess.Popen[bytes]:
    """A process with a command line that ends like the proxy's, once it has said that it runs; end it by ``signals.end``."""
    words = [sys.executable, "-c", code, *arguments]
    child = subprocess.Popen(words, start_new_session=session, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    return child
