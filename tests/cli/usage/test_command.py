from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.database import PAGE
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import roll_up
from tests.usage.samples import START_MS, sample

WINDOW = ["--from", "2026-11-21", "--to", "2026-11-22"]


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path / "state" / "litellm" / "usage.sqlite3"


def fill(path: Path, *chosen: UsageRecord) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(chosen)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    Draft202012Validator(schemas()["usage-report.schema.json"]).validate(document)
    return document


def test_without_a_ledger_it_says_so_and_makes_none(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    assert out.startswith("No calls, ")
    assert "fased litellm chat" in out
    document = run_json(capsys, "--by", "agent")
    assert (document["groups"], document["totals"]["calls"]) == ([], 0)
    assert run(capsys, "--csv")[1].count("\n") == 1
    assert not ledger_path.parent.exists()


def test_the_last_seven_days_on_one_screen(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = time.time_ns() // 1_000_000
    fill(
        ledger_path,
        sample("1", now, cost=Decimal("1.5")),
        sample("2", now, model="gpt-5.5", agent="ops", cost=None),
        sample("3", now, model="gpt-5.5", agent="ops", status="error", cause="key-expired", cost=None, total_tokens=0),
        sample("old", now - 8 * 86_400_000),
    )
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == "3 calls, 1 failed · 60 tokens (30 in, 60 out) · ≥ $1.50 (+1 unpriced)"
    assert lines[2].startswith("Per day  ▁▁▁▁▁▁█  most: ")
    assert lines[4].split() == ["Model", "Calls", "Failed", "Tokens", "Cost", "Per", "day"]
    assert lines[5].split() == ["litellm/default", "1", "0", "30", "$1.50", "▁▁▁▁▁▁█", "█" * 24]
    assert lines[6].split() == ["litellm/gpt-5.5", "2", "1", "30", "unpriced", "▁▁▁▁▁▁▁"]
    assert [line.split()[0] for line in lines[8:12] if line] == ["Agent", "main", "ops"]
    assert "Unpriced: 1 call, 30 tokens (litellm/gpt-5.5) → fased usage reprice" in lines
    assert lines[-1].split()[:2] == ["key-expired", "1"]


def test_one_screen_shows_the_largest_and_counts_the_rest(
    ledger_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(ledger_path, *(sample(f"c{number}", agent=f"a{number}", cost=Decimal(number)) for number in range(12)))
    _, out, _ = run(capsys, *WINDOW)
    assert "Agent, 10 of 12" in out
    assert "a11 " in out
    assert "a1 " not in out
    assert "→ All of them: fased usage --by agent" in out
    assert len(out.splitlines()) == 22
    assert "All of them" not in run(capsys, *WINDOW, "--by", "agent")[1]


def test_json_is_by_provider_and_model_unless_told_otherwise(
    ledger_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(ledger_path, sample("1"), sample("2", task=None))
    document = run_json(capsys, *WINDOW)
    assert document["by"] == ["provider", "model"]
    assert (document["from"], document["to"]) == ("2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z")
    assert document["groups"][0] | {"provider": "litellm", "model": "default", "calls": 2} == document["groups"][0]
    document = run_json(capsys, *WINDOW, "--by", "task", "--by", "day,served-model")
    assert [(group["task"], group["day"], group["servedModel"]) for group in document["groups"]] == [
        (None, "2026-11-21", "openai/gpt-5.5"),
        ("digest", "2026-11-21", "openai/gpt-5.5"),
    ]


def test_filters_are_lists_that_narrow_each_other(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path,
        sample("1", agent="main", task=None),
        sample("2", agent="ops", session="s2"),
        sample("3", agent="dev", channel="slack", status="cancelled", role="coding"),
    )

    def calls(*arguments: str) -> int:
        found: int = run_json(capsys, *WINDOW, *arguments)["totals"]["calls"]
        return found

    assert calls() == 3
    assert calls("--agent", "main,ops") == 2
    assert calls("--agent", "main", "--agent", "dev") == 2
    assert calls("--agent", "main", "--channel", "slack") == 0
    assert calls("--task", "-") == 1
    assert calls("--task", "-,digest") == 3
    assert calls("--model", "litellm/default", "--provider", "litellm") == 3
    assert calls("--session", "s2") == 1
    assert calls("--status", "cancelled", "--role", "coding", "--source", "cli") == 1


def test_a_missing_name_is_a_dash_in_the_table(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", task=None))
    _, out, _ = run(capsys, *WINDOW, "--by", "task,agent")
    assert out.splitlines()[5].split()[:3] == ["-", "main", "1"]


def test_csv_is_exact_and_holds_no_formula(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ['=HYPERLINK("x")', "+1", "-1", "@a", "a,b", 'say "x"', "\tx"]
    fill(
        ledger_path,
        *(sample(f"c{place}", task=name) for place, name in enumerate(names)),
        sample("free", task=None, cost=Decimal("0.0000001")),
        sample("unknown", task="unknown", cost=None),
    )
    status, out, _ = run(capsys, *WINDOW, "--by", "task", "--csv")
    assert status == 0
    header, *lines = csv.reader(StringIO(out))
    assert ",".join(header) == (
        "task,calls,failed,inputTokens,outputTokens,cacheReadTokens,cacheWriteTokens,reasoningTokens,totalTokens,"
        "costUsd,unpricedCalls"
    )
    found = {line[0]: line[-2:] for line in lines}
    assert set(found) == {'\'=HYPERLINK("x")', "'+1", "'-1", "'@a", "a,b", 'say "x"', "'\tx", "", "unknown"}
    assert found[""] == ["0.0000001", "0"]
    assert found["unknown"] == ["", "1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "agnet"], "Did you mean agent?"),
        (["--json", "--csv"], "cannot be combined"),
        (["--days", "3", "--from", "2026-11-16"], "cannot be combined"),
        (["--to", "2026-11-16"], "--to needs --from"),
        (["--from", "never"], "not a date"),
        (["--days", "0"], "--days 0"),
        (["--days", "many"], "--days"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_usage_is_explained(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert words in out + err


def test_errors_are_json_where_json_was_asked_for(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1"))
    with closing(sqlite3.connect(ledger_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    status, out, _ = run(capsys, "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "ledger"
    status, out, err = run(capsys)
    assert (status, out) == (1, "")
    assert "newer fased-litellm" in err
    assert "Traceback" not in err


def test_a_damaged_ledger_is_set_aside_and_said_so(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, *(sample(str(number), session=f"s{number}") for number in range(50)))
    roll_up(ledger_path)
    data = bytearray(ledger_path.read_bytes())
    with closing(sqlite3.connect(ledger_path)) as connection:
        pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE name LIKE 'rollup%'").fetchall()
    for (page,) in pages:
        data[(page - 1) * PAGE : page * PAGE] = b"\xa5" * PAGE
    ledger_path.write_bytes(data)
    status, out, err = run(capsys, *WINDOW, "--json")
    assert status == 0
    assert json.loads(out)["totals"]["calls"] == 50
    (aside,) = ledger_path.parent.glob("*.damaged-*")
    assert f"set aside as {aside}; 50 calls could be saved" in err
    assert aside.read_bytes() == data
    assert run(capsys, *WINDOW, "--json") == (0, out, "")


def test_calls_that_were_put_aside_are_taken_in(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool.beside(ledger_path)
    spool.append(sample("1"))
    with spool.path.open("ab") as file:
        file.write(b"rubbish\n")
    status, out, err = run(capsys, *WINDOW, "--json")
    assert status == 0
    assert json.loads(out)["totals"]["calls"] == 1
    assert "1 damaged line of " in err
    assert not spool.waiting()


def test_names_cannot_steer_the_terminal(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", task="\x1b[2Jgone\u202e"))
    _, out, _ = run(capsys, *WINDOW, "--by", "task")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "�[2Jgone�" in out


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_tables_fit_the_terminal(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    from rich.cells import cell_len

    names = ["agent:main:telegram:direct:42", "日本語の長い名前のセッション", "s"]
    fill(ledger_path, *(sample(f"c{place}", START_MS, session=name) for place, name in enumerate(names)))
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run(capsys, *WINDOW, "--by", "session")
    table = out.splitlines()[4:]
    assert len(table) == 4
    assert max(map(cell_len, table)) <= width
    assert ("█" in "".join(table)) is (width >= 80)


def test_only_what_is_needed_is_imported(ledger_path: Path) -> None:
    fill(ledger_path, sample("1", time.time_ns() // 1_000_000))
    program = (
        "import sys\n"
        "from fased_litellm.cli import main\n"
        "assert main(['usage']) == 0\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "litellm" in done.stdout
    spared = {"termios", "httpx", "pydantic", "json5", "keyring", "ssl", "asyncio", "rich.table", "rich.console"}
    assert spared & set(done.stderr.split()) == set()


def test_days_are_those_of_a_time_zone(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", START_MS - 1), sample("2", START_MS + 82_800_000))

    def days(*arguments: str) -> list[str]:
        return [group["day"] for group in run_json(capsys, "--by", "day", *WINDOW, *arguments)["groups"]]

    assert days() == ["2026-11-21"]
    assert days("--tz", "Europe/Berlin") == ["2026-11-21", "2026-11-22"]
    assert days("--tz", "+01:00") == ["2026-11-21", "2026-11-22"]
    assert days("--tz", "America/New_York") == ["2026-11-21"]
    document = run_json(capsys, "--by", "hour,week", *WINDOW, "--tz", "UTC+1")
    assert document["timeZone"] == "+01:00"
    assert [(group["hour"], group["week"]) for group in document["groups"]] == [
        ("2026-11-21T00:00+01:00", "2026-W47"),
        ("2026-11-22T00:00+01:00", "2026-W47"),
    ]
    assert run_json(capsys, *WINDOW, "--tz", "Europe/Berlin")["from"] == "2026-11-20T23:00:00Z"


def test_windows_have_names(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = time.time_ns() // 1_000_000
    fill(ledger_path, sample("1", now), sample("2", START_MS), sample("old", 86_400_000))

    def calls(*arguments: str) -> int:
        found: int = run_json(capsys, *arguments)["totals"]["calls"]
        return found

    assert calls("--today") >= 1
    assert calls("--month") >= 1
    assert calls("--month", "--by", "agent") >= 1
    assert calls("--by", "agent", "--month", "1970-01") == 1
    assert calls("--all") == 3
    assert calls("--month", "1970-02") == 0


def test_a_filter_goes_with_the_options(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path,
        sample("1", agent="main", session="s1", cost=Decimal(2)),
        sample("2", agent="ops", session="s2", cost=Decimal(3), channel="slack"),
        sample("3", agent="maintenance", session="s3", cost=Decimal("0.05"), status="error"),
    )

    def agents(*arguments: str) -> set[str]:
        return {group["agent"] for group in run_json(capsys, "--by", "agent", *WINDOW, *arguments)["groups"]}

    assert agents("--filter", "agent:main") == {"main", "maintenance"}
    assert agents("--agent", "main") == {"main"}
    assert agents("--filter", "agent:main", "--filter", "-has:errors") == {"main"}
    assert agents("--filter", "minCost:$1 -channel:slack") == {"main"}
    assert agents("--filter", "minCost:$1", "--channel", "slack") == {"ops"}
    assert agents("--filter", " ") == {"main", "ops", "maintenance"}
    status, out, _ = run(capsys, "--filter", "agent:main agnet:x", "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"], error["position"]) == (2, "filter", 12)


def test_the_rest_is_one_group_and_totals_are_whole(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, *(sample(f"c{number}", agent=f"a{number}", cost=Decimal(number)) for number in range(6)))
    document = run_json(capsys, "--by", "agent", "--top", "2", *WINDOW)
    assert [group["agent"] for group in document["groups"]] == ["a5", "a4"]
    other = document["other"]
    assert (other["groups"], other["calls"], other["costUsd"]) == (4, 4, 6.0)
    assert (document["totals"]["calls"], document["totals"]["costUsd"]) == (6, 15.0)
    document = run_json(capsys, "--by", "agent", "--sort", "-cost", "--top", "2", *WINDOW)
    assert [group["agent"] for group in document["groups"]] == ["a0", "a1"]
    document = run_json(capsys, "--by", "agent", "--sort", "name", *WINDOW)
    assert [group["agent"] for group in document["groups"]] == [f"a{number}" for number in range(6)]
    assert document["other"] is None
    lines = run(capsys, "--by", "agent", "--top", "2", *WINDOW)[1].splitlines()
    assert any("other" in line and "4" in line for line in lines)
    assert lines[1].startswith("6 calls")


def test_what_has_no_price_stands_apart(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path,
        sample("1", model="house", cost=None, total_tokens=100),
        sample("2", model="house", cost=None, total_tokens=11),
        sample("3", model="other", cost=None, total_tokens=500, agent="ops"),
        sample("4"),
    )
    for by in ("agent", "model", "provider,model", "day"):
        document = run_json(capsys, "--by", by, *WINDOW)
        assert document["unpriced"] == {
            "calls": 3,
            "tokens": 611,
            "models": [
                {"provider": "litellm", "model": "other", "calls": 1, "tokens": 500},
                {"provider": "litellm", "model": "house", "calls": 2, "tokens": 111},
            ],
            "command": "fased usage reprice",
        }
    document = run_json(capsys, "--by", "agent", "--top", "1", "--filter", "agent:ops", *WINDOW)
    assert document["unpriced"]["tokens"] == 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tz", "Mars"], "no time zone"),
        (["--tz", "+99"], "not an offset"),
        (["--month", "2026-13"], "not a month"),
        (["--today", "--days", "3"], "cannot be combined"),
        (["--all", "--month"], "cannot be combined"),
        (["--top", "0"], "--top must be at least 1, not 0"),
        (["--sort", "time"], "--sort time needs a time"),
        (["--sort", "colour", "--json"], "cannot be sorted"),
        (["--filter", 'agent:"x'], "not closed"),
        (["--filter", "call:x"], "fased usage calls"),
        (["--by", "agent", "calls"], "fased usage calls --by"),
    ],
)
def test_more_wrong_usage_is_explained(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    fill(ledger_path, sample("1"))
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert words in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("arguments", [["--json"], ["calls", "--json"]])
def test_programs_wait_for_nothing_that_is_for_people(ledger_path: Path, arguments: list[str]) -> None:
    fill(ledger_path, sample("1", time.time_ns() // 1_000_000))
    program = (
        "import sys\n"
        "from fased_litellm.cli import main\n"
        f"assert main(['usage', *{arguments}]) == 0\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["totals"]["calls"] == 1
    spared = {"httpx", "pydantic", "json5", "ssl", "asyncio", "rich", "zoneinfo", "psycopg"}
    assert spared & set(done.stderr.split()) == set()
    assert ("fased_litellm.usage.query.filters" in done.stderr.split()) is ("calls" in arguments)


def test_days_are_those_of_the_setting_and_the_option_wins(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ledger_path, sample("1", START_MS), sample("2", START_MS + 20 * 3_600_000))
    monkeypatch.setenv("FASED_USAGE_TZ", "Asia/Kolkata")
    assert "(Asia/Kolkata)" in run(capsys, *WINDOW)[1]
    document = run_json(capsys, "--by", "day", *WINDOW)
    assert document["timeZone"] == "Asia/Kolkata"
    assert [group["day"] for group in document["groups"]] == ["2026-11-21", "2026-11-22"]
    document = run_json(capsys, "--by", "day", *WINDOW, "--tz", "UTC")
    assert [group["day"] for group in document["groups"]] == ["2026-11-21"]
    monkeypatch.setenv("FASED_USAGE_TZ", "Mars/Olympus")
    status, _, err = run(capsys)
    assert (status, err.splitlines()[0]) == (2, "FASED_USAGE_TZ: There is no time zone 'Mars/Olympus'.")


@pytest.mark.parametrize("by", ["week", "day,week"])
def test_weeks_begin_on_the_day_of_the_setting(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    # 2026-11-21 is a Saturday.
    fill(ledger_path, *(sample(str(day), START_MS + day * 86_400_000) for day in range(9)))
    weeks = {
        "": {"2026-W47": 2, "2026-W48": 7},
        "sunday": {"2026-11-15": 1, "2026-11-22": 7, "2026-11-29": 1},
        "sat": {"2026-11-21": 7, "2026-11-28": 2},
    }
    for day, expected in weeks.items():
        monkeypatch.setenv("FASED_USAGE_WEEK_START", day)
        found: dict[str, int] = {}
        for group in run_json(capsys, "--by", by, "--from", "2026-11-20", "--to", "2026-12-05")["groups"]:
            found[group["week"]] = found.get(group["week"], 0) + group["calls"]
        assert found == expected


@pytest.mark.parametrize("how", [[], ["--by", "model"], ["--agent", "main"]])
def test_a_history_that_ended_long_ago_shows_its_newest_week_and_says_so(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    fill(ledger_path, sample("1", 1_700_000_000_000), sample("2", 1_600_000_000_000))
    status, out, err = run(capsys, *how)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "No calls in the last 7 days. The newest week that has some:"
    assert lines[1] == "Usage, 2023-11-08 to 2023-11-14 (UTC)"
    assert lines[2].startswith("1 call ")
    # Who asks for a window gets that one.
    assert run(capsys, "--days", "7")[1].startswith("No calls, ")
    assert run_json(capsys)["totals"]["calls"] == 0
