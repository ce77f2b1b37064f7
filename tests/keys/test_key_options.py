from __future__ import annotations

from datetime import UTC, datetime

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


@pytest.mark.parametrize("text", ["2026-11-21", "tomorrow", "2026-13-01", "0h"])
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
