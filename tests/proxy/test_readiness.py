"""The answers of ``/health/readiness``, as releases of LiteLLM and servers in its place give them."""

from __future__ import annotations

from typing import Any

import pytest

from fased_litellm.proxy.readiness import Readiness, read


@pytest.mark.parametrize(
    ("body", "healthy", "has_database", "without_database", "version"),
    [
        ({"status": "healthy", "db": "connected"}, True, True, False, None),
        ({"status": "connected", "db": "connected", "litellm_version": "1.83.0"}, True, True, False, "1.83.0"),
        ({"status": "healthy", "db": "Not connected"}, True, False, True, None),
        ({"status": "healthy", "db": "disconnected"}, True, False, False, None),
        ({"status": "healthy", "db": "unknown"}, True, False, False, None),
        ({"status": "shutting_down"}, False, None, False, None),
        ({"status": 5, "db": 7, "litellm_version": 9}, False, False, False, None),
        ({}, True, None, False, None),
    ],
)
def test_an_answer_is_read(
    body: Any, healthy: bool, has_database: bool | None, without_database: bool, version: str | None
) -> None:
    found = read(body)
    assert found is not None
    assert (found.healthy, found.has_database, found.without_database) == (healthy, has_database, without_database)
    assert found.version == version


@pytest.mark.parametrize("body", [None, [], "ok", 1, True])
def test_what_is_no_object_says_nothing(body: Any) -> None:
    assert read(body) is None


def test_what_an_answer_does_not_say_is_none() -> None:
    assert read({}) == Readiness(None, None, None)
