"""Amounts as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.usage.budgets.amounts import dollars, exact, parse_usd
from fased_litellm.usage.money import from_pico, to_pico


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("5", "5"),
        ("5.00", "5"),
        ("$5", "5"),
        (" $ 5.5 ", "5.5"),
        ("0.25 USD", "0.25"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.000000000001", "0.000000000001"),
        ("1000000", "1000000"),
        ("007", "7"),
    ],
)
def test_what_is_meant(text: str, usd: str) -> None:
    assert from_pico(parse_usd(text, "--daily")) == Decimal(usd)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "$",
            ".",
            "five",
            "-5",
            "$-5",
            "+5",
            "nan",
            "NaN",
            "inf",
            "Infinity",
            "1e3",
            "0x10",
            "5,50",
            "1,000",
        ),
        *(
            "0",
            "0.00",
            "$0",
            "0.0000000000001",
            "1000000.01",
            "9" * 12,
            "9" * 400,
            "5 EUR",
            "5$",
            "٥",
            "５",
            "5\n6",
            "5_0",
        ),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--daily") as caught:
        parse_usd(text, "--daily")
    assert caught.value.hint


@given(st.integers(1, 10**18))
def test_every_amount_is_read_back_exactly(pico: int) -> None:
    assert parse_usd(exact(pico), "--daily") == pico
    assert parse_usd(f"${exact(pico)}", "--daily") == pico


@given(st.integers(0, 10**19))
def test_an_amount_for_people_is_never_more_than_it_is(pico: int) -> None:
    shown = dollars(pico)
    assert re.fullmatch(r"\$[0-9,]+(\.[0-9]+)?", shown)
    read = Decimal(shown[1:].replace(",", ""))
    assert 0 <= from_pico(pico) - read <= max(Decimal("0.01"), from_pico(pico) / 100)
    assert (read == 0) == (pico == 0)


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0.00"),
        ("5", "$5.00"),
        ("4.999999", "$4.99"),
        ("1234.5", "$1,234.50"),
        ("0.25", "$0.25"),
        ("0.12345", "$0.123"),
        ("0.001234567", "$0.00123"),
        ("0.000000000001", "$0.000000000001"),
    ],
)
def test_an_amount_for_people(usd: str, shown: str) -> None:
    assert dollars(to_pico(Decimal(usd))) == shown
