"""``fased usage budget``, and what the chat and the glance say of budgets."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.store.ledger import Ledger
from tests.servers import FaultServers, answer_json
from tests.usage.samples import sample

HELLO = {
    "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20},
}
WHOLE = answer_json(200, HELLO, {"x-litellm-response-cost": "1"})
SET = ("usage", "budget", "set")
LIST = ("usage", "budget", "list")


@pytest.fixture
def own(home: Path) -> Path:
    return home / ".fased" / "litellm"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, status: int = 0) -> tuple[str, str]:
        found = main(list(words))
        out, err = capsys.readouterr()
        assert found == status, err or out
        return out, err

    return run


@pytest.fixture
def document(run: Any) -> Any:
    def document(schema: str, *words: str) -> Any:
        out, err = run(*words, "--json")
        assert err == ""
        found = json.loads(out)
        Draft202012Validator(schemas()[f"{schema}.schema.json"]).validate(found)
        return found

    return document


def spend(own: Path, usd: str | None, call_id: str = "c1", **changes: Any) -> None:
    with Ledger(own / "usage.sqlite3") as ledger:
        cost = None if usd is None else Decimal(usd)
        assert ledger.record(sample(call_id, time.time_ns() // 1_000_000, cost=cost, **changes))


def test_set_list_and_remove(run: Any, own: Path) -> None:
    out, err = run(*LIST)
    assert out == "No budgets. `fased usage budget set --agent main --daily 5` sets one.\n"
    spend(own, "4.5")
    out, err = run(*SET, "--agent", "Main", "--daily", "$5", "--monthly", "50.00", "--action", "stop")
    assert err == ""
    titles, day, month = out.splitlines()
    assert titles.split() == ["Id", "Counts", "Per", "Spent", "Limit", "Used", "Resets", "Then"]
    assert day.split()[:7] == ["1", "agent", "main", "day", "$4.50", "$5.00", "90%"]
    assert month.split()[:7] == ["1", "agent", "main", "month", "$4.50", "$50.00", "9%"]
    assert ("(UTC)" in day, "stop" in day, "█" in day) == (True, True, True)
    run(*SET, "--agent", "main", "--daily", "none")
    out, _ = run(*LIST)
    assert [line.split()[3] for line in out.splitlines()[1:]] == ["month"]
    out, _ = run("usage", "budget", "remove", "--agent", "main")
    assert out == "Budget 1 (agent main) removed: $50 per month.\n"
    assert not (own / "budgets.json").exists()


def test_json(document: Any, own: Path) -> None:
    assert document("budget-list", *LIST) == {"budgets": [], "problem": None}
    spend(own, "0.1")
    spend(own, None, "c2", model="free")
    found = document("budget-set", *SET, "--daily", "0.3", "--tz", "Europe/Berlin")["budget"]
    assert {name: found[name] for name in ("id", "scope", "action", "timeZone")} == {
        "id": 1,
        "scope": {},
        "action": "warn",
        "timeZone": "Europe/Berlin",
    }
    (limit,) = found["limits"]
    assert (limit["period"], limit["limitUsd"], limit["spentUsd"], limit["share"]) == ("day", 0.3, 0.1, 0.333333)
    assert (limit["reached"], limit["calls"], limit["unpricedCalls"]) == (False, 2, 1)
    assert limit["unpricedModels"] == ["litellm/free"]
    assert document("budget-list", *LIST) == {"budgets": [found], "problem": None}
    assert document("budget-removed", "usage", "budget", "remove", "1") == {"removed": [{"id": 1, "scope": {}}]}


def test_what_is_not_counted_or_matches_nothing_is_said(run: Any, own: Path) -> None:
    spend(own, None, "c1", model="x")
    _, err = run(*SET, "--agent", "main", "--daily", "5", "--monthly", "9")
    assert err == (
        "Budget 1 (agent main): 1 call without a known price is not counted (litellm/x)."
        " `fased usage reprice` looks for their price.\n"
    )
    _, err = run(*SET, "--agent", "mian", "--daily", "5")
    assert err.startswith("Budget 2 (agent mian): no call of ")
    _, err = run(*SET, "--provider", "openai", "--daily", "5", "--action", "stop")
    assert "Budget 3 (provider openai): calls through litellm alone can be stopped" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "A budget needs a limit."),
        (("--daily", "five"), "--daily 'five' is not an amount"),
        (("--monthly", "-5"), "--monthly '-5' is not an amount"),
        (("--daily", "nan"), "is not an amount"),
        (("--daily", "0"), "must be above 0"),
        (("--daily", "1e400"), "is not an amount"),
        (("--daily", "5", "--action", "block"), "--action 'block' is unknown"),
        (("--daily", "5", "--tz", "Europe/Belrin"), "There is no time zone 'Europe/Belrin'"),
        (("--daily", "5", "--agent", "///"), "is not an agent id"),
    ],
)
def test_wrong_words(run: Any, own: Path, words: tuple[str, ...], message: str) -> None:
    _, err = run(*SET, *words, status=2)
    assert message in err
    assert "→ " in err
    assert not (own / "budgets.json").exists()


def test_a_damaged_ledger_does_not_hide_the_budgets(run: Any, document: Any, own: Path) -> None:
    run(*SET, "--agent", "main", "--daily", "5")
    (own / "usage.sqlite3").write_bytes(b"no database at all, but as long as a page of one. " * 200)
    out, err = run(*LIST)
    assert "agent main" in out
    assert "What was spent is not known: The usage ledger" in err
    found = document("budget-list", *LIST)
    assert found["problem"]["code"].startswith("ledger")
    assert (found["budgets"][0]["limits"][0]["limitUsd"], found["budgets"][0]["limits"][0]["spentUsd"]) == (5.0, None)


def test_damaged_budgets_are_an_error_everywhere(run: Any, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    monkeypatch.setenv("LITELLM_BASE_URL", "http://127.0.0.1:9")
    run(*SET, "--daily", "5")
    (own / "budgets.json").write_text('{"version": 1')
    for words in (LIST, (*SET, "--daily", "6"), ("usage", "budget", "remove", "1"), ("litellm", "chat", "hi")):
        _, err = run(*words, status=1)
        assert "are damaged" in err
        assert "move it away" in err
    out, _ = run(*LIST, "--json", status=1)
    assert json.loads(out)["error"]["code"] == "budget"
    out, _ = run()
    assert "are damaged" in out


@pytest.fixture
def proxy(fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> Any:
    server = fault_server(WHOLE)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    return server


def test_a_chat_is_warned_and_refused(run: Any, proxy: Any) -> None:
    run(*SET, "--agent", "main", "--daily", "1")
    chat = ("litellm", "chat", "hi", "--no-stream")
    _, err = run(*chat)
    assert "Budget" not in err
    out, err = run(*chat)
    assert out == "Hello\n"
    assert err.count("Budget 1 (agent main) is used up: $1.00 of $1.00") == 1
    out, err = run(*chat, "--json")
    found = json.loads(out)
    Draft202012Validator(schemas()["chat-result.schema.json"]).validate(found)
    assert found["receipt"]["warnings"][0].startswith("Budget 1 (agent main) is used up: $2.00 of $1.00")
    run(*SET, "--agent", "main", "--action", "stop")
    _, err = run(*chat, status=1)
    assert "Nothing was sent." in err
    assert "→ It resets on " in err
    out, _ = run(*chat, "--json", status=1)
    error = json.loads(out)["error"]
    Draft202012Validator(schemas()["error.schema.json"]).validate({"error": error})
    assert (error["code"], error["budget"]["spentUsd"], error["budget"]["limitUsd"]) == ("budget-exceeded", 3.0, 1.0)
    assert len(proxy.requests) == 3
    # The glance says so too, and that calls are refused.
    out, _ = run()
    assert "Budget   agent main: $3.00 of $1.00 on " in out
    assert "; calls are refused until " in out
    out, _ = run("--json")
    assert json.loads(out)["budgets"]["budgets"][0]["limits"][0]["reached"] is True


def test_the_glance_is_silent_about_budgets_that_hold(run: Any, own: Path, proxy: Any) -> None:
    assert json.loads(run("--json")[0])["budgets"] is None
    run(*SET, "--daily", "10")
    spend(own, "7.99")
    assert "Budget" not in run()[0]
    spend(own, "0.01", "c2")
    assert "Budget   all calls: $8.00 of $10.00 on " in run()[0]
