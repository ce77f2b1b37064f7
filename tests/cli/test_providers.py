from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from fased_litellm.schemas import schemas
from tests.cli import proxied
from tests.cli.proxied import DISCOVERY, Home
from tests.servers import FaultServers, answer_json, free_port


@pytest.fixture
def home(
    home: Path, capsys: pytest.CaptureFixture[str], fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> Home:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-providers")
    return proxied.make(home, capsys, fault_server(DISCOVERY).url)


def test_refresh_changes_the_kept_list_alone(home: Home) -> None:
    before = home.config.read_text()
    out = home.ok("providers", "refresh")
    assert "no central catalog" in out
    assert "2 discovered · 1 additions" in out
    assert "change default: contextWindow 100000 -> 200000, maxTokens 5 -> 32000" in out
    assert "vanished litellm/gone, used by agents.defaults.model.fallbacks[0]" in out
    assert home.config.read_text() == before
    assert len(list((home.state / "litellm" / "catalog").iterdir())) == 1


def test_refresh_json(home: Home) -> None:
    report = home.json("providers", "refresh")
    jsonschema.validate(report, schemas()["refresh-report.schema.json"])
    assert report["routes"][0]["additions"] == ["cheap"]
    assert report["applied"] is False
    assert report["writtenModels"] == []
    assert home.json("providers", "refresh", "--apply")["writtenModels"] == ["cheap"]


def test_dry_run_writes_nothing_at_all(home: Home) -> None:
    before = home.config.read_text()
    out = home.ok("providers", "refresh", "--apply", "--dry-run", "--write-review", "r.patch")
    assert "+++ " in out
    assert home.config.read_text() == before
    assert not Path("r.patch").exists()
    assert [entry.name for entry in home.state.iterdir()] == ["fased.json"]
    assert "'cheap'" in home.json("providers", "refresh", "--apply", "--dry-run")["review"]


def test_apply_keeps_the_rest_and_is_done_once(home: Home) -> None:
    out = home.ok("providers", "refresh", "--apply")
    assert "Provider registry updated." in out
    text = home.config.read_text()
    assert "// the proxy, with a comment" in text
    assert "name: 'Mine', contextWindow: 200000" in text
    assert "id: 'cheap'" in text
    assert "embed" not in text
    assert "Provider registry already matched" in home.ok("providers", "refresh", "--apply")
    assert home.config.read_text() == text


def test_write_review_has_a_default_name(home: Home) -> None:
    out = home.ok("providers", "refresh", "--write-review", "--json")
    assert "Review patch" not in out
    assert "id: 'cheap'" in Path("provider-refresh.review.patch").read_text()
    assert "Review patch written: other.patch" in home.ok("providers", "refresh", "--write-review", "other.patch")
    assert Path("other.patch").stat().st_mode & 0o777 == 0o600


def test_a_review_file_holds_no_key_even_one_that_stands_twice(home: Home) -> None:
    twice = """    apiKey: 'sk-test-overruled-0123456789',
    apiKey: 'sk-test-in-force-0123456789',
    models: ["""
    home.config.write_text(home.config.read_text().replace("    models: [", twice, 1))
    home.ok("providers", "refresh", "--write-review")
    review = Path("provider-refresh.review.patch").read_text()
    assert "apiKey" in review  # the lines are in what the diff shows around the change
    assert "0123456789" not in review


def test_named_models_must_exist(home: Home) -> None:
    status, _, err = home.run("providers", "refresh", "--apply", "--model", "chaep")
    assert status == 1
    assert "litellm/cheap" in err


def test_no_network(home: Home) -> None:
    report = home.json("providers", "refresh", "--no-network")
    assert report["source"] == "local registry"
    assert report["routes"][0]["discoveredModels"] == ["default"]
    assert report["vanishedRefs"] == []


def test_from_file(home: Home) -> None:
    Path("s.json").write_text(json.dumps({"providers": {"litellm": {"models": ["one"]}}}))
    report = home.json("providers", "refresh", "--from-file", "s.json")
    assert report["source"] == "s.json"
    assert report["routes"][0]["additions"] == ["one"]
    Path("s.json").write_text("{")
    assert home.run("providers", "refresh", "--from-file", "s.json")[0] == 1
    assert home.run("providers", "refresh", "--from-file", "none.json")[0] == 1
    assert home.run("providers", "refresh", "--from-file", "s.json", "--no-network")[0] == 2


def test_without_a_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LITELLM_API_KEY")
    route = home.json("providers", "refresh")["routes"][0]
    assert (route["missingSource"], route["missingSourceReason"]) == (True, "credential-missing")
    before = home.config.read_text()
    assert home.run("providers", "refresh", "--apply")[0] == 1
    assert home.config.read_text() == before


def test_a_proxy_that_is_away(home: Home) -> None:
    home.ok("providers", "refresh")
    home.config.write_text(proxied.TEXT.replace("URL", f"http://127.0.0.1:{free_port()}"))
    status, out, _ = home.run("providers", "refresh", "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "connect-failed"


def test_a_refused_key(home: Home, fault_server: FaultServers) -> None:
    refusal = {"error": {"message": "Authentication Error", "type": "auth_error", "code": "401"}}
    home.config.write_text(proxied.TEXT.replace("URL", fault_server([answer_json(401, refusal)]).url))
    status, out, _ = home.run("providers", "refresh", "--json")
    error = json.loads(out)["error"]
    assert (status, error["status"], error["origin"]) == (1, 401, "caller-key")


def test_manual_entries(home: Home) -> None:
    saved = home.ok(
        "providers", "models", "add", "--provider", "litellm", "--model", "My/One", "--json", "--vision",
        "--context-window", "3000",
    )  # fmt: skip
    assert saved == "Model saved: litellm/My/One\n"
    text = home.config.read_text()
    assert "// the proxy, with a comment" in text
    assert "supportsUsageInStreaming: true" in text
    assert "cost" not in text
    assert home.ok("providers", "models", "list") == "litellm/default\nlitellm/My/One\n"
    home.ok("providers", "models", "add", "--provider", "litellm", "--model", "my/one", "--max-tokens", "100")
    assert home.ok("providers", "models", "list", "--provider", "litellm").count("\n") == 2
    assert home.ok("providers", "models", "list", "--provider", "nope") == ""
    removed = home.ok("providers", "models", "delete", "--provider", "litellm", "--model", "My/One")
    assert removed == "Model removed: litellm/My/One\n"
    assert home.config.read_text() == proxied.TEXT.replace("URL", _url(home))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "--provider", "x", "--model", "m"],
         'Provider "x" is not configured. Pass --base-url or configure the provider first.'),
        (["add", "--provider", "litellm", "--model", "m", "--context-window", "0"],
         "--context-window must be a positive integer."),
        (["remove", "--provider", "x", "--model", "m"], 'Provider "x" is not configured.'),
        (["remove", "--provider", "litellm", "--model", "m"], 'Model "litellm/m" is not configured.'),
    ],
)  # fmt: skip
def test_manual_entries_refused(home: Home, words: list[str], message: str) -> None:
    before = home.config.read_text()
    status, _, err = home.run("providers", "models", *words)
    assert (status, err.splitlines()[0]) == (1, message)
    assert home.config.read_text() == before


def test_a_provider_made_by_hand_works_on_this_machine(home: Home) -> None:
    home.config.write_text("{}")
    url = "http://localhost:4000/v1/"
    home.ok("providers", "models", "add", "--provider", "litellm", "--model", "m", "--base-url", url)
    tree = home.config.read_text()
    assert "http://localhost:4000/v1" in tree
    assert "allowPrivateNetwork" in tree
    assert "openai-completions" in tree


def test_connect(home: Home) -> None:
    status, _, err = home.run("providers", "connect", "openai")
    assert status == 2
    assert "Node agent" in err
    status, _, err = home.run("providers", "connect", "litellm")
    assert (status, err.splitlines()[0]) == (1, "providers connect requires an interactive TTY.")


def _url(home: Home) -> str:
    return home.config.read_text().partition("baseUrl: '")[2].partition("'")[0]
