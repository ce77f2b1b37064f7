"""The main path, on the documented config as it stands, against a real proxy on port 4000."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.configuration import config
from tests.live.conftest import StartProxy, unavailable
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

DOCUMENT = Path(__file__).parents[1] / "config" / "data" / "main-path.json5"


@pytest.fixture(scope="module")
def proxy_4000(start_proxy: StartProxy, upstream: Upstream) -> Proxy:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 4000)) == 0:
            unavailable("port 4000 is taken by another program")
    return start_proxy(config=config(upstream.url), port=4000)


def fased(proxy: Proxy, *arguments: str) -> Any:
    env = {**os.environ, "LITELLM_API_KEY": proxy.master_key}
    program = [sys.executable, "-m", "fased_litellm", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def test_the_documented_config_routes_a_call(proxy_4000: Proxy, home: Path) -> None:
    (home / ".fased").mkdir()
    (home / ".fased" / "fased.json").write_text(DOCUMENT.read_text())
    names = ["--task", "digest", "--channel", "telegram", "--session", "s1"]
    reply = fased(proxy_4000, "litellm", "chat", "hi", "--json", *names)
    assert reply["text"] == "Hello from mock default"
    assert reply["receipt"]["servedModel"] == "openai/gpt-5.5"
    report = fased(proxy_4000, "usage", "--by", "agent,task,channel,session", "--json")
    (group,) = report["groups"]
    assert {name: group[name] for name in ("agent", "task", "channel", "session", "calls", "failed")} == {
        "agent": "main",
        "task": "digest",
        "channel": "telegram",
        "session": "s1",
        "calls": 1,
        "failed": 0,
    }
    assert group["costUsd"] == reply["receipt"]["costUsd"]
    assert (home / ".fased" / "fased.json").read_text() == DOCUMENT.read_text()


def test_no_config_at_all_and_only_a_key(proxy_4000: Proxy) -> None:
    shown = fased(proxy_4000)
    assert "Calls are routed through LiteLLM at http://localhost:4000." in shown
    assert "litellm/default" in shown
    assert fased(proxy_4000, "litellm", "chat", "hi") == "Hello from mock default\n"
