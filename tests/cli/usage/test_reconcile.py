"""``fased usage reconcile`` against a stand-in of the proxy; tests/live has the real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm import spend as spendview
from fased_litellm.cli import main, spinner
from fased_litellm.proxy.management import spend
from fased_litellm.schemas import schemas
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.cli.usage.spendproxy import MASTER, SpendProxy, spend_row

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
Json = Callable[..., dict[str, Any]]


@pytest.fixture
def state(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "state"
    monkeypatch.setenv("FASED_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def proxy(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpendProxy]:
    with SpendProxy() as found:
        monkeypatch.setenv("LITELLM_BASE_URL", found.url)
        monkeypatch.setenv("LITELLM_API_KEY", MASTER)
        monkeypatch.delenv("LITELLM_MASTER_KEY", raising=False)
        yield found


@pytest.fixture
def reconcile(capsys: pytest.CaptureFixture[str]) -> Json:
    def run(*words: str) -> dict[str, Any]:
        capsys.readouterr()
        status = main(["usage", "reconcile", "--wait", "0", *words, "--json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        Draft202012Validator(schemas()["reconciliation.schema.json"]).validate(document)
        assert status == (0 if document["agrees"] else 1)
        return document

    return run


def counts(document: dict[str, Any]) -> dict[str, int]:
    return {kind: count for kind, count in document["totals"]["counts"].items() if count}


def transcript(state: Path, *messages: dict[str, Any], session: str = "s1") -> None:
    """A session of the Node agent's with these replies, which stand for calls at their time."""
    folder = state / "agents" / "main" / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"type": "session", "id": session, "timestamp": "2020-01-01T00:00:00.000Z"})]
    for number, message in enumerate(messages):
        usage = {"input": 10, "output": 20, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 30}
        told: dict[str, Any] = {
            "role": "assistant",
            "content": "",
            "provider": "litellm",
            "model": "default",
            "stopReason": "stop",
        }
        at = message.pop("at")
        told |= {"usage": usage, **message}
        lines.append(json.dumps({"type": "message", "id": f"m{number}", "timestamp": at.isoformat(), "message": told}))
    (folder / f"{session}.jsonl").write_text("\n".join(lines) + "\n")


def own(number: int, state: Path, **changes: Any) -> None:
    """A call of this package's, of which the proxy has the row of that number."""
    values: dict[str, Any] = {
        "call_id": f"00000000-0000-4000-8000-{number:012}",
        "started_at_ms": int(NOW.timestamp() * 1000),
        "provider": "litellm",
        "model": "default",
        "input_tokens": 10,
        "output_tokens": 20,
        "total_tokens": 30,
    }
    with Ledger(state / "litellm" / "usage.sqlite3") as ledger:
        ledger.record(UsageRecord(**(values | changes)))


def test_the_agents_calls_are_read_in_first(proxy: SpendProxy, state: Path, reconcile: Json) -> None:
    transcript(state, {"at": NOW, "responseId": "chatcmpl-1"}, {"at": NOW, "responseId": "chatcmpl-2"})
    proxy.rows = [spend_row(1, NOW), spend_row(2, NOW)]
    found = reconcile()
    assert counts(found) == {"zero-here": 2}  # no price is known here
    assert found["matchedBy"] == {"completion": 2}


def test_calls_that_end_while_the_proxy_is_asked_are_not_missing_here(
    proxy: SpendProxy, state: Path, reconcile: Json
) -> None:
    now = datetime.now(UTC)

    def answered() -> None:
        transcript(state, {"at": now, "responseId": "chatcmpl-1"})
        proxy.rows = [spend_row(1, now)]

    proxy.then = answered
    assert counts(reconcile()) == {"zero-here": 1}


def test_where_neither_side_knows_a_price_it_says_so(
    proxy: SpendProxy, state: Path, reconcile: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        own(number, state)
        proxy.rows.append(spend_row(number, NOW, spend=0.0))
    found = reconcile()
    assert counts(found) == {"unpriced": 3}
    assert (found["agrees"], found["differences"]) == (True, [])
    totals = found["totals"]
    assert (totals["hereUsd"], totals["hereUnpriced"], totals["thereUsd"], totals["thereUnpriced"]) == (
        None,
        3,
        None,
        3,
    )

    assert main(["usage", "reconcile", "--wait", "0"]) == 0
    told = capsys.readouterr().out
    assert "Both sides have the same calls. Neither knows what 3 calls cost." in told
    assert "$0.00" not in told
    assert "agree." not in told

    own(7, state, cost=Decimal(0), cost_source="config")  # the config says that it is free
    own(8, state, model="fast", cost=Decimal(0))
    proxy.rows += [spend_row(7, NOW, spend=0.0), spend_row(8, NOW, model_group="fast")]
    found = reconcile()
    assert counts(found) == {"unpriced": 3, "equal": 1, "zero-here": 1}
    assert {side["model"]: (side["hereUsd"], side["thereUsd"]) for side in found["models"]} == {
        "default": (None, None),
        "fast": (0, 0.00065),
    }


def test_a_spend_of_nothing_beside_tokens_is_no_cost(
    proxy: SpendProxy, state: Path, reconcile: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    own(1, state, cost=Decimal("0.5"))
    proxy.rows = [spend_row(1, NOW, spend=0.0), spend_row(2, NOW, spend=0.0)]
    found = reconcile()
    assert counts(found) == {"zero-there": 1, "missing-here": 1}
    assert [difference["thereUsd"] for difference in found["differences"]] == [None, None]
    assert main(["usage", "reconcile", "--wait", "0"]) == 1
    told = capsys.readouterr().out
    assert "here $0.50 (unknown), proxy unpriced" in told
    assert "here -, proxy unpriced" in told


def test_what_was_refused_cost_nothing_and_what_broke_off_may_have(
    proxy: SpendProxy, state: Path, reconcile: Json
) -> None:
    """LiteLLM estimates the prompt's tokens of failed calls, and writes a spend of 0."""
    nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cause": "content-policy"}
    own(1, state, status="error", **nothing)
    own(2, state, status="interrupted", **nothing)
    for number in (1, 2, 3):
        proxy.rows.append(spend_row(number, NOW, spend=0.0, status="failure", completion_tokens=0, total_tokens=10))
    found = reconcile()
    assert counts(found) == {"equal": 1, "unpriced": 1}
    assert (found["totals"]["hereUnpriced"], found["totals"]["thereUnpriced"]) == (1, 1)


def test_the_agents_own_calls_without_usage_are_named_as_such(
    proxy: SpendProxy, state: Path, reconcile: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    """A compaction leaves a line without usage, and names of sessions leave none at all."""
    at = {name: NOW + timedelta(seconds=seconds) for seconds, name in enumerate(("asked", "summed", "named"), 1)}
    transcript(state, {"at": NOW, "responseId": "chatcmpl-1"})
    summed = {
        "type": "compaction",
        "id": "c1",
        "timestamp": at["summed"].isoformat(),
        "summary": "…",
        "tokensBefore": 9,
    }
    with (state / "agents" / "main" / "sessions" / "s1.jsonl").open("a") as file:
        file.write(json.dumps(summed) + "\n")
    node = ["User-Agent: OpenAI", "User-Agent: OpenAI/JS 6.1.0"]
    ours = ["source:cli", "User-Agent: fased-litellm", "User-Agent: fased-litellm/1"]
    old = NOW - timedelta(hours=2)
    proxy.rows = [
        spend_row(1, NOW),
        spend_row(2, at["asked"], total_tokens=50, prompt_tokens=30),
        spend_row(3, NOW - timedelta(minutes=4), total_tokens=50, prompt_tokens=30, request_tags=node),
        spend_row(4, NOW - timedelta(minutes=4), total_tokens=50, prompt_tokens=30),
        spend_row(5, at["asked"], total_tokens=50, prompt_tokens=30, request_tags=ours),
        spend_row(6, old, total_tokens=50, prompt_tokens=30, request_tags=node),
    ]
    found = reconcile()
    assert counts(found) == {"zero-here": 1, "without-usage": 2, "missing-here": 3}
    why = {difference["callId"][-1]: difference["reason"] for difference in found["differences"]}
    assert why == {"0": None, "2": "compaction", "3": "client", "4": None, "5": None, "6": None}
    assert main(["usage", "reconcile", "--wait", "0"]) == 1
    told = capsys.readouterr().out
    assert told.count("no usage in the transcript (compaction): ") == 1
    assert "2 calls the Node agent made for itself, as for a compaction" in told
    filled = reconcile("--fill")
    assert (filled["filled"], filled["priced"], filled["agrees"]) == (5, 1, True)
    assert filled["matchedBy"] == {"completion": 1, "filled": 5}
    assert reconcile("--fill")["filled"] == 0


BEGUN = NOW + timedelta(seconds=10)
"""When a call of 20 seconds began, before a line of a summary at ``NOW`` + 31 s."""


@pytest.mark.parametrize(
    ("call", "line", "fits"),
    [
        ({}, {}, True),
        # Another model than the session's.
        ({"model_group": "other"}, {}, False),
        # Of another size than what was summed up.
        ({"prompt_tokens": 8_000}, {}, False),
        ({"prompt_tokens": 10_000}, {}, True),
        ({"prompt_tokens": 130_001}, {}, False),
        ({"prompt_tokens": 130_000}, {"tokensBefore": 0}, True),
        ({"prompt_tokens": 30}, {"type": "branch_summary", "tokensBefore": None}, True),
        ({"prompt_tokens": 30, "model_group": "other"}, {"type": "branch_summary", "tokensBefore": None}, False),
        # It began before what was said last, or had not ended when the summary was there.
        ({"at": NOW - timedelta(seconds=10)}, {}, False),
        ({"at": NOW + timedelta(seconds=25)}, {}, False),
        # So long before the summary, it was another's.
        ({"at": NOW + timedelta(minutes=5)}, {"timestamp": (NOW + timedelta(minutes=8)).isoformat()}, False),
    ],
)
def test_a_call_is_a_compaction_only_if_it_fits(
    proxy: SpendProxy, state: Path, reconcile: Json, call: dict[str, Any], line: dict[str, Any], fits: bool
) -> None:
    transcript(state, {"at": NOW, "responseId": "chatcmpl-1"})
    told = {
        "type": "compaction",
        "id": "c1",
        "timestamp": (NOW + timedelta(seconds=31)).isoformat(),
        "summary": "…",
        "firstKeptEntryId": "m0",
        "tokensBefore": 100_000,
    }
    with (state / "agents" / "main" / "sessions" / "s1.jsonl").open("a") as file:
        file.write(json.dumps(told | line) + "\n")
    usual: dict[str, Any] = {"at": BEGUN, "prompt_tokens": 70_000, "request_duration_ms": 20_000}
    values = usual | call
    prompt = values["prompt_tokens"]
    proxy.rows = [
        spend_row(1, NOW),
        spend_row(2, values.pop("at"), completion_tokens=900, total_tokens=prompt + 900, **values),
    ]
    assert counts(reconcile()) == {"zero-here": 1, "without-usage" if fits else "missing-here": 1}


def test_the_model_that_the_config_names_for_summaries_fits(proxy: SpendProxy, state: Path, reconcile: Json) -> None:
    transcript(state, {"at": NOW, "responseId": "chatcmpl-1"})
    summed = {"type": "compaction", "id": "c1", "timestamp": (NOW + timedelta(seconds=31)).isoformat()}
    with (state / "agents" / "main" / "sessions" / "s1.jsonl").open("a") as file:
        file.write(json.dumps(summed) + "\n")
    defaults = {"model": {"primary": "litellm/default"}, "compaction": {"model": "litellm/cheap"}}
    (state / "fased.json").write_text(json.dumps({"agents": {"defaults": defaults}}))
    proxy.rows = [
        spend_row(1, NOW),
        *(spend_row(number, BEGUN, model_group=name) for number, name in enumerate(("cheap", "default", "other"), 2)),
    ]
    found = reconcile()
    why = {difference["callId"][-1]: difference["reason"] for difference in found["differences"]}
    assert why == {"0": None, "2": "compaction", "3": "compaction", "4": None}


def test_a_filled_call_gives_way_to_the_transcript(proxy: SpendProxy, state: Path, reconcile: Json) -> None:
    proxy.rows = [spend_row(number, NOW) for number in (1, 2)]
    assert reconcile("--fill")["filled"] == 2
    transcript(state, {"at": NOW}, {"at": NOW})
    found = reconcile()
    assert (counts(found), found["matchedBy"]) == ({"equal": 2}, {"content": 2})
    assert reconcile("--fill")["filled"] == 0


@pytest.mark.parametrize("path", ["/key/info", "/spend/logs/v2"])
def test_a_proxy_that_hangs_is_given_up(
    proxy: SpendProxy, path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spend.SILENT_S == 15
    monkeypatch.setattr(spend, "SILENT_S", 1.0)
    monkeypatch.setattr(spendview, "SILENT_S", 1.0)
    monkeypatch.setattr(spinner, "AFTER_S", 0.05)
    proxy.silent.add(path)
    assert main(["usage", "reconcile", "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "timed-out"
    assert told.err.count("Waiting for the proxy's spend rows: no answer for ") == 1
    assert "given up after 1 s" in told.err
