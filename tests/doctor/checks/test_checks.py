from __future__ import annotations

import json
import os
import stat
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.cli import main
from fased_litellm.doctor.checks import key, proxy
from fased_litellm.doctor.checks.examine import Examination, examine
from fased_litellm.doctor.checks.fixes import mends
from fased_litellm.doctor.checks.subject import Subject
from fased_litellm.paths import Paths
from fased_litellm.schemas import schemas
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.servers import HANG, FaultServers, answer_json
from tests.usage.samples import sample

URL = "http://127.0.0.1:4000"
WHOLE = {
    "id": "default",
    "name": "Default",
    "contextWindow": 128_000,
    "maxTokens": 8_000,
    "cost": {"input": 1, "output": 2},
    "compat": {"supportsUsageInStreaming": True},
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "state").mkdir(mode=0o700)
    return Paths.from_env({"HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")})


def configured(paths: Paths, *models: dict[str, Any], primary: str = "litellm/default", **provider: Any) -> None:
    entry = {"baseUrl": URL + "/v1", "request": {"allowPrivateNetwork": True}, "models": list(models), **provider}
    config = {"models": {"providers": {"litellm": entry}}, "agents": {"defaults": {"model": {"primary": primary}}}}
    paths.config.write_text(json.dumps(config))
    paths.config.chmod(0o600)


def known(paths: Paths, *ids: str, days: float = 0) -> None:
    models = tuple(ModelFacts(name, mode="chat") for name in ids)
    cache.save(paths, Catalog(base_url=URL, fetched_at=datetime.now(UTC) - timedelta(days=days), models=models))


def examined(paths: Paths, **env: str) -> Examination:
    return examine(paths, {"HOME": str(paths.home), "LITELLM_API_KEY": "sk-test-key", **env}, offline=True)


def codes(paths: Paths, **env: str) -> set[str]:
    # What is set in the environment is told always.
    return {finding.code for finding in examined(paths, **env).findings} - {"environment"}


def test_a_good_installation_has_no_findings(paths: Paths) -> None:
    configured(paths, WHOLE)
    known(paths, "default")
    found = examined(paths)
    assert {finding.code for finding in found.findings} == {"environment"}
    assert found.ok


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"compat": {}}, "definition-usage"),
        ({"contextWindow": None}, "definition-window"),
        ({"contextWindow": 4096}, "definition-small"),
        ({"maxTokens": None}, "definition-limit"),
        ({"cost": None}, "definition-price"),
        ({"cost": {"input": 0, "output": 0}}, "definition-price"),
    ],
)
def test_definitions(paths: Paths, changes: dict[str, Any], code: str) -> None:
    configured(paths, {name: value for name, value in {**WHOLE, **changes}.items() if value is not None})
    known(paths, "default")
    assert codes(paths) == {code}


@pytest.mark.parametrize(
    ("provider", "found"),
    [
        ({"baseUrl": URL + "/v1/models"}, {"base-url-form"}),
        ({"baseUrl": URL + "/"}, {"base-url-form"}),
        ({"request": {"allowPrivateNetwork": False}}, {"private-network"}),
        ({"baseUrl": "http://proxy.example.com:4000"}, {"plain-http", "private-network-unneeded", "catalog-missing"}),
        ({"baseUrl": "https://proxy.example.com", "request": {"allowPrivateNetwork": False}}, {"catalog-missing"}),
        ({"baseUrl": "ftp://x"}, {"base-url"}),
    ],
)
def test_addresses(paths: Paths, provider: dict[str, Any], found: set[str]) -> None:
    configured(paths, WHOLE, **provider)
    known(paths, "default")
    assert codes(paths) == found


def test_models_that_are_gone_and_a_catalog_that_is_old(paths: Paths) -> None:
    configured(paths, WHOLE, primary="litellm/strng")
    known(paths, "default", "strong", days=40)
    found = {finding.code: finding for finding in examined(paths).findings}
    assert found["model-vanished"].severity == "error"
    assert found["model-vanished"].command == "fased models set litellm/strong"
    assert "catalog-old" in found


def test_keys(paths: Paths) -> None:
    configured(paths, WHOLE)
    known(paths, "default")
    assert codes(paths, LITELLM_API_KEY="") == {"key-missing"}
    assert codes(paths, LITELLM_API_KEY="other-form-of-a-key") == {"key-form"}
    assert codes(paths, LITELLM_MASTER_KEY="sk-test-master") == {"master-key-in-environment"}
    configured(paths, WHOLE, apiKey="sk-test-plain-in-config")
    assert codes(paths, LITELLM_API_KEY="") == {"key-in-config"}
    configured(paths, WHOLE, apiKey="${LITELLM_API_KEY}")
    assert codes(paths) == set()


def test_a_config_that_does_not_hold(paths: Paths) -> None:
    paths.config.write_text("{ oops")
    paths.config.chmod(0o600)
    assert codes(paths) == {"config-syntax"}
    paths.config.write_text('{models: {providers: {litellm: {baseUrl: "", models: []}}}}')
    assert codes(paths) == {"config-invalid"}


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_permissions_are_found_and_mended(paths: Paths) -> None:
    configured(paths, WHOLE, {**WHOLE, "id": "other", "compat": {"supportsStore": False}})
    known(paths, "default")
    paths.config.chmod(0o644)
    paths.state.chmod(0o777)
    backup = paths.config.with_name("fased.json.bak")
    backup.write_text("{}")
    backup.chmod(0o666)
    found = examined(paths)
    open_files = {
        Path(str(finding.file)).name: finding.severity for finding in found.findings if finding.code == "file-open"
    }
    assert open_files == {"fased.json": "warning", "fased.json.bak": "error"}
    assert {finding.code for finding in found.findings} >= {"folder-open", "definition-usage"}
    for mend in mends(found.subject):
        mend.do()
    assert codes(paths) == set()
    assert stat.S_IMODE(paths.config.stat().st_mode) == 0o600
    compat = json.loads(paths.config.read_text())["models"]["providers"]["litellm"]["models"][1]["compat"]
    assert compat == {"supportsStore": False, "supportsUsageInStreaming": True}
    assert mends(examined(paths).subject) == []


def test_a_second_fallback_is_an_error_that_can_be_mended(paths: Paths) -> None:
    configured(paths, WHOLE, {**WHOLE, "id": "other", "compat": {}})
    known(paths, "default", "other")
    config = json.loads(paths.config.read_text())
    both = ["litellm/default", "litellm/other"]
    config["agents"]["defaults"] |= {"model": {"fallbacks": both}, "imageModel": {"primary": "x/y", "fallbacks": both}}
    config["agents"]["list"] = [{"id": "main"}, {"id": "ops", "model": {"primary": "litellm/other", "fallbacks": both}}]
    config["agents"]["defaults"]["subagents"] = {"model": {"fallbacks": both}}
    config["agents"]["list"][0]["modelProviders"] = {"litellm": {"fallbacks": both}}
    paths.config.write_text(json.dumps(config))
    found = [finding for finding in examined(paths).findings if finding.code == "config-invalid"]
    assert [(finding.severity, finding.command) for finding in found] == [("error", "fased litellm doctor --fix")] * 5
    assert all("At most one fallback is allowed" in finding.message for finding in found)
    (mend,) = mends(examined(paths).subject)
    mend.do()
    after = json.loads(paths.config.read_text())["agents"]
    assert after["defaults"]["model"] == {"fallbacks": both[:1]}
    assert after["defaults"]["imageModel"] == {"primary": "x/y", "fallbacks": both[:1]}
    assert after["list"][1]["model"] == {"primary": "litellm/other", "fallbacks": both[:1]}
    assert after["defaults"]["subagents"]["model"] == {"fallbacks": both[:1]}
    assert after["list"][0]["modelProviders"] == {"litellm": {"fallbacks": both[:1]}}
    assert "config-invalid" not in codes(paths)
    assert mends(examined(paths).subject) == []


def test_the_ledger(paths: Paths) -> None:
    configured(paths, WHOLE)
    known(paths, "default")
    with Ledger(paths.ledger) as ledger:
        ledger.record(sample("c1", proxy_version="1.82.8"))
    assert "malicious-release" in codes(paths)
    paths.ledger.with_name("usage.spool.jsonl.bad").write_text("x\n")
    paths.ledger.with_name("usage.sqlite3.damaged-20261122T000000Z").write_text("x")
    assert codes(paths) >= {"ledger-bad-lines", "ledger-set-aside"}
    spool = Spool.beside(paths.ledger)
    spool.append(sample("c2", started_at_ms=time.time_ns() // 1_000_000 - 60_000, latency_ms=59_000.0))
    assert "ledger-waiting" not in codes(paths)
    spool.append(sample("c3", started_at_ms=time.time_ns() // 1_000_000 - 60_000))
    assert "ledger-waiting" in codes(paths)
    spool.path.write_text("x\n")
    assert "ledger-waiting" in codes(paths)
    os.truncate(paths.ledger, 100)
    for name in ("-wal", "-shm"):
        paths.ledger.with_name(paths.ledger.name + name).unlink(missing_ok=True)
    assert "ledger-damaged" in codes(paths)


def test_the_file_of_the_malicious_release_is_found(paths: Paths) -> None:
    configured(paths, WHOLE)
    known(paths, "default")
    folder = paths.home / ".local/share/pipx/venvs/litellm/lib/python3.12/site-packages"
    folder.mkdir(parents=True)
    (folder / "litellm_init.pth").write_text("import os\n")
    found = {finding.code: finding for finding in examined(paths).findings}
    assert found["planted-file"].severity == "error"
    assert str(folder) in found["planted-file"].message


def test_values_of_variables_are_never_told(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(paths, WHOLE)
    known(paths, "default")
    monkeypatch.setenv("FASED_STATE_DIR", str(paths.state))
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-value-of-the-key")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example")
    assert main(["litellm", "doctor", "--no-network"]) == 0
    shown = capsys.readouterr().out
    assert "LITELLM_API_KEY, FASED_STATE_DIR, HTTPS_PROXY" in shown
    assert "value-of-the-key" not in shown
    assert "hunter2" not in shown


def test_the_json_is_as_its_schema_says(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(paths, {**WHOLE, "compat": {}})
    monkeypatch.setenv("FASED_STATE_DIR", str(paths.state))
    assert main(["litellm", "doctor", "--no-network", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schemas()["examination.schema.json"]).validate(document)
    assert main(["litellm", "doctor", "--no-network", "--fix", "--json"]) == 2
    capsys.readouterr()
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-key")
    assert main(["litellm", "doctor", "--no-network", "--fix", "--yes", "--json"]) == 0
    fixed = json.loads(capsys.readouterr().out)
    Draft202012Validator(schemas()["examination.schema.json"]).validate(fixed)
    assert len(fixed["fixed"]) == 1


def test_a_proxy_that_falls_silent_is_not_waited_for_longer_than_the_first_answer(
    paths: Paths, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "TIMEOUT_S", 0.3)
    ready = answer_json(200, {"status": "healthy"}, {"connection": "close"})
    server = fault_server([ready], [HANG])
    configured(paths, WHOLE, baseUrl=server.url)
    found = examine(paths, {"HOME": str(paths.home), "LITELLM_API_KEY": "sk-test-key"})
    (silent,) = [finding for finding in found.findings if finding.code == "proxy-unreachable"]
    assert "within 0.3 s" in silent.message
    assert server.connections == 2


@pytest.mark.parametrize(("stored", "ending"), [(True, ""), (False, " --key-storage profile")])
def test_the_command_for_a_virtual_key_works_where_the_key_is(paths: Paths, stored: bool, ending: str) -> None:
    configured(paths, WHOLE, **({"apiKey": "sk-test-in-config"} if stored else {}))
    env = {"HOME": str(paths.home), **({} if stored else {"LITELLM_API_KEY": "sk-test-key"})}
    (found,) = key.kind("master", Subject(paths, env, True))
    assert found.command == f"fased litellm keys create --use{ending}"


def test_a_command_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path) -> None:
    (tmp_path / "my state").mkdir(mode=0o700)
    paths = Paths.from_env({"HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "my state")})
    configured(paths, WHOLE)
    paths.config.chmod(0o644)
    (found,) = [finding for finding in examined(paths).findings if finding.code == "file-open"]
    assert found.command == f"chmod 600 '{paths.config}'"
