from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.catalog.facts import Catalog


def catalog(*patterns: str) -> Catalog:
    return Catalog("http://h", datetime(2026, 11, 21, tzinfo=UTC), patterns=patterns)


def as_litellm(pattern: str, name: str) -> bool:
    """Fact: LiteLLM makes ``.*`` of each star."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


@given(st.text("ab/*", max_size=6), st.text("ab/\n", max_size=8))
def test_a_wildcard_name_takes_what_litellm_takes(pattern: str, name: str) -> None:
    assert catalog(pattern).accepts(name) == as_litellm(pattern, name)
    assert catalog("x", pattern, "y").accepts(name) == (as_litellm(pattern, name) or name in ("x", "y"))


@pytest.mark.parametrize("pattern", ["*a" * 40 + "*b", "*" * 400 + "b", "a*" * 100 + "b"])
def test_a_name_of_many_stars_takes_no_time(pattern: str) -> None:
    assert not catalog(pattern).accepts("a" * 500)
    assert catalog(pattern).accepts("a" * 500 + "b")
