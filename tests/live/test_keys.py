"""Virtual keys at a real proxy: made, used, spent, explained, rotated; and a proxy that can have none."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.admin import KeyAdmin
from fased_litellm.schemas import schemas
from tests.live.proxies import Proxy

Run = Callable[..., Any]


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with --json; gives its document and asserts its exit status."""
    monkeypatch.setenv("FASED_STATE_DIR", str(home / "state"))

    def command(*words: str, status: int = 0) -> Any:
        capsys.readouterr()
        found = main([*words, "--json"])
        printed = capsys.readouterr()
        assert found == status, printed.out + printed.err
        return json.loads(printed.out)

    return command


@pytest.fixture
def admin(proxy: Proxy) -> Iterator[KeyAdmin]:
    with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
        yield KeyAdmin(client)


@pytest.fixture
def alias(admin: KeyAdmin) -> Iterator[str]:
    """A name for a key, which is deleted in the end whatever became of it."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    for key in [key for key in admin.all() if key.alias and key.alias.startswith(name)]:
        admin.delete(key.token)


@pytest.fixture
def onboarded(proxy: Proxy, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", proxy.master_key)
    flags = ["--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk", "--key-storage", "profile"]
    run("onboard", *flags, "--litellm-api-key", proxy.master_key, "--custom-base-url", proxy.url)


def validate(document: Any, schema: str) -> None:
    Draft202012Validator(schemas()[f"{schema}.schema.json"]).validate(document)


def stored(home: Path) -> str:
    profiles = json.loads((home / "state" / "agents" / "main" / "agent" / "auth-profiles.json").read_text())
    return str(profiles["profiles"]["litellm:default"]["key"])


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


@pytest.mark.database
@pytest.mark.usefixtures("onboarded")
def test_made_used_spent_explained_and_rotated(run: Run, home: Path, alias: str, proxy: Proxy) -> None:
    made = run(
        "litellm",
        "keys",
        "create",
        "--alias",
        alias,
        "--max-budget",
        "0.001",
        "--budget-duration",
        "monthly",
        "--use",
        "--yes",
    )
    assert made["used"] is True
    assert "key" not in made
    assert made["budgetDuration"] == "30d"
    assert made["budgetResetAt"].endswith("-01T00:00:00Z")
    validate(made, "virtual-key-made")
    first = stored(home)
    assert first.startswith("sk-")
    assert first != proxy.master_key
    assert made["stored"]["masked"] in f"sk-…{first[-4:]}"

    # The check has spent something; two calls more are beyond the budget, once the proxy has counted them.
    errors: list[dict[str, Any]] = []

    def refused() -> bool:
        status = main(["litellm", "chat", "hi", "--model", "litellm/default", "--json", "--no-stream"])
        if status:
            errors.append(run("litellm", "chat", "hi", "--model", "litellm/default", status=1)["error"])
        return bool(status)

    eventually(refused, "the budget was never exceeded")
    assert errors[-1]["cause"] == "budget-exceeded"
    assert errors[-1]["origin"] == "caller-key"
    assert f"The budget of the key {alias}: $0.0" in errors[-1]["hint"]
    assert "of $0.001 spent. It resets on 20" in errors[-1]["hint"]
    assert f"fased litellm keys update {alias} --max-budget" in errors[-1]["hint"]

    def written() -> bool:
        seen = run("litellm", "keys", "info")
        validate(seen, "virtual-key")
        return bool(seen["spentUsd"] >= seen["maxBudgetUsd"])

    eventually(written, "the proxy never wrote what was spent")

    run("litellm", "keys", "update", alias, "--max-budget", "5")
    eventually(
        lambda: main(["litellm", "chat", "hi", "--model", "litellm/default", "--no-stream", "--json"]) == 0,
        "a raised budget did not count",
    )
    spent = run("litellm", "keys", "info")["spentUsd"]

    rotated = run("litellm", "keys", "rotate", "--yes")
    validate(rotated, "virtual-key-made")
    assert rotated["oldDeleted"] is True
    assert "key" not in rotated
    second = stored(home)
    assert second != first
    assert run("litellm", "chat", "hi", "--model", "litellm/default")["receipt"]["costUsd"] > 0
    after = run("litellm", "keys", "info")
    assert (after["alias"], after["maxBudgetUsd"]) == (alias, 5.0)
    assert after["spentUsd"] >= spent
    assert proxy.get("/v1/models", key=first)[0] == 401


@pytest.mark.database
@pytest.mark.usefixtures("onboarded")
def test_a_key_is_managed_by_its_name(run: Run, alias: str, proxy: Proxy) -> None:
    made = run(
        "litellm",
        "keys",
        "create",
        "--alias",
        alias,
        "--models",
        "default",
        "--rpm",
        "9",
        "--expires",
        "1h",
        "--reveal",
    )
    assert proxy.get("/v1/models", key=made["key"])[0] == 200
    assert (made["models"], made["rpmLimit"]) == (["default"], 9)

    again = run("litellm", "keys", "create", "--alias", alias, "--reveal", status=1)
    assert again["error"]["code"] == "key-admin"
    assert "already" in again["error"]["message"]

    run("litellm", "keys", "block", alias, "--yes")
    assert run("litellm", "keys", "info", alias)["blocked"] is True
    run("litellm", "keys", "unblock", alias)
    assert run("litellm", "keys", "info", made["token"])["blocked"] is False
    assert any(key["alias"] == alias for key in run("litellm", "keys", "list")["keys"])
    near = run("litellm", "keys", "info", alias + "x", status=1)["error"]
    assert alias in near["hint"]
    assert run("litellm", "keys", "delete", alias, "--yes")["deleted"] is True
    assert run("litellm", "keys", "info", alias, status=1)["error"]["code"] == "key-admin"


@pytest.mark.database
@pytest.mark.usefixtures("onboarded")
def test_a_key_that_answers_nothing_is_not_used(run: Run, home: Path, alias: str, admin: KeyAdmin) -> None:
    before = stored(home)
    refused = run("litellm", "keys", "create", "--alias", alias, "--max-budget", "0", "--use", "--yes", status=1)
    assert refused["error"]["cause"] == "budget-exceeded"
    assert "deleted again" in refused["error"]["hint"]
    assert stored(home) == before
    assert not [key for key in admin.all() if key.alias == alias]


@pytest.mark.database
@pytest.mark.usefixtures("onboarded")
def test_a_key_of_the_environment_is_not_replaced(
    run: Run, alias: str, admin: KeyAdmin, proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.unlink(home / "state" / "agents" / "main" / "agent" / "auth-profiles.json")
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    refused = run("litellm", "keys", "create", "--alias", alias, "--use", "--yes", status=2)
    assert "LITELLM_API_KEY" in refused["error"]["message"]
    assert not [key for key in admin.all() if key.alias == alias]


@pytest.mark.parametrize("given", ["nodb_proxy", "own_proxy"])
def test_a_proxy_without_a_database_has_no_keys(
    run: Run, given: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodb_proxy: Proxy = request.getfixturevalue(given)
    monkeypatch.setenv("LITELLM_BASE_URL", nodb_proxy.url)
    monkeypatch.setenv("LITELLM_MASTER_KEY", nodb_proxy.master_key)
    for words in (["create", "--reveal"], ["list"], ["info", "fased"]):
        refused = run("litellm", "keys", *words, status=1)["error"]
        assert "no database" in refused["message"]


@pytest.mark.database
@pytest.mark.usefixtures("onboarded")
def test_a_budget_that_is_nearly_spent_is_told_by_the_receipt_and_at_a_glance(
    run: Run, alias: str, proxy: Proxy
) -> None:
    made = proxy.post("/key/generate", {"key_alias": alias, "max_budget": 50, "budget_duration": "30d", "spend": 42.5})
    run("litellm", "key", "set", "--key", made["key"])
    [warning] = run("litellm", "chat", "hi", "--model", "litellm/default")["receipt"]["warnings"]
    assert warning.startswith("This key has spent about 85% of its budget at the proxy, $50.00.")
    [note] = [note for note in run()["notes"] if "of its budget at the proxy" in note]
    assert note.startswith("The key has spent 85% of its budget at the proxy, $42.50 of $50.00; it resets on ")
