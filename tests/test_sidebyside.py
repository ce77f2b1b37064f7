"""Tests that share something run in one process, and the count of the failure atlas is that of all processes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import atlascount, environment, sidebyside
from tests.live import conftest as live

ATLAS = "tests/live/test_atlas.py::test_any_proxy"


@pytest.mark.parametrize(
    ("nodeid", "group", "unit"),
    [
        ("tests/net/test_tls.py::test_a", "tests/net/test_tls.py::test_a", "tests/net/test_tls.py"),
        ("tests/net/test_tls.py::test_a[x@y]", "tests/net/test_tls.py::test_a[x@y]", "tests/net/test_tls.py"),
        (f"{ATLAS}[no-key]@atlas", "atlas", "atlas"),
        ("tests/config/test_crash.py::test_a[1]", "tests/config/test_crash.py::test_a[1]", "tests/config/test_crash.py::test_a[1]"),
    ],
)  # fmt: skip
def test_what_a_process_is_given_at_once(nodeid: str, group: str, unit: str) -> None:
    assert sidebyside.unit(nodeid, group) == unit


def test_the_files_whose_tests_are_spread_exist() -> None:
    root = Path(__file__).parents[1]
    assert all((root / name).is_file() for name in sidebyside._SPREAD)


def item(*fixtures: str, marked: bool = False) -> Any:
    return SimpleNamespace(fixturenames=fixtures, get_closest_marker=lambda name: marked or None)


@pytest.mark.parametrize(
    ("test", "given", "group"),
    [
        (item("proxy", "home"), True, "given proxy"),
        (item("proxy", "home"), False, "own proxy"),
        (item("nodb_proxy"), True, "given nodb_proxy"),
        (item("nodb_proxy"), False, "own proxy"),
        (item("own_proxy", "proxy"), True, "own proxy"),
        (item("database_bench", "proxy"), True, "given proxy"),
        (item("bench", "atlas_proxy"), True, "atlas"),
        (item("home", marked=True), True, "given proxy"),
        (item("proxy_4000"), True, "port 4000"),
        (item("home"), True, None),
    ],
)
def test_a_proxy_has_one_user_at_a_time(
    test: Any, given: bool, group: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"LITELLM_PROXY_URL": "x", "LITELLM_NODB_URL": "y"} if given else {}
    monkeypatch.setattr(environment, "FOUND", found)
    assert live._group(test) == group


def report(name: str, when: str, outcome: str) -> Any:
    skipped, failed = outcome == "skipped", outcome == "failed"
    return SimpleNamespace(nodeid=name, when=when, skipped=skipped, failed=failed)


def test_the_cases_of_the_atlas_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(atlascount, "_ended", {})
    for name in ("no-key", "bad-json"):
        atlascount.pytest_runtest_logreport(report(f"{ATLAS}[{name}]@atlas", "setup", "passed"))
        atlascount.pytest_runtest_logreport(report(f"{ATLAS}[{name}]@atlas", "call", "passed"))
    atlascount.pytest_runtest_logreport(report(f"{ATLAS}[v1-twice]", "setup", "failed"))
    atlascount.pytest_runtest_logreport(report(f"{ATLAS}[no-model]", "setup", "skipped"))
    atlascount.pytest_runtest_logreport(
        report("tests/live/test_atlas.py::test_every_case_is_produced", "call", "passed")
    )
    atlascount.pytest_unconfigure(SimpleNamespace(workerinput={}))  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""
    atlascount.pytest_unconfigure(SimpleNamespace())  # type: ignore[arg-type]
    assert capsys.readouterr().out == "failure atlas: 4 cases on real proxies: 2 right, 1 wrong, 1 skipped\n"
