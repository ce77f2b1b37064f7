from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.numerals import decimal
from fased_litellm.proxy.values import MAX_NAME, MOST_USD, moment, money, name, names
from fased_litellm.redaction import remember

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.lists(st.integers(), max_size=1)
)


@given(anything)
def test_nothing_raises_and_what_is_read_is_in_bounds(value: Any) -> None:
    amount = money(value)
    assert amount is None or 0 <= amount <= MOST_USD
    found = moment(value)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1.53e-05", "0.0000153"),
        (0.0006500000000000001, "0.00065"),
        (3, "3"),
        ("", None),
        (True, None),
        ("nan", None),
        (-1, None),
        (1e6, None),
    ],
)
def test_amounts(value: Any, amount: str | None) -> None:
    assert money(value) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    "text", ["2026-12-01T00:00:00+00:00", "2026-12-01T00:00:00", "2026-12-01T00:00:00Z", "2026-12-01T02:00:00+02:00"]
)
def test_points_in_time_are_of_utc(text: str) -> None:
    assert moment(text) == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "tomorrow", None, 5])
def test_what_is_no_point_in_time(text: Any) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    "text",
    ["1_0", "+1", "NaN", "Infinity", "\u0661", "²", "1.", ".5", "0x10", "1\n", "\u00a01", "", "9" * 5000, "1e99999"],
)
def test_no_number_in_the_grammar_of_outside(text: str) -> None:
    assert decimal(text) is None
    assert money(text) is None


@pytest.mark.parametrize("text", ["0", "10", "007", "0.00065", "1e-07", "1.5E+2", " 3\t"])
def test_a_number_in_the_grammar_of_outside(text: str) -> None:
    assert decimal(text) == Decimal(text.strip())


parts = st.sampled_from(
    [
        "",
        "gpt-5.5",
        "sk-test-values-1",
        "1-seulav-tset-ks",
        "x" * MAX_NAME,
        "\x1b[2J",
        "\n",
        "ü",
        "sk-test-",
        "values-1",
    ]
)
said = st.none() | st.integers() | st.lists(parts, max_size=3).map("".join)


@given(st.lists(said, max_size=6))
def test_several_names_are_read_as_each_of_them_is(values: list[Any]) -> None:
    remember("sk-test-values-1")
    assert names(*values) == tuple(map(name, values))
