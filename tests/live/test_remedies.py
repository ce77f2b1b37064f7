"""Each command that the doctor and verify print, run: the finding is gone, or it was no remedy."""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.admin import KeyAdmin
from tests.live.proxies import Proxy

Run = Callable[..., tuple[int, Any]]
LACKING = ({"id": "upstream-reason"}, {"id": "upstream-tool", "contextWindow": 2_000})
COMPAT = {"supportsUsageInStreaming": False}


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command line, split as a shell does; gives exit status and the JSON document where there is one."""
    state = home / "state"
    state.mkdir(mode=0o700)
    monkeypatch.setenv("FASED_STATE_DIR", str(state))

    def command(line: str, *more: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([*shlex.split(line.removeprefix("fased ")), *more])
        out, err = capsys.readouterr()
        out = out if "--json" in more else out + err
        return status, json.loads(out) if "--json" in more else out

    return command


def configure(home: Path, proxy: Proxy, **provider: Any) -> Path:
    path = home / "state" / "fased.json"
    entry = {"baseUrl": f"{proxy.url}/v1", "api": "openai-completions", "request": {"allowPrivateNetwork": True}}
    agents = {"defaults": {"model": {"primary": "litellm/upstream-reason"}}}
    document = {"models": {"providers": {"litellm": {**entry, "models": [], **provider}}}, "agents": agents}
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


def findings(run: Run) -> list[dict[str, Any]]:
    _, document = run("litellm doctor", "--json")
    found: list[dict[str, Any]] = document["findings"]
    return found


CASES: dict[str, dict[str, Any]] = {
    "definition": {"models": [{**entry, "name": entry["id"], "compat": COMPAT} for entry in LACKING]},
    "base-url-form": {"models": []},
    "private-network": {"request": {"allowPrivateNetwork": False}, "models": []},
    "model-vanished": {"models": []},
    "catalog-missing": {"models": []},
}


@pytest.mark.parametrize("case", CASES)
def test_each_command_of_the_doctor_mends_what_it_stands_beside(
    case: str, run: Run, proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    path = configure(home, proxy, **CASES[case])
    if case == "base-url-form":
        path.write_text(path.read_text().replace(f"{proxy.url}/v1", f"{proxy.url}/v1/"))
    if case == "model-vanished":
        path.write_text(path.read_text().replace("litellm/upstream-reason", "litellm/upstream-reson"))
    if case != "catalog-missing":
        run("providers refresh", "--json")
    before = [found for found in findings(run) if found["code"].startswith(case)]
    assert before
    tried = [found for found in before if found["command"] is not None]
    assert tried
    for found in tried:
        # There is no terminal here on which to agree.
        status, said = run(found["command"], *(["--yes"] if found["command"].endswith("--fix") else []))
        assert status == 0 or found["command"].endswith("--fix"), said
        now = findings(run)
        assert found["message"] not in [each["message"] for each in now], found["command"]


def test_what_the_proxy_does_not_know_is_not_to_be_taken_from_it(
    run: Run, proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    configure(home, proxy, **CASES["definition"])
    run("providers refresh", "--json")
    told = {(found["code"], found["command"] is None): found["message"] for found in findings(run)}
    # upstream-reason has limits and a price in the proxy's config, upstream-tool has none.
    assert "upstream-reason" in told["definition-window", False]
    assert "upstream-tool" in told["definition-small", True]
    assert "upstream-tool" in told["definition-limit", True]
    assert "upstream-tool" in told["definition-price", True]
    assert ("definition-usage", False) in told
    run("providers refresh --apply")
    run("litellm doctor --fix", "--yes")
    left = {(found["code"], found["command"]) for found in findings(run) if found["code"].startswith("definition-")}
    assert left
    assert {command for _, command in left} == {None}


@pytest.mark.database
def test_a_master_key_is_left_behind_by_the_command_beside_it(
    run: Run, proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", proxy.master_key)
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    configure(home, proxy)
    (found,) = (found for found in findings(run) if found["code"] == "master-key-in-use")
    monkeypatch.delenv("LITELLM_API_KEY")
    alias = f"test-{uuid.uuid4().hex[:12]}"  # the usual name may be taken at a proxy that others use, too
    try:
        status, said = run(found["command"], "--alias", alias, "--yes")  # there is no terminal here on which to agree
        assert status == 0, said
        assert "master-key-in-use" not in [each["code"] for each in findings(run)]
    finally:
        with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
            admin = KeyAdmin(client)
            for key in admin.all(key_alias=alias):
                admin.delete(key.token)


def test_without_a_database_no_virtual_key_is_recommended(
    run: Run, nodb_proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", nodb_proxy.master_key)
    configure(home, nodb_proxy)
    commands = [found["command"] or "" for found in findings(run)]
    assert not [command for command in commands if "keys create" in command]
    bounded = next(command for command in commands if "budget set" in command)
    assert run(bounded)[0] == 0
    assert "master-key-in-use" not in [found["code"] for found in findings(run)]
