"""A known secret is found in every spelling, nothing else is taken for one, and pieces of a stream are as good as the whole."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import redaction
from fased_litellm.redaction import RedactedStream, hide_known, hide_known_in, remember
from fased_litellm.secretforms import Forms

SECRETS = [
    "sk-test-9f8e7d6c5b4a3210zZ",
    "Zq9customproxytoken55aaWW",
    "p@$$-w0rd!!",
    "hunter",
    "passwordx",
    'a"b\\c%41&d1',
    "aaaa1aaaa1aa",
    "é12-ä\U0001f600xyz",
]
DISTINCT = SECRETS[:2]


def spellings(secret: str) -> Iterator[str]:
    """Those in which each of ``SECRETS`` is found."""
    data = secret.encode()
    yield from (secret, quote(secret, safe=""), "".join(f"%{byte:02x}" for byte in data), json.dumps(secret)[1:-1])
    yield from (data.hex(), data.hex().upper())
    yield "".join(f"&#{ord(character)};" for character in secret)


def further(secret: str) -> Iterator[str]:
    """Those in which a secret of many letters and digits is found besides."""
    yield from (secret.upper(), secret.lower(), secret.swapcase(), secret[::-1], secret[:9] + "\n" + secret[9:])
    yield from (" ".join(secret), "-".join(secret), "\u200b".join(secret), "\u2066 ".join(secret), "_".join(secret))
    yield from (quote(quote(secret, safe=""), safe=""), json.dumps(json.dumps(secret)))
    yield "".join(f"%{ord(one):02X}" if index % 2 else one for index, one in enumerate(secret))
    yield "".join(f"\\u{ord(one):04x}" if index % 2 else one for index, one in enumerate(secret))
    for before in ("", "x", "xy", "Bearer "):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(f"{before}{secret}?~ÿ".encode()).decode()
            yield from (whole, whole.rstrip("="), encode(f"{before}{secret}".encode()).decode().rstrip("="))


@pytest.mark.parametrize("secret", DISTINCT)
def test_a_secret_is_found_in_every_spelling(secret: str) -> None:
    remember(secret)
    for spelling in (*spellings(secret), *further(secret)):
        shown = hide_known(f"before {spelling}, after")
        assert "***" in shown, spelling
        assert shown.startswith("before "), spelling
        assert shown.endswith(", after"), spelling


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_of_any_kind_is_found_encoded(secret: str) -> None:
    remember(secret)
    for spelling in spellings(secret):
        assert "***" in hide_known(f"before {spelling}, after"), spelling


@pytest.mark.parametrize(
    "text",
    [
        "Model litellm/default, 3 calls, $0.00065",
        "pass word x, Hunters",
        "100% of it, C:\\new\\users, a & b, &amp;",
        "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "\ud800 half a character",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    for secret in SECRETS:
        remember(secret)
    assert hide_known(text) == text


def test_no_letter_of_another_script_spaces_a_secret_out() -> None:
    remember("Zq9customproxytoken55aaWW")
    assert hide_known("Zя9customproxytoken55aaWW") == "Zя9customproxytoken55aaWW"


def test_a_document_is_hidden_in_names_and_values_at_any_depth() -> None:
    remember(SECRETS[0])
    encoded = base64.b64encode(f"Bearer {SECRETS[0]}".encode()).decode()
    shown = hide_known_in({"a": [{"b": SECRETS[0]}, 1, None], f"x {SECRETS[0]}": ["ok", encoded]})
    assert shown["a"] == [{"b": "***"}, 1, None]
    assert "x ***" in shown
    assert "***" in shown["x ***"][1]
    clean = {"a": [1, "b", {"c": None}]}
    assert hide_known_in(clean) is clean
    deep: object = SECRETS[0]
    for _ in range(5000):
        deep = [deep]
    assert SECRETS[0] not in json.dumps(hide_known_in(deep))


ALL = [spelling for secret in SECRETS for spelling in (*spellings(secret), *further(secret))]
PIECES = st.one_of(
    st.sampled_from(ALL),
    st.sampled_from(ALL).flatmap(lambda text: st.integers(1, len(text)).map(lambda size: text[:size])),
    st.sampled_from(ALL).flatmap(lambda text: st.integers(0, len(text) - 1).map(lambda size: text[size:])),
    st.text(max_size=5),
    st.sampled_from(["%", "\\", "\\\\", "&", "&#", "%7", "\\u00", "s", " ", "-", "\n", "%25", "&amp;", "ж"]),
)


@given(
    st.lists(PIECES, max_size=6).map("".join),
    st.lists(st.integers(1, 9), min_size=1, max_size=20),
    st.sets(st.sampled_from(SECRETS), min_size=1),
)
def test_pieces_come_to_what_the_whole_text_comes_to(text: str, cuts: list[int], secrets: set[str]) -> None:
    redaction._known.clear()
    for secret in secrets:
        remember(secret)
    stream, shown, at, turn = RedactedStream(), "", 0, 0
    while at < len(text):
        size = cuts[turn % len(cuts)]
        shown += stream.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert shown + stream.flush() == hide_known(text)


@given(st.sampled_from(DISTINCT), st.text(alphabet="abc XYZ,.0123456789sqz-", max_size=30), st.integers(0, 24))
def test_what_is_kept_back_may_be_the_beginning_of_a_secret(secret: str, text: str, size: int) -> None:
    forms = Forms([secret])
    whole = text + secret[:size]
    kept = whole[forms.settled(whole) :]
    if kept:
        rests = [form[at:] for form in (*spellings(secret), *further(secret)) for at in range(len(form))]
        assert any(forms.spans(kept + rest)[:1] and forms.spans(kept + rest)[0][0] == 0 for rest in rests)


def test_other_text_is_not_held_up() -> None:
    remember("sk-test-9f8e7d6c5b4a3210zZ")
    stream = RedactedStream()
    assert [stream.feed(piece) for piece in ("Hello", " there,", " a", " model", "!\n")] == [
        *("Hello", " there,", " a", " model", "!\n")
    ]
    assert stream.feed("yes") == "ye"
    assert stream.feed("!") == ""  # a secret may be spaced by anything
    assert stream.feed("a") == "s!a"
    assert stream.flush() == ""


def test_without_secrets_nothing_is_held_up() -> None:
    stream = RedactedStream()
    assert stream.feed("sk-") == "sk-"
