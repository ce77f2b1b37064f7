from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.transcripts.numbers import MOST_TOKENS, MOST_USD, moment, number, pico, text
from fased_litellm.usage.money import to_pico

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(anything)
def test_nothing_makes_them_stumble(value: Any) -> None:
    assert number(value) is None or abs(number(value) or 0) <= MOST_TOKENS
    amount = pico(value)
    assert amount is None or 0 <= amount <= MOST_USD * 10**12
    when = moment(value)
    assert when is None or datetime.fromtimestamp(when / 1000, UTC).year <= 9999
    name = text(value)
    assert name is None or (0 < len(name) <= 512 and name.encode())


@pytest.mark.parametrize("value", [True, "7", None, [7], float("nan"), float("inf"), -1e300, 10**13])
def test_what_is_no_number(value: Any) -> None:
    assert number(value) is None


@given(st.floats(0, MOST_USD) | st.floats(0, 1) | st.integers(0, int(MOST_USD)))
def test_an_amount_is_what_is_written(usd: float) -> None:
    found = pico(usd)
    assert found is not None
    # Nearer than any price; a float of more than USD 1,000 does not have twelve digits after the point.
    assert abs(found - to_pico(Decimal(repr(usd)))) <= max(1, usd / 1000)


def test_amounts_of_prices_are_exact() -> None:
    assert pico(0.056745750000000005) == 56_745_750_000
    assert pico(2.7e-05) == 27_000_000
    assert pico(0.1) + pico(0.2) == pico(0.3)  # type: ignore[operator]
    assert pico(7) == 7 * 10**12


@pytest.mark.parametrize("value", [-0.01, -1, 10_001, 1e20, True, "0.5", None, float("nan")])
def test_what_is_no_amount(value: Any) -> None:
    assert pico(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22T03:00:01.000Z", 1_795_316_401_000),
        ("2026-11-22T03:00:01.234Z", 1_795_316_401_234),
        ("2026-11-22T04:00:01+01:00", 1_795_316_401_000),
        ("2026-11-22T03:00:01", 1_795_316_401_000),
        ("2026-11-22", 1_795_305_600_000),
        (1_795_316_401_000, 1_795_316_401_000),
        (1_795_316_401_000.7, 1_795_316_401_000),
        ("yesterday", None),
        ("1969-12-31T23:59:59Z", None),
        (-5, None),
        (10**20, None),
        (True, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_moments(value: Any, expected: int | None) -> None:
    assert moment(value) == expected


def test_names() -> None:
    assert text("  team-sonnet ") == "team-sonnet"
    assert text("") is None
    assert text(" \n") is None
    assert text(7) is None
    assert text("x" * 600) == "x" * 512
    assert text("a\ud800b") == "a?b"
    assert text("Grüße") == "Grüße"
