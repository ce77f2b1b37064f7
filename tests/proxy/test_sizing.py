"""How many tokens a request will have, roughly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.sizing import AROUND, MEDIA_TOKENS, prompt_tokens


def text(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def test_english_text_is_estimated_a_little_high() -> None:
    # "The quick brown fox jumps over the lazy dog. " has 10 tokens in OpenAI's and Anthropic's vocabularies.
    found = prompt_tokens(text("The quick brown fox jumps over the lazy dog. " * 100), {})
    assert 1_000 <= found <= 1_700


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file"])
def test_bytes_of_media_are_no_text(kind: str) -> None:
    part = {"type": kind, kind: {"url": "data:image/png;base64," + "A" * 3_000_000}}
    found = prompt_tokens(text([{"type": "text", "text": "What is this?"}, part]), {})
    assert MEDIA_TOKENS < found < MEDIA_TOKENS + 100


def test_tools_count() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "d" * 3_000, "parameters": {"type": "object"}}}
    assert prompt_tokens(text("hi"), {"tools": [tool]}) > prompt_tokens(text("hi"), {}) + 1_000


def test_what_contains_itself_ends() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert prompt_tokens(text(cycle), {}) >= AROUND


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_message_has_a_size(content: Any) -> None:
    assert prompt_tokens(text(content), {"tools": content, "response_format": content}) >= AROUND


def test_more_text_is_never_less() -> None:
    sizes = [prompt_tokens(text("ä" * number), {}) for number in range(0, 100, 7)]
    assert sizes == sorted(sizes)
