"""What comes along with a pasted key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.secrets.pasted import clean, remark

KEY = "sk-test-Pa$$w0rd#%&+/="


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f'"{KEY}"', "quotes"),
        (f"'{KEY}'", "quotes"),
        (f"`{KEY}`", "quotes"),
        (f"“{KEY}”", "quotes"),
        (f"‘{KEY}’", "quotes"),
        (f"«{KEY}»", "quotes"),
        (f"{KEY}”", "quotes"),
        (f"{KEY}\u200b", "invisible characters"),
        (f"\ufeff{KEY}", "invisible characters"),
        (f"{KEY[:6]}\u200d{KEY[6:]}", "invisible characters"),
        (f"{KEY}\u2060\u200e", "invisible characters"),
        (f"Bearer {KEY}", "the word `Bearer`"),
        (f"bearer   {KEY}", "the word `Bearer`"),
        (f"Authorization: Bearer {KEY}", "the word `Bearer`"),
        (f"{KEY}\n\n", "line ends"),
        (f"\r\n{KEY}", "line ends"),
        (f"{KEY}\u2028", "line ends"),
        (f"{KEY}\\n", "line ends"),
        (f'"{KEY}\n"', "line ends"),
    ],
)
def test_it_is_taken_away_with_a_word(text: str, word: str) -> None:
    key, removed = clean(text)
    assert key == KEY
    assert word in " ".join(removed)
    told = remark("LITELLM_API_KEY", removed) or ""
    assert told.startswith("LITELLM_API_KEY has ")
    assert KEY not in told


@pytest.mark.parametrize("text", [KEY, f" {KEY} ", f"{KEY}\n", f"{KEY}\r\n", f"\t{KEY}", f"{KEY}\u00a0"])
def test_blanks_and_one_line_end_are_no_matter(text: str) -> None:
    assert clean(text) == (KEY, ())


@pytest.mark.parametrize("text", ["sk-it's", 'sk-"x', "sk-a`b`c", "sk-bearer", "sk-a\\n-b", "'sk-x\"", "", '"'])
def test_what_may_be_part_of_a_key_stays(text: str) -> None:
    assert clean(text)[0] == text


def test_several_things_at_once() -> None:
    key, removed = clean(f"\u200b“Bearer '{KEY}'”\n\n")
    assert key == KEY
    assert len(removed) == 4
    assert remark("It", removed) == (
        "It has invisible characters (such as a zero-width space) and line ends and quotes and the word `Bearer` around the key;"
        " only the key itself is used."
    )


@given(st.text(max_size=40))
def test_a_clean_key_stays_as_it_is(text: str) -> None:
    key, _ = clean(text)
    assert clean(key) == (key, ())
