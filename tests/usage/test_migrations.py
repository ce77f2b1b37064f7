"""Ledgers of every released version are brought up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from fased_litellm.usage.ledger import Ledger
from fased_litellm.usage.query import DIMENSIONS, Query
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.old_ledger import calls, restore, versions
from tests.usage.samples import DAY_MS, START_MS, expected_groups, expected_totals, sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


@pytest.mark.parametrize("version", versions())
def test_an_old_ledger_reports_what_it_holds(version: int, path: Path) -> None:
    restore(version, path)
    known = list(calls())
    with Ledger(path) as ledger:
        for by in [(), *((name,) for name in DIMENSIONS), ("session", "status"), ("agent", "model", "day")]:
            for begin, end in [(0, START_MS * 2), (START_MS + 3_700_000, START_MS + 2 * DAY_MS + 1)]:
                report = ledger.report(Query(begin, end, by))
                groups = {group.key: group.totals.as_dict() for group in report.groups} if by else {}
                expected = expected_groups(known, begin, end, by, {})
                for key, chosen in expected.items():
                    found = groups[key] if by else report.totals.as_dict()
                    wanted = expected_totals(chosen)
                    wanted["costUsd"] = pytest.approx(None if wanted["costUsd"] is None else float(wanted["costUsd"]))
                    assert found == wanted
                assert set(groups) == (set(expected) if by else set())


@pytest.mark.parametrize("version", versions())
def test_an_old_ledger_keeps_its_rows_and_takes_new_ones(version: int, path: Path) -> None:
    restore(version, path)
    columns = "id, call_id, started_at_ms, input_tokens, total_tokens, cost_pico, cause, latency_ms, proxy_version"
    before = rows(path, f"SELECT {columns} FROM call ORDER BY id")
    with Ledger(path) as ledger:
        assert ledger.record(sample("new"))
        assert not ledger.record(sample("call-0001"))
    assert rows(path, f"SELECT {columns} FROM call ORDER BY id")[:-1] == before
    assert_rollups_equal_rows(path)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []
