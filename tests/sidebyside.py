"""How the tests of a run are divided among the processes of pytest-xdist (``make test`` has four of them).

``tests/conftest.py`` takes the hooks from here.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests import environment

_SPREAD = (
    "tests/cli/test_no_secret_leaves.py",
    "tests/cli/test_special_files.py",
    "tests/config/test_crash.py",
    "tests/live/test_localproxy.py",
)
"""Files that take long, of tests which share nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests with real proxies begin first: they take longest, and wait most of the time."""
    items.sort(key=lambda item: item.get_closest_marker("live") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """The processes get the environment as it was found, and clean it by themselves."""
    os.environ.update(environment.FOUND)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups (``xdist_group``) stay together, and so do files, whose fixtures may be made once for all of their tests."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Scheduling(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid, super()._split_scope(nodeid))

    return Scheduling(config, log)


def unit(nodeid: str, group: str) -> str:
    """What a process is given at once: a group, or a file; a single test only of the files in ``_SPREAD``.

    Args:
        nodeid: the test, with ``@GROUP`` behind it if it has one.
        group: its group, ``nodeid`` if it has none.
    """
    file = nodeid.partition("::")[0]
    return file if group == nodeid and file not in _SPREAD else group
