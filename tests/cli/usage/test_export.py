from __future__ import annotations

import csv
import json
import time
from io import StringIO
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import sample

DAY = "2026-11-22"
NOW_NS = 1_795_341_600_000_000_000  # 2026-11-22T10:00Z
NOW_MS = NOW_NS // 1_000_000


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(time, "time_ns", lambda: NOW_NS)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "state" / "litellm" / "usage.sqlite3"


def fill(path: Path, *chosen: UsageRecord) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(chosen)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", "export", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def made() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_the_three_files_of_fased_are_written_here(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", NOW_MS), sample("2", NOW_MS, session="=1+1"), sample("old", NOW_MS - 10 * 86_400_000))
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    names = [f"fased-usage-sessions-{DAY}.csv", f"fased-usage-daily-{DAY}.csv", f"fased-usage-{DAY}.json"]
    assert out.splitlines()[0] == "2026-11-16 to 2026-11-22 (UTC): 2 calls · 60 tokens (20 in, 40 out) · $0.0013"
    assert [line.split()[0] for line in out.splitlines()[1:]] == names
    assert made() == sorted(names)
    with Path(names[0]).open(encoding="utf-8", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["'=1+1", "s1"]
    assert json.loads(Path(names[2]).read_text(encoding="utf-8"))["totals"]["totalTokens"] == 60


def test_files_are_not_replaced_unless_that_is_asked_for(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", NOW_MS))
    Path(f"fased-usage-daily-{DAY}.csv").write_text("mine")
    status, out, err = run(capsys)
    assert (status, out) == (1, "")
    assert "is there already" in err
    assert "--force" in err
    assert made() == [f"fased-usage-daily-{DAY}.csv"]
    assert run(capsys, "--force")[0] == 0
    assert len(made()) == 3


def test_json_tells_of_the_files(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", NOW_MS))
    Path("there").mkdir()
    status, out, _ = run(capsys, "--json", "--out", "there", "--tz", "+05:30", "--today")
    document = json.loads(out)
    Draft202012Validator(schemas()["usage-export.schema.json"]).validate(document)
    assert status == 0
    assert (document["format"], document["timeZone"], document["totals"]["calls"]) == ("fased", "+05:30", 1)
    assert [(Path(file["path"]).stat().st_size, file["bytes"]) for file in document["files"]] == [
        (file["bytes"], file["bytes"]) for file in document["files"]
    ]
    status, out, _ = run(capsys, "--json", "--out", "there")
    assert (status, json.loads(out)["error"]["code"]) == (1, "export")


def days_of_files(folder: str) -> tuple[list[str], str, list[str]]:
    """The days of the CSV file, the zone that the JSON file names, and its days."""
    (days,), (document,) = (list(Path(folder).glob(f"fased-usage-{name}.*")) for name in ("daily-*", "2*"))
    told = json.loads(document.read_text())
    rows = [row["date"] for row in csv.DictReader(StringIO(days.read_text()))]
    return rows, told["timeZone"], [day["date"] for day in told["daily"]]


@pytest.mark.parametrize(
    ("setting", "option", "zone"),
    [
        ("Asia/Kolkata", (), "Asia/Kolkata"),
        ("Asia/Kolkata", ("--tz", "+05:45"), "+05:45"),
        ("", ("--tz", "Asia/Kathmandu"), "Asia/Kathmandu"),
    ],
)
def test_days_of_the_files_are_those_of_the_zone_which_they_name(
    ledger_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    option: tuple[str, ...],
    zone: str,
) -> None:
    monkeypatch.setenv("FASED_USAGE_TZ", setting)
    midnight = 1_795_285_800_000 if zone == "Asia/Kolkata" else 1_795_284_900_000  # between 21 and 22 November there
    fill(ledger_path, sample("1", midnight - 1), sample("2", midnight))
    Path("there").mkdir()
    assert run(capsys, "--out", "there", *option)[0] == 0
    days = ["2026-11-21", "2026-11-22"]
    assert days_of_files("there") == (days, zone, days)

    # The others have no days, but their windows begin and end with days of the zone.
    window = ("--from", "2026-11-22", "--to", "2026-11-22", *option)
    _, told, _ = run(capsys, "--format", "otlp-json", *window)
    assert f'"startTimeUnixNano": "{midnight}000000"' in told.replace('":"', '": "')
    _, told, _ = run(capsys, "--format", "otlp-spans", *window)
    assert len(told.splitlines()) == 1
    _, told, _ = run(capsys, "--format", "prometheus", *window)
    assert told.splitlines()[2].endswith(" 1")


def test_window_and_filter_are_those_of_usage(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(
        ledger_path,
        sample("1", NOW_MS, agent="ops"),
        sample("2", NOW_MS - 86_400_000, agent="ops"),
        sample("3", NOW_MS),
    )
    for arguments in (["--agent", "ops"], ["--filter", "agent:op"], ["--days", "1"]):
        _, out, _ = run(capsys, "--json", "--force", *arguments)
        main(["usage", "--json", *arguments])
        assert json.loads(out)["totals"] == json.loads(capsys.readouterr().out)["totals"]
    _, out, _ = run(capsys, "--json", "--force", "--days", "1", "--agent", "ops")
    assert json.loads(out)["totals"]["calls"] == 1


def test_prometheus_goes_to_stdout_or_to_a_file(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", NOW_MS), sample("old", NOW_MS - 500 * 86_400_000))
    status, out, err = run(capsys, "--format", "prometheus")
    assert (status, err) == (0, "")
    assert "\nfased_usage_calls_total{" in out
    assert out.splitlines()[2].endswith(" 2")  # the whole history
    assert made() == []
    assert run(capsys, "--format", "prometheus", "--out", "fased.prom")[0] == 0
    assert Path("fased.prom").read_text() == out
    assert run(capsys, "--format", "prometheus", "--out", ".")[0] == 0
    assert made() == ["fased-usage.prom", "fased.prom"]
    assert run(capsys, "--format", "prometheus", "--out", "-")[1] == out
    assert run(capsys, "--format", "prometheus", "--from", "2026-11-01")[1].splitlines()[2].endswith(" 1")


@pytest.mark.parametrize("arguments", [["--days", "3"], ["--today"], ["--month"]])
def test_counters_do_not_go_with_a_window_that_moves(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    status, _, err = run(capsys, "--format", "prometheus", *arguments)
    assert status == 2
    assert f"{arguments[0]} does not go with counters" in err


def test_otlp_goes_to_stdout_or_to_a_file(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(ledger_path, sample("1", NOW_MS - 1000, latency_ms=100.0))
    metrics = json.loads(run(capsys, "--format", "otlp-json")[1])
    (point, *_) = metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]["dataPoints"]
    assert point["timeUnixNano"] == str(NOW_NS)  # not the end of the window, which is to come
    metrics = json.loads(run(capsys, "--format", "otlp-json", "--all")[1])
    (point, *_) = metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]["dataPoints"]
    assert point["startTimeUnixNano"] == str((NOW_MS - 1000) * 10**6)
    assert json.loads(run(capsys, "--format", "otlp-spans")[1])["resourceSpans"]
    assert run(capsys, "--format", "otlp-json", "--out", ".")[0] == 0
    assert run(capsys, "--format", "otlp-spans", "--out", ".")[0] == 0
    assert made() == [f"fased-usage-{DAY}.otlp.json", f"fased-usage-{DAY}.otlp.jsonl"]


def test_without_a_history_the_files_are_empty_and_no_ledger_is_made(
    ledger_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys)[0] == 0
    assert len(made()) == 3
    assert next(iter(csv.reader(StringIO(Path(f"fased-usage-daily-{DAY}.csv").read_text()))))[0] == "date"
    status, out, _ = run(capsys, "--format", "prometheus")
    assert status == 0
    assert all(line.startswith("# ") for line in out.splitlines())
    assert json.loads(run(capsys, "--format", "otlp-json")[1])["resourceMetrics"]
    assert run(capsys, "--format", "otlp-spans")[1] == ""
    assert not ledger_path.parent.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "promehteus"], "Did you mean prometheus?"),
        (["--out", "nowhere"], "nowhere is not a folder"),
        (["--format", "prometheus", "--json"], "--json tells of files"),
        (["--filter", "agnet:main"], "agent"),
        (["--format", "otlp-json", "--out", "nowhere/a"], "nowhere/a cannot be written"),
    ],
)
def test_wrong_usage_is_explained(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert status in (1, 2)
    assert words in out + err
    assert made() == []
