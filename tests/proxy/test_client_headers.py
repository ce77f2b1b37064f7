"""The configured headers of a client, and what becomes of a key in them when another key is used."""

from __future__ import annotations

from fased_litellm.proxy.client import ProxyClient, headers_with_key

OLD, NEW = "sk-test-old-0001", "sk-test-new-0002"


def test_another_key_stands_where_the_old_one_stood() -> None:
    headers = {"x-litellm-key": f"Bearer {OLD}", "x-team": "research"}
    assert headers_with_key(headers, [None, OLD], NEW) == {"x-litellm-key": f"Bearer {NEW}", "x-team": "research"}
    assert headers_with_key(headers, [OLD], None) == {"x-team": "research"}
    assert headers_with_key(headers, [], NEW) == headers


def test_a_client_with_another_key_never_sends_the_old_one() -> None:
    options = {"allow_private_network": True, "headers": {"X-Litellm-Key": OLD, "X-Team": "a"}}
    with ProxyClient("http://127.0.0.1:9", OLD, **options) as client, client.with_key(NEW) as other:
        assert OLD not in "".join(other._headers().values())
        assert other._headers()["x-litellm-key"] == NEW
        assert client._headers()["x-litellm-key"] == OLD


def test_ours_win_whatever_the_case() -> None:
    options = {"allow_private_network": True, "headers": {"AUTHORIZATION": "Basic x", "User-Agent": "y"}}
    with ProxyClient("http://127.0.0.1:9", NEW, **options) as client:
        assert client._headers()["authorization"] == f"Bearer {NEW}"
        assert client._headers()["user-agent"].startswith("fased-litellm/")
