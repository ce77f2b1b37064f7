"""The last line of a run with the failure atlas is its count, also where the tests ran in several processes.

``tests/conftest.py`` takes the hooks from here: of a run with pytest-xdist, the process that prints loads no other conftest.
"""

from __future__ import annotations

import re

import pytest

_CASE = re.compile(r"tests/live/test_atlas\.py::\w+\[[\w-]+\]")
_ended: dict[str, str] = {}
"""Test of a case → how it ended."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how the cases of the failure atlas end."""
    if not _CASE.match(report.nodeid):
        return
    if report.failed:
        _ended[report.nodeid] = "wrong"
    elif report.skipped:
        _ended[report.nodeid] = "skipped"
    elif report.when == "call":
        _ended[report.nodeid] = "right"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the count, in the process that prints."""
    if _ended and not hasattr(config, "workerinput"):
        print(count(list(_ended.values())))


def count(ended: list[str]) -> str:
    """The line."""
    counts = {word: ended.count(word) for word in ("right", "wrong", "skipped")}
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"failure atlas: {len(ended)} cases on real proxies: {shown}"
