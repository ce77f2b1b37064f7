from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.keys import key_options

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("monthly", "30d"),
        ("Weekly", "7d"),
        ("daily", "1d"),
        ("30d", "30d"),
        ("1mo", "1mo"),
        ("90m", "90m"),
        ("none", None),
    ],
)
def test_a_duration_is_sent_as_every_release_reads_it(text: str, sent: str | None) -> None:
    assert key_options.budget_duration(text) == sent


@pytest.mark.parametrize("text", ["yearly", "1y", "30 days", "0d", "-1d", "", "abc", "1.5d", "3٣d"])
def test_a_duration_that_the_proxy_would_refuse(text: str) -> None:
    with pytest.raises(UsageError):
        key_options.budget_duration(text)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        sent = key_options.budget_duration(text)
    except UsageError:
        return
    assert sent is None or sent.isascii()


@pytest.mark.parametrize(("text", "sent"), [("50", 50.0), ("$1,000.25", 1000.25), ("0", 0.0), ("none", None)])
def test_budgets(text: str, sent: float | None) -> None:
    assert key_options.budget(text) == sent


@pytest.mark.parametrize(
    "text", ["-1", "abc", "nan", "inf", "", "1e99", "1_0", "٣", "1,5", "1,,000", "+1", "1000000001"]
)
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(UsageError):
        key_options.budget(text)


@pytest.mark.parametrize(("text", "sent"), [("12h", "12h"), ("2026-11-22", "43200s"), ("never", None)])
def test_the_last_day_of_a_key_is_included(text: str, sent: str | None) -> None:
    assert key_options.expires(text, NOW) == sent


def test_the_last_second_of_a_day_is_the_last() -> None:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    assert key_options.expires("2026-11-22", end - timedelta(seconds=1)) == "1s"
    with pytest.raises(UsageError, match="is past"):
        key_options.expires("2026-11-22", end)


@pytest.mark.parametrize(
    ("read", "words", "hint"),
    [
        (lambda: key_options.alias(""), "cannot be the name", "up to 128 visible characters"),
        (lambda: key_options.budget("much"), "'much' is not an amount", "up to 1,000,000,000; 0 refuses every call"),
        (lambda: key_options.budget_duration("x"), "'x' is none", "such as 30d"),
        (lambda: key_options.expires("x", NOW), "'x' is neither", "`never` for no end"),
        (lambda: key_options.expires("2026-11-21", NOW), "is past", "Give a day"),
        (lambda: key_options.limit(-1, "--tpm-limit"), "--tpm-limit -1 is negative", "per minute"),
        (lambda: key_options.models([""]), "names no model", key_options.ALL_MODELS),
    ],
)
def test_a_mistake_says_what_to_write(read: Callable[[], object], words: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        read()
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        ("1d", "each day at 00:00 UTC"),
        ("24h", "each day at 00:00 UTC"),
        ("7d", "each Monday at 00:00 UTC"),
        ("1w", "each Monday at 00:00 UTC"),
        ("30d", "on the first of each month at 00:00 UTC (not 30 days on)"),
        ("1mo", "on the first of each month at 00:00 UTC"),
        ("29d", None),
    ],
)
def test_when_a_budget_resets(duration: str, words: str | None) -> None:
    assert key_options.resets(duration) == words


@pytest.mark.parametrize("number", [None, 0, 1])
def test_a_limit_of_zero_is_a_limit(number: int | None) -> None:
    assert key_options.limit(number, "--tpm-limit") == number


def test_the_highest_budget() -> None:
    assert key_options.budget("1000000000") == 1e9


def test_what_a_key_has_spent_counts_on_in_its_successor() -> None:
    assert key_options.copied({"models": ["a"]}, Decimal("0.5")) == {"models": ["a"], "spend": 0.5}
    assert key_options.copied({"models": ["a"]}, Decimal(0)) == {"models": ["a"]}


@pytest.mark.parametrize("text", ["2026-11-21", "tomorrow", "2026-13-01", "0h", "20261231", "2026-W50-1"])
def test_what_is_no_end(text: str) -> None:
    with pytest.raises(UsageError):
        key_options.expires(text, NOW)


def test_names_of_models_and_keys() -> None:
    assert key_options.models(["litellm/default, strong", "strong,", "openai/x"]) == ["default", "strong", "openai/x"]
    assert key_options.alias(" team a ") == "team a"
    for text in ("", "  ", "a\nb", "x" * 200):
        with pytest.raises(UsageError):
            key_options.alias(text)


@pytest.mark.parametrize("words", [[""], [" , "], ["litellm/"]])
def test_an_empty_list_of_models_does_not_mean_all(words: list[str]) -> None:
    with pytest.raises(UsageError, match="names no model"):
        key_options.models(words)
