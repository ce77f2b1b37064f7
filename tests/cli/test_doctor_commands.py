"""Commands that the doctor prints, run on this machine: the finding is gone. Those which need a proxy are in tests/live."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.catalog import cache
from fased_litellm.cli import main
from fased_litellm.keys import storage
from fased_litellm.paths import Paths
from tests.keys.standin import KEY, StandIn


class Doctor:
    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state, self._capsys = home / ".fased", capsys
        self.state.mkdir(mode=0o700)
        self.config = self.state / "fased.json"

    def configure(self, url: str, **entry: Any) -> None:
        document = {"models": {"providers": {"litellm": {"baseUrl": f"{url}/v1", **entry, "models": []}}}}
        self.config.write_text(json.dumps(document))
        self.config.chmod(0o600)

    def findings(self) -> dict[str, dict[str, Any]]:
        self._capsys.readouterr()
        main(["litellm", "doctor", "--json"])
        return {found["code"]: found for found in json.loads(self._capsys.readouterr().out)["findings"]}

    def follow(self, code: str) -> str:
        """Run the command beside a finding; give it, when the finding is gone."""
        command: str = self.findings()[code]["command"]
        words = shlex.split(command)
        if words[0] == "fased":
            assert main(words[1:]) == 0, self._capsys.readouterr()
        else:
            subprocess.run(words, check=True, env={"PATH": os.defpath})
        assert code not in self.findings()
        return command


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default"]) as standin:
        yield standin


@pytest.fixture
def doctor(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    monkeypatch.setenv("PATH", "/nonexistent")
    return Doctor(home, capsys)


def test_a_key_in_the_config_goes_where_this_machine_can_keep_it(
    doctor: Doctor, proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITELLM_API_KEY")
    doctor.configure(proxy.url, apiKey=KEY, request={"allowPrivateNetwork": True})
    with monkeypatch.context() as patch:
        patch.setattr(storage.Keyring, "program", lambda _: "/usr/bin/fased-litellm")
        assert doctor.findings()["key-in-config"]["command"] == "fased litellm key move --to keyring"
    # There is no keyring here.
    assert doctor.follow("key-in-config") == "fased litellm key move --to profile"
    assert KEY not in doctor.config.read_text()


def test_a_permission_for_private_addresses_that_is_not_needed(doctor: Doctor) -> None:
    doctor.configure("https://192.0.2.1.example", request={"allowPrivateNetwork": True})
    doctor.follow("private-network-unneeded")


def test_files_and_folders_that_others_may_use(doctor: Doctor, proxy: StandIn) -> None:
    doctor.configure(proxy.url, request={"allowPrivateNetwork": True})
    for mode in (0o644, 0o666):
        doctor.config.chmod(mode)
        doctor.follow("file-open")
    doctor.state.chmod(0o777)
    doctor.follow("folder-open")


@pytest.mark.parametrize("days", [None, 40])
def test_a_list_that_is_old_or_was_never_asked_for(doctor: Doctor, proxy: StandIn, days: int | None) -> None:
    doctor.configure(proxy.url, request={"allowPrivateNetwork": True})
    if days is None:
        doctor.follow("catalog-missing")
        return
    assert main(["providers", "refresh"]) == 0
    paths = Paths.from_env(os.environ)
    path = cache.file_of(paths, proxy.url)
    kept = json.loads(path.read_text())
    kept["fetchedAt"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    path.write_text(json.dumps(kept))
    doctor.follow("catalog-old")
