from __future__ import annotations

import csv
import json
import sqlite3
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import START_MS, sample

WINDOW = ["--from", "2026-11-21", "--to", "2026-11-22"]
MINUTE_MS = 60_000
FULL = {
    "requested_model": "litellm/strong",
    "deployment_id": "d-1",
    "response_id": "chatcmpl-1",
    "role": "coding",
    "cache_read_tokens": 5,
    "reasoning_tokens": 7,
    "input_cost": Decimal("0.0005"),
    "retries": 2,
    "fallbacks": 1,
    "latency_ms": 2100.4,
    "time_to_first_token_ms": 450.0,
    "proxy_overhead_ms": 12.0,
    "proxy_version": "1.106.2",
    "price_note": "catalog of 2026-11-20",
}


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path / "state" / "litellm" / "usage.sqlite3"


@pytest.fixture
def filled(ledger_path: Path) -> Path:
    return fill(
        ledger_path,
        sample("c1", START_MS, session="agent:main:main", **FULL),
        sample(
            "c2",
            START_MS + MINUTE_MS,
            session="agent:main:main",
            status="error",
            cause="rate-limited",
            origin="provider",
            http_status=429,
            cost=None,
            total_tokens=0,
            input_tokens=0,
            output_tokens=0,
            served_model=None,
        ),
        sample("c3", START_MS + 2 * MINUTE_MS, session="s2", task="triage", cost=None, model="house"),
    )


def fill(path: Path, *chosen: UsageRecord) -> Path:
    with Ledger(path) as ledger:
        ledger.record_many(chosen)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    Draft202012Validator(schemas()["usage-calls.schema.json"]).validate(document)
    return document


def test_calls_are_listed_newest_first(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "calls", *WINDOW)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Calls, 2026-11-21 to 2026-11-22 (UTC)"
    assert lines[1].startswith("3 calls, 1 failed · 60 tokens")
    assert lines[3].split() == [
        "Time", "Model", "Agent", "Session", "Status", "Input", "Cached", "Output", "Cost", "Took", "Retries"
    ]  # fmt: skip
    assert [line[:19] for line in lines[4:]] == ["2026-11-21 00:02:00", "2026-11-21 00:01:00", "2026-11-21 00:00:00"]
    assert lines[4].split()[-4:] == ["20", "unpriced", "-", "0"]
    assert "error: rate-limited" in lines[5]
    assert "litellm/strong → litellm/default → openai/gpt-5.5" in lines[6]
    # Input leaves out what came from the cache, as in every other place.
    assert lines[6].split()[-7:-4] == ["10", "5", "20"]
    assert lines[6].split()[-5:] == ["20", "$0.00065", "2.1", "s", "2"]


def test_a_session_is_shown_in_order_with_its_receipts(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "session", "agent:main:main", "--tz", "+01:00")
    assert (status, err) == (0, "")
    cost = "$0.00065 (header, catalog of 2026-11-20): in $0.0005"
    assert out.splitlines()[3:] == [
        "2026-11-21 01:00:00  litellm/strong → litellm/default → openai/gpt-5.5  ok",
        f"  30 tokens (10 in, 20 out, 5 from cache, 7 of it reasoning) · {cost}",
        "  took 2.1 s · first token after 450 ms · proxy 12 ms · 2 retries · 1 fallback",
        "  agent main · task digest · role coding · channel telegram · source cli · session agent:main:main",
        "  call c1 · response chatcmpl-1 · deployment d-1 · LiteLLM 1.106.2",
        "",
        "2026-11-21 01:01:00  litellm/default  error",
        "  cause: rate-limited by provider, HTTP 429",
        "  0 tokens · no cost",
        "  agent main · task digest · channel telegram · source cli · session agent:main:main",
        "  call c2",
    ]
    assert out.startswith("Session agent:main:main, all until ")


def test_estimates_are_marked(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = "config models.providers.litellm.models[0].cost; whether prompts above 32,000 tokens have another price is not known"
    fill(
        ledger_path,
        sample("c1", cost=Decimal(2), cost_source="estimate", price_note=note),
        sample("c2", cost=Decimal(1)),
    )
    _, out, _ = run(capsys, "calls", *WINDOW)
    assert "~ $2.00" in out
    assert "~ $1.00" not in out
    _, out, _ = run(capsys, "session", "s1")
    assert f"about $2.00 (estimate, {note})" in out.replace("\n", "")
    _, out, _ = run(capsys, *WINDOW, "--by", "model")
    assert "Estimated: 1 call, $2.00 (in the sums) → fased usage reprice" in out


def test_the_same_model_is_named_once(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path,
        sample("1", START_MS, requested_model="default", served_model="default"),
        sample("2", START_MS + 1, requested_model="litellm/default", served_model=None, provider=None),
        sample("3", START_MS + 2, provider=None, model=None, served_model=None),
    )
    out = run(capsys, "calls", *WINDOW)[1]
    assert [line[21:].split("main")[0].strip() for line in out.splitlines()[4:]] == [
        "-", "litellm/default → default", "litellm/default"
    ]  # fmt: skip


def test_a_task_is_shown_as_json(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, "task", "triage")
    assert document["subject"] == {"kind": "task", "task": "triage", "taskName": None}
    assert [call["callId"] for call in document["calls"]] == ["c3"]
    assert document["totals"]["unpricedCalls"] == 1
    document = run_json(capsys, "session", "s2")
    assert document["subject"] == {
        "kind": "session", "session": "s2", "label": None, "sessionIds": [], "chatType": None
    }  # fmt: skip
    document = run_json(capsys, "task", "digest", "--filter", "has:errors")
    assert [call["callId"] for call in document["calls"]] == ["c2"]


def test_lists_can_be_filtered_sorted_and_cut(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ids(*arguments: str) -> list[str]:
        return [call["callId"] for call in run_json(capsys, "calls", *WINDOW, *arguments)["calls"]]

    assert ids() == ["c3", "c2", "c1"]
    assert ids("--sort", "-time") == ["c1", "c2", "c3"]
    assert ids("--sort", "latency", "--limit", "1") == ["c1"]
    assert ids("--filter", "minTokens:1 model:default") == ["c1"]
    assert ids("--filter", "cause:rate") == ["c2"]
    assert ids("--session", "s2", "--task", "triage", "--model", "house") == ["c3"]
    assert ids("--status", "error", "--agent", "nobody") == []
    document = run_json(capsys, "calls", *WINDOW, "--limit", "2")
    assert (document["more"], document["totals"]["calls"], len(document["calls"])) == (1, 3, 2)
    assert "… and 2 more: --limit 3 shows all." in run(capsys, "calls", *WINDOW, "--limit", "1")[1]


def test_people_get_fifty_and_programs_all(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, *(sample(f"c{number}", START_MS + number) for number in range(450)))
    out = run(capsys, "calls", *WINDOW)[1]
    assert len(out.splitlines()) == 4 + 50 + 2
    assert "… and 400 more" in out
    assert len(run_json(capsys, "calls", *WINDOW)["calls"]) == 450
    assert len(run(capsys, "calls", *WINDOW, "--csv")[1].splitlines()) == 451
    assert len(run(capsys, "calls", *WINDOW, "--limit", "450")[1].splitlines()) == 4 + 450


def test_csv_has_the_fields_of_the_json_with_all_digits(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path, sample("c1", task="=1+1", cost=Decimal("0.000000000001"), latency_ms=1.5), sample("c2", cost=None)
    )
    status, out, _ = run(capsys, "calls", *WINDOW, "--csv", "--sort", "cost")
    assert status == 0
    header, *lines = csv.reader(StringIO(out))
    assert header == list(run_json(capsys, "calls", *WINDOW)["calls"][0])
    found = dict(zip(header, lines[0], strict=True))
    assert (found["task"], found["costUsd"], found["latencyMs"], found["startedAt"]) == (
        "'=1+1", "0.000000000001", "1.5", "2026-11-21T00:00:00Z"
    )  # fmt: skip
    assert dict(zip(header, lines[1], strict=True))["costUsd"] == ""


def test_without_a_history_there_is_an_empty_list_and_no_session(
    ledger_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_json(capsys, "calls")["calls"] == []
    assert run(capsys, "calls")[1].startswith("No calls, ")
    assert len(run(capsys, "calls", "--csv")[1].splitlines()) == 1
    status, out, err = run(capsys, "session", "agent:main:main")
    assert (status, out) == (1, "")
    assert "No usage history" in err
    assert not ledger_path.parent.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["session", "agent:main:mian"], 1, "Did you mean agent:main:main?"),
        (["task", "triag"], 1, "Did you mean triage?"),
        (["calls", "--limit", "0"], 2, "--limit must be at least 1, not 0"),
        (["calls", "--json", "--csv"], 2, "cannot be combined"),
        (["calls", "--sort", "colour"], 2, "cannot be sorted"),
        (["calls", "--filter", "agnet:x"], 2, "Did you mean agent?"),
        (["calls", "--tz", "Europe/Belin"], 2, "Europe/Berlin"),
        (["session"], 2, "KEY"),
        (["--days", "3", "calls"], 2, "fased usage calls --days"),
    ],
)
def test_mistakes_are_explained(
    filled: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    found, out, err = run(capsys, *arguments)
    assert found == status
    assert words in out + err
    assert "Traceback" not in out + err


def test_month_may_stand_alone(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "calls", "--month", "--limit", "1")[0] == 0
    assert len(run_json(capsys, "calls", "--month", "2026-11")["calls"]) == 3
    assert run_json(capsys, "calls", "--month", "2026-10")["calls"] == []
    assert len(run_json(capsys, "session", "s2", "--month", "2026-11")["calls"]) == 1


def test_damage_behind_the_first_call_does_not_begin_the_list_anew(
    filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fased_litellm.usage.query import calls as listing

    def broken(row: Any) -> UsageRecord:
        seen.append(row)
        if len(seen) > 1:
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        return whole(row)

    seen: list[Any] = []
    whole = listing._record
    monkeypatch.setattr(listing, "_record", broken)
    status, out, err = run(capsys, "calls", *WINDOW, "--csv")
    assert status == 1
    assert len(out.splitlines()) == 2
    assert "not whole" in err
    assert filled.exists()


def test_names_cannot_steer_the_terminal(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("\x1b[2Jc", session="s\x1b[2J", model="m\u202e", cause="x\x07", status="error"))
    for arguments in (["calls", *WINDOW], ["session", "s\x1b[2J"], ["session", "s\x1b"]):
        _, out, err = run(capsys, *arguments)
        assert not set("\x1b\x07\u202e") & set(out + err)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_fits_the_terminal(
    filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(width))
    out = run(capsys, "calls", *WINDOW)[1]
    assert max(map(cell_len, out.splitlines()[3:])) <= max(width, 66)
