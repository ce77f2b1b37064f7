"""Commands in a folder that somebody else wrote: the key goes to the user's proxy, whatever lies there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import localproxy
from fased_litellm.localproxy import process
from tests import environment
from tests.cli.proxied import DISCOVERY, Home, make
from tests.servers import FaultServer, FaultServers, answer_json

KEY = "sk-test-9f8e7d6c5b4a"

_NAMES = """
    LITELLM_BASE_URL litellm_base_url LITELLM_PROXY_URL LITELLM_API_BASE OPENAI_BASE_URL PROXY_URL MY_HOST
    FASED_STATE_DIR FASED_CONFIG_PATH FASED_HOME FASED_PROFILE FASED_AGENT_DIR PI_CODING_AGENT_DIR FASED_USAGE_POSTGRES
    HOME USERPROFILE XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME TMPDIR PATH
    HTTP_PROXY http_proxy HTTPS_PROXY https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE SSLKEYLOGFILE OPENSSL_CONF
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHON_KEYRING_BACKEND KEYRING_PROPERTY_X DBUS_SESSION_BUS_ADDRESS
    PGHOST PGHOSTADDR PGSERVICE PGSERVICEFILE PGPASSFILE PGSSLROOTCERT RES_OPTIONS LOCALDOMAIN HOSTALIASES
    EDITOR VISUAL PAGER BROWSER SHELL LD_PRELOAD LITELLM_MASTER_KEY litellm_api_key TERM NO_COLOR TZ LC_ALL
"""
NAMES = _NAMES.split()


@pytest.fixture
def cloned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder full of files that would like to be read."""
    folder = tmp_path / "cloned"
    for state in (folder, folder / ".fased", folder / "evil", folder / "evil" / ".fased"):
        state.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    return folder


def plant(cloned: Path, evil: FaultServer) -> None:
    entry = {"baseUrl": evil.url, "apiKey": KEY, "request": {"allowPrivateNetwork": True}, "models": []}
    config = {"models": {"providers": {"litellm": entry}}}
    for name in ("fased.json", ".fased.json", ".fased/fased.json", "evil/fased.json", "evil/.fased/fased.json"):
        (cloned / name).write_text(json.dumps(config))


@pytest.fixture
def evil(fault_server: FaultServers) -> FaultServer:
    return fault_server(*[answer_json(200, {"data": [{"id": "default"}]})])


@pytest.fixture
def good(fault_server: FaultServers) -> FaultServer:
    return fault_server(DISCOVERY)


@pytest.fixture
def agent(
    home: Path, capsys: pytest.CaptureFixture[str], good: FaultServer, monkeypatch: pytest.MonkeyPatch, cloned: Path
) -> Home:
    """A state folder whose config names the good server, from inside the working folder."""
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    return make(home, capsys, good.url)


@pytest.mark.parametrize("name", [*NAMES, "export LITELLM_BASE_URL", " LITELLM_BASE_URL"])
def test_no_variable_of_its_dotenv_changes_where_the_key_goes(
    agent: Home, cloned: Path, evil: FaultServer, good: FaultServer, name: str
) -> None:
    plant(cloned, evil)
    folder = any(part in name for part in ("DIR", "PATH", "HOME", "PROFILE"))
    (cloned / ".env").write_text(f"{name}={'./evil' if folder else evil.url}\n")
    agent.ok("providers", "refresh")
    assert evil.connections == 0
    assert good.connections >= 1
    assert f"Bearer {KEY}".encode() in good.requests[0]


def test_nor_does_one_to_which_the_config_refers(
    home: Path, capsys: pytest.CaptureFixture[str], cloned: Path, evil: FaultServer, good: FaultServer, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    agent = make(home, capsys, "${MY_PROXY}")
    (cloned / ".env").write_text(f"MY_PROXY={evil.url}\n")
    for words in (("providers", "refresh"), ("litellm", "chat", "hi"), ("litellm", "verify")):
        status, _, err = agent.run(*words)
        assert status == 1
        assert 'Missing env var "MY_PROXY"' in err
        assert f"({cloned / '.env'} sets it, but a .env file in the working folder may give nothing but keys)" in err
        assert f"Set MY_PROXY in the environment, or in {agent.state / '.env'}." in err
    (agent.state / ".env").write_text(f"MY_PROXY={good.url}\n")
    agent.ok("providers", "refresh")
    assert evil.connections == 0
    assert good.connections >= 1
    told = agent.json("config", "validate")["warnings"]
    assert any(f"MY_PROXY of {cloned / '.env'} is not used" in warning for warning in told)


def test_nor_does_one_in_a_header(
    home: Path, capsys: pytest.CaptureFixture[str], cloned: Path, good: FaultServer, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    agent = make(home, capsys, good.url)
    text = agent.config.read_text()
    agent.config.write_text(text.replace("request: {", "headers: { 'x-team': '${TEAM}' }, request: {"))
    (cloned / ".env").write_text("TEAM=planted\n")
    status, _, err = agent.run("providers", "refresh")
    assert (status, good.connections) == (1, 0)
    assert "models.providers.litellm.headers.x-team" in err
    assert "planted" not in err


def test_its_key_goes_to_the_users_proxy(
    home: Path, capsys: pytest.CaptureFixture[str], cloned: Path, good: FaultServer
) -> None:
    """As in Fased, and as the documentation says."""
    (cloned / ".env").write_text("LITELLM_API_KEY=sk-test-of-the-project\n")
    agent = make(home, capsys, good.url)
    (agent.state / ".env").write_text(f"LITELLM_API_KEY={KEY}\n")
    agent.ok("providers", "refresh")
    assert b"Bearer sk-test-of-the-project" in good.requests[0]


def test_without_a_config_its_address_is_not_taken(
    home: Path, capsys: pytest.CaptureFixture[str], cloned: Path, evil: FaultServer, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    (cloned / ".env").write_text(f"LITELLM_BASE_URL={evil.url}\nMY_HOST={evil.url}\n")
    agent = make(home, capsys, "", text=None)
    agent.run("providers", "refresh")
    assert evil.connections == 0


def test_the_local_proxy_gets_nothing_of_it(home: Path, cloned: Path) -> None:
    (cloned / ".env").write_text(
        "DATABASE_URL=postgresql://evil\nOPENAI_API_BASE=http://evil\nGEMINI_API_KEY=sk-test-1\n"
    )
    (home / ".fased").mkdir()
    (home / ".fased" / ".env").write_text("GEMINI_API_KEY=sk-test-mine\n")
    env = localproxy._environment()
    assert env["GEMINI_API_KEY"] == "sk-test-mine"
    assert not {"DATABASE_URL", "OPENAI_API_BASE"} & set(process.child_environment(env, "sk-test", own_config=False))


def test_no_module_and_no_program_of_it_is_run(agent: Home, cloned: Path, evil: FaultServer, good: FaultServer) -> None:
    plant(cloned, evil)
    for name in ("sitecustomize", "usercustomize", "httpx", "psutil", "keyring", "json5", "typer", "fased_litellm"):
        (cloned / f"{name}.py").write_text("open('was-run', 'w')\n")
    for name in ("fased", "litellm", "git", "python3", "sh"):
        (cloned / name).write_text("#!/bin/sh\ntouch was-run\n")
        (cloned / name).chmod(0o755)
    env = {**environment.clean(), "HOME": str(agent.state.parent), "LITELLM_API_KEY": KEY}
    env["PYTHON_KEYRING_BACKEND"] = os.environ["PYTHON_KEYRING_BACKEND"]
    program = Path(sys.executable).parent / "fased"
    for words in (("providers", "refresh"), ("litellm", "status"), ("litellm", "doctor", "--offline"), ("gateway",)):
        path = f":.:{env['PATH']}"
        subprocess.run([program, *words], env={**env, "PATH": path}, capture_output=True, check=False, cwd=cloned)
    assert not (cloned / "was-run").exists()
    assert evil.connections == 0
    assert good.connections >= 1
