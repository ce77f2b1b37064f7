"""Keys in a real Secret Service on a private D-Bus, and the program by which the Node agent reads them.

Needs ``gnome-keyring`` and ``dbus`` (Debian's names). Without them the tests are skipped, or fail with
``FASED_TEST_REQUIRE_KEYRING=1``.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import json5
import pytest

from fased_litellm.paths import Paths
from fased_litellm.secrets import ownprogram
from tests import environment
from tests.keys.standin import KEY, StandIn
from tests.live import secretservice
from tests.live.secretservice import SecretService

NEW = "sk-test-new-00000002"
USER = "main/litellm:default"
ROOT = Path(__file__).parents[2]
ONBOARD = (
    "onboard",
    "--auth-choice",
    "litellm-api-key",
    "--non-interactive",
    "--accept-risk",
    "--litellm-api-key",
    KEY,
)
PROGRAM = ownprogram.find()


@pytest.fixture(autouse=True)
def _installed() -> None:
    missing = secretservice.missing() or ([] if PROGRAM else [ownprogram.PROGRAM])
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed"
    if environment.FOUND.get("FASED_TEST_REQUIRE_KEYRING") == "1":
        pytest.fail(f"{reason}, and FASED_TEST_REQUIRE_KEYRING=1", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def service(home: Path) -> Iterator[SecretService]:
    with secretservice.started(home) as service:
        yield service


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default"]) as proxy:
        yield proxy


class Here:
    """The program as a person starts it, with a home and a session."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self.state, self.env = home / ".fased", dict(env)

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        assert PROGRAM is not None
        return subprocess.run(
            [PROGRAM, *words],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *words: str, **env: str) -> Any:
        done = self.run(*words, "--json", **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def error(self, *words: str, **env: str) -> Any:
        done = self.run(*words, "--json", **env)
        assert done.returncode == 1, done.stdout + done.stderr
        return json.loads(done.stdout)["error"]

    def onboard(self, proxy: StandIn, *words: str, **env: str) -> Any:
        return self.ok(*ONBOARD, "--custom-base-url", proxy.url, *words, **env)

    def holds(self, key: str) -> list[Path]:
        return [path for path in self.state.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


@pytest.fixture
def here(home: Path, service: SecretService) -> Here:
    return Here(home, service.env)


def as_the_node_agent_does(here: Here, *ids: str, env: Mapping[str, str] | None = None) -> Any:
    """Start the configured program: checked as Fased checks it, with nothing around it but ``passEnv``."""
    config = json5.loads((here.state / "fased.json").read_text())
    ((alias, entry),) = config["secrets"]["providers"].items()
    command = entry["command"]
    found = os.lstat(command)
    assert os.path.isabs(command)
    assert stat.S_ISREG(found.st_mode)
    assert found.st_uid == os.getuid()
    assert not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    outer = here.env if env is None else env
    done = subprocess.run(
        [command, *entry["args"]],
        cwd=os.path.dirname(command),
        env={name: outer[name] for name in entry["passEnv"] if name in outer},
        input=json.dumps({"protocolVersion": 1, "provider": alias, "ids": list(ids)}),
        capture_output=True,
        text=True,
        timeout=entry["timeoutMs"] / 1000,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["protocolVersion"] == 1
    return answer


def test_a_key_goes_round(here: Here, service: SecretService, proxy: StandIn) -> None:
    document = here.onboard(proxy)
    assert document["keyStorage"] == "keyring"
    assert service.entries() == {("fased-litellm", USER): KEY}
    assert here.holds(KEY) == []
    assert here.ok("litellm", "key", "show")["storage"] == "keyring"
    proxy.key = NEW
    here.ok("litellm", "key", "set", "--from-env", "FRESH", FRESH=NEW)
    assert service.entries() == {("fased-litellm", USER): NEW}
    assert here.ok("providers", "refresh")
    here.ok("litellm", "key", "move", "--to", "profile")
    assert service.entries() == {}
    assert len(here.holds(NEW)) == 1
    here.ok("litellm", "key", "move", "--to", "keyring")
    assert here.holds(NEW) == []
    here.ok("litellm", "key", "delete", "--yes")
    assert service.entries() == {}


def test_the_node_agent_reads_the_key(here: Here, proxy: StandIn) -> None:
    here.onboard(proxy)
    answer = as_the_node_agent_does(here, USER, "litellm/none")
    assert answer["values"] == {USER: KEY}
    assert list(answer["errors"]) == ["litellm/none"]
    assert answer["errors"]["litellm/none"]["message"]


def test_the_provider_runs_the_program_of_another_installation(here: Here, proxy: StandIn, home: Path) -> None:
    here.onboard(proxy)
    path = here.state / "fased.json"
    assert PROGRAM is not None
    other = home / "fased-litellm"
    other.write_text(f'#!/bin/sh\nexec {PROGRAM} "$@"\n')
    other.chmod(0o700)
    path.write_text(path.read_text().replace(PROGRAM, str(other)))
    document = here.ok("litellm", "key", "show")
    assert (document["storage"], document["masked"]) == ("keyring", "sk-…0001")


def test_a_locked_keyring_is_an_answer_and_no_dialogue(here: Here, service: SecretService, proxy: StandIn) -> None:
    here.onboard(proxy)
    service.lock()
    answer = as_the_node_agent_does(here, USER)
    assert answer["values"] == {}
    assert answer["errors"] == {USER: {"message": "The keyring is locked."}}
    assert "The keyring is locked" in here.error("litellm", "key", "show")["message"]
    error = here.error("litellm", "key", "set", "--key", NEW, "--skip-health")
    assert (error["code"], error["trouble"]) == ("keyring", "locked")
    assert "Unlock it" in error["hint"]


def test_onboarding_goes_round_a_locked_keyring(here: Here, service: SecretService, proxy: StandIn) -> None:
    service.lock()
    document = here.onboard(proxy)
    assert document["keyStorage"] == "profile"
    assert any("The keyring is locked" in warning for warning in document["warnings"])
    error = here.error(*ONBOARD, "--custom-base-url", proxy.url, "--key-storage", "keyring")
    assert error["trouble"] == "locked"


def test_without_a_bus_there_is_no_keyring(here: Here, service: SecretService, proxy: StandIn) -> None:
    here.onboard(proxy)
    gone = {**here.env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}
    answer = as_the_node_agent_does(here, USER, env=gone)
    assert answer["errors"] == {USER: {"message": "No OS keyring is available here."}}
    assert "No OS keyring is available here" in here.error("litellm", "key", "show", **gone)["message"]
    document = here.onboard(proxy, "--key-storage", "profile", **gone)
    assert document["keyStorage"] == "profile"
    assert Paths.from_env(here.env).auth_profiles("main") in here.holds(KEY)


def test_a_keyring_that_hangs_is_left_in_time(here: Here, proxy: StandIn) -> None:
    here.onboard(proxy)
    hanging = {"PYTHON_KEYRING_BACKEND": "tests.secrets.keyrings.Hanging", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(PROGRAM), *ownprogram.ARGUMENTS],
        env={**here.env, **hanging},
        input=json.dumps({"protocolVersion": 1, "provider": "x", "ids": [USER, "b"]}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    errors = json.loads(done.stdout)["errors"]
    assert (done.returncode, list(errors)) == (0, [USER, "b"])
    assert "did not answer within" in errors[USER]["message"]
    error = here.error("litellm", "key", "show", **hanging)
    assert "did not answer within 5 s" in error["message"]
    assert here.onboard(proxy, "--agent", "ops", **hanging)["keyStorage"] == "profile"


@pytest.mark.parametrize(
    "request_", ["", "no JSON", "[]", '{"protocolVersion": 2, "ids": []}', '{"protocolVersion": 1}']
)
def test_what_is_no_request_gets_one_document_and_status_1(here: Here, request_: str) -> None:
    done = subprocess.run(
        [str(PROGRAM), *ownprogram.ARGUMENTS],
        env={},
        input=request_,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert document["values"] == {}
    assert document["error"]["message"]


def test_a_request_that_does_not_end_is_not_waited_for(here: Here) -> None:
    with subprocess.Popen(
        [str(PROGRAM), *ownprogram.ARGUMENTS],
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        document = json.loads(process.stdout.read())
        assert process.stderr.read() == b""
        assert process.wait(30) == 1
    assert "did not end within" in document["error"]["message"]
