"""The host that is vetted is the host that is asked, however a URL is written."""

from __future__ import annotations

import pytest

from fased_litellm.errors import AddressBlocked, FasedError, UsageError
from fased_litellm.net.transport import Transport
from fased_litellm.proxy.urls import normalize_base_url
from tests.net.address_cases import CASES, Case
from tests.net.test_addresses import REFUSED, refused


def host_of(url: str) -> str:
    """The host to which a transport for this base URL would connect."""
    transport = Transport(normalize_base_url(url), allow_private_network=True)
    try:
        return transport._origin.dns.host
    finally:
        transport.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example@127.0.0.1/",
        "http://127.0.0.1@good.example/",
        "http://good.example:80@127.0.0.1:4000/",
        "http://good.example%40127.0.0.1@evil.example",
        "http://@127.0.0.1/",
        "http://:@127.0.0.1/",
        "http://good.example\\@127.0.0.1/",
        "http://127.0.0.1\\@good.example/",
        "http://good.example#@127.0.0.1/",
        "http://good.example?@127.0.0.1/",
        "http://good.example\uff20127.0.0.1/",
        "http://[::1",
        "http://[::1]good.example/",
        "http://good.example:80:90/",
        "http://good.example:0x50/",
        "http://good.example:99999/",
        "http://",
        "http:///v1",
        "http:good.example",
        "//good.example",
        "good.example:4000",
        "file:///etc/passwd",
        "ftp://good.example",
        "gopher://127.0.0.1:70/",
        "javascript:alert(1)",
        "http+unix://%2Fvar%2Frun/",
    ],
)
def test_tricks_are_no_base_url(url: str) -> None:
    with pytest.raises((UsageError, AddressBlocked)):
        host_of(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://LOCALHOST:4000", "localhost"),
        ("http://[::1]:4000", "::1"),
        ("http://[::FFFF:127.0.0.1]:4000", "::ffff:127.0.0.1"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://faß.example", "xn--fa-hia.example"),  # and not `fass`, which the older encoding makes of it
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host


IN_URLS = [case for case in CASES if not set("/?#") & set(case.host)]
"""Without those whose sign ends the host of a URL, rightly."""


@pytest.mark.parametrize("case", IN_URLS, ids=lambda case: f"{case.host[:40]!a}")
def test_no_way_of_writing_a_refused_host_into_a_url_gets_it_through(case: Case) -> None:
    bare = case.host.strip("[]")
    url = f"http://[{bare}]:4000" if ":" in bare else f"http://{case.host}:4000"
    try:
        host = host_of(url)
    except FasedError:
        return  # it does not even become a base URL
    without, with_permission = REFUSED[case.verdict]
    assert refused(host, allow_private=False) or not without, case.why
    assert refused(host, allow_private=True) or not with_permission, case.why
