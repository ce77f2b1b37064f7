from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.proxy.urls import normalize_base_url, written_base_url


@pytest.mark.parametrize(
    ("typed", "root"),
    [
        ("http://localhost:4000", "http://localhost:4000"),
        ("http://localhost:4000/", "http://localhost:4000"),
        ("http://localhost:4000/v1", "http://localhost:4000"),
        ("http://localhost:4000/v1/", "http://localhost:4000"),
        ("http://localhost:4000/models", "http://localhost:4000"),
        ("http://localhost:4000/v1/models", "http://localhost:4000"),
        ("http://localhost:4000/v1/chat/completions", "http://localhost:4000"),
        ("  HTTPS://LiteLLM.Example.com/llm/v1 ", "https://litellm.example.com/llm"),
        ("http://[::1]:4000/v1", "http://[::1]:4000"),
    ],
)
def test_every_form_has_one_root(typed: str, root: str) -> None:
    assert normalize_base_url(typed) == root
    assert written_base_url(typed) == f"{root}/v1"


@pytest.mark.parametrize(
    "text", ["", "localhost:4000", "ftp://h", "http://", "http://h:port", "http://u:p@h", "http://h?x=1", "http://h#x"]
)
def test_what_is_no_base_url(text: str) -> None:
    with pytest.raises(UsageError):
        normalize_base_url(text)


@given(
    st.from_regex(r"https?://[a-z]{1,9}(\.[a-z]{2,5})?(:[1-9][0-9]{1,3})?(/[a-z]{1,5}){0,2}(/v1)?/?", fullmatch=True)
)
def test_normalising_twice_changes_nothing(url: str) -> None:
    once = normalize_base_url(url)
    assert normalize_base_url(once) == once
    assert normalize_base_url(written_base_url(url)) == once
