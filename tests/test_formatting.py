from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.formatting import count, token_count, tokens, usd


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"), (1, "1"), (9_999, "9,999"), (10_000, "10.0k"), (45_600, "45.6k"), (99_949, "99.9k"), (99_950, "100k"), (128_000, "128k"),
        (131_072, "131k"), (999_499, "999k"), (999_500, "1.00M"), (1_234_567, "1.23M"), (5_810_000, "5.81M"), (39_000_000, "39.0M"),
        (999_499_999, "999M"), (999_500_000, "1.00G"), (5_432_100_000_000, "5,432G"), (-45_600, "-45.6k"),
    ],
)  # fmt: skip
def test_tokens_have_three_digits_from_ten_thousand_on(number: int, text: str) -> None:
    assert tokens(number) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"), ("0E-8", "$0.00"), ("0.0000153", "$0.0000153"), ("0.00065", "$0.00065"), ("0.00021000", "$0.00021"),
        ("0.00012349", "$0.000123"), ("0.0012", "$0.0012"), ("0.012345", "$0.0123"), ("0.000000000001", "$0.000000000001"),
        ("0.1", "$0.10"), ("0.125", "$0.125"), ("0.9664", "$0.966"), ("0.9996", "$1.00"), ("1", "$1.00"), ("1.96", "$1.96"),
        ("1234.567", "$1,234.57"), ("-0.5", "-$0.50"), ("1E+3", "$1,000.00"),
    ],
)  # fmt: skip
def test_amounts_have_cents_from_a_dollar_on_and_three_digits_below(amount: str, text: str) -> None:
    assert usd(Decimal(amount)) == text


amounts = st.decimals(Decimal("1e-12"), Decimal(10**7), places=12)


@given(amounts)
def test_an_amount_is_never_shown_as_nothing_and_is_right_to_half_a_percent(amount: Decimal) -> None:
    shown = Decimal(usd(amount).removeprefix("$").replace(",", ""))
    assert abs(shown - amount) <= amount / 200


@given(amounts)
def test_rounded_down_an_amount_is_never_more_than_it_is(amount: Decimal) -> None:
    assert Decimal(usd(amount, rounding=ROUND_FLOOR).removeprefix("$").replace(",", "")) <= amount


@given(st.integers(0, 10**13))
def test_tokens_are_right_to_half_a_percent_and_never_smaller_for_more(number: int) -> None:
    def read(text: str) -> Decimal:
        size = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1], 1)
        return Decimal(text.rstrip("kMG").replace(",", "")) * size

    text = tokens(number)
    assert abs(read(text) - number) <= Decimal(number) / 200
    assert read(text) <= read(tokens(number + 1))
    assert re.fullmatch(r"[0-9,]+|[0-9,]+k|[0-9]\.[0-9]{2}[kMG]|[0-9]{2}\.[0-9][kMG]|[0-9,]+[MG]", text)


def test_one_is_no_plural() -> None:
    assert [count(number, "call") for number in (0, 1, 2, 1234)] == ["0 calls", "1 call", "2 calls", "1,234 calls"]
    assert count(2, "retry", "retries") == "2 retries"
    assert (token_count(1), token_count(45_600)) == ("1 token", "45.6k tokens")
