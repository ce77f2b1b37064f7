from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import redaction
from fased_litellm.redaction import mask, redact, remember

_PIECES = [
    *("sk-", "abcdefgh", "Received API Key = ", "received=", "Key Hash (Token) =", "API_KEY: ", "token=", "Bearer "),
    *(
        "BASIC ",
        "Authorization: ",
        "'x-api-key': '",
        "http://",
        "user:pass@",
        "?Key=",
        "&password=",
        ",",
        " ",
        "\u017f",
    ),
    *("88dc28d0f030c55ed4ab77ed8faf0981", "BA\u017fIC "),
]
HASH = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-test-abcdefgh end", "sk-test-abcdefgh"),
        ("Received API Key = sk-...wxyz, Key Hash", "wxyz"),
        (f"Key Hash (Token) ={HASH}. Unable to find token", HASH),
        (f"Rate limit exceeded for api_key: {HASH}. Limit type: requests", HASH),
        ("LiteLLM Virtual Key expected. Received=wron****o-sk, expected to start", "wron****o-sk"),
        ("Budget has been exceeded! Key=tiny (sk-...vw-A)", "vw-A"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("authorization: abcdefghij", "abcdefghij"),
        ("{'Authorization': 'Bearer abc.def.ghi', 'a': 1}", "abc.def.ghi"),
        ('{"x-api-key": "opaque-key-1"}', "opaque-key-1"),
        ("curl -H 'api-key: opaque-key-1'", "opaque-key-1"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("http://user:secret@host/v1", "secret"),
        ("http://onlytoken@host/v1", "onlytoken"),
        ("GET http://host/v1?api_key=opaque&x=1", "opaque"),
        ("GET http://host/v1?x=1&token=opaque#f", "opaque"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Model litellm/default, 3 calls, $0.00065",
        f"deployment {HASH}",
        "http://localhost:4000/v1?model=default&page=2",
        "The key is sk-…3f9a from LITELLM_API_KEY",
        "mail me@example.org",
        "risk-averse and task-models stay",
        '{"maxTokens": 4096, "totalTokens": 30}',
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert redact(text) == text


def test_the_rest_of_a_url_stays() -> None:
    assert redact("http://user:secret@host:4000/v1?key=abc&x=1") == "http://***@host:4000/v1?key=***&x=1"


@given(st.text(min_size=6, max_size=40).filter(lambda text: text.strip() and "*" not in text))
def test_a_remembered_secret_is_hidden_in_each_encoding(secret: str) -> None:
    secret = f"marked{secret}secret"
    remember(secret)
    encodings = [secret, json.dumps(secret), quote(secret, safe="", errors="replace")]
    assert all("marked" not in redact(f"before {text} after") for text in encodings)


def test_short_texts_and_placeholders_are_not_remembered() -> None:
    for text in (None, "", "abc", "default", "litellm", "anything"):
        remember(text)
    assert redact("the default of litellm is anything, abc") == "the default of litellm is anything, abc"


def test_a_mask_shows_the_ends_alone() -> None:
    assert mask("sk-test-0123456789") == "sk-…6789"
    assert mask("short") == "***"
    assert redact(mask("sk-test-0123456789")) == "sk-…6789"


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_looking_for_words_first_hides_no_less(text: str) -> None:
    expected = redaction.hide_known(text)
    for _, pattern in redaction._PATTERNS:
        expected = pattern.sub(redaction.MASK, expected)
    for _, pattern in redaction._GROUPED:
        expected = pattern.sub(redaction._keep, expected)
    assert redact(text) == expected
