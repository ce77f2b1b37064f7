from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import KeyringError, SecretError
from fased_litellm.secrets import exec_answer, execsecret


def request(**changed: Any) -> bytes:
    return json.dumps({"protocolVersion": 1, "provider": "lite", "ids": ["a", "b", "a"], **changed}).encode()


def test_ids_are_asked_for_once() -> None:
    assert exec_answer.ids_of(request()) == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        request(protocolVersion=2),
        request(ids=None),
        request(ids=[1]),
        b" " * (exec_answer.MAX_BYTES + 1),
    ],
)
def test_what_is_no_request_is_refused_in_the_form_of_the_protocol(data: bytes) -> None:
    with pytest.raises(SecretError) as caught:
        exec_answer.ids_of(data)
    document = exec_answer.refusal(caught.value)
    assert (document["protocolVersion"], document["values"], document["errors"]) == (1, {}, {})
    assert document["error"]["message"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_an_error(data: bytes) -> None:
    try:
        assert isinstance(exec_answer.ids_of(data), list)
    except SecretError:
        pass


def test_each_id_has_a_value_or_an_error() -> None:
    document = exec_answer.answer(["a", "b"], {"a": "sk-test-a"}.get)
    assert document["values"] == {"a": "sk-test-a"}
    assert list(document["errors"]) == ["b"]
    assert execsecret.value_in(json.dumps(document).encode(), "a", json_only=True, label="x") == "sk-test-a"
    with pytest.raises(SecretError, match="no value for b"):
        execsecret.value_in(json.dumps(document).encode(), "b", json_only=True, label="x")


def test_a_keyring_in_trouble_is_asked_once() -> None:
    asked = []

    def get(user: str) -> str:
        asked.append(user)
        raise KeyringError("The keyring is locked.", trouble="locked")

    document = exec_answer.answer(["a", "b"], get)
    assert asked == ["a"]
    assert document["errors"] == {
        "a": {"message": "The keyring is locked."},
        "b": {"message": "The keyring is locked."},
    }
