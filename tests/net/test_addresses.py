"""Which hosts and addresses are refused, with a reason for every case."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import AddressBlocked
from fased_litellm.net import addresses
from tests.net.address_cases import CASES, Case

REFUSED = {"private": (True, False), "public": (False, False), "never": (True, True), "odd": (True, True)}
"""Verdict → whether it is refused without and with the permission for a private network."""


def refused(host: str, *, allow_private: bool) -> bool:
    try:
        addresses.vet_host(host, allow_private=allow_private)
    except AddressBlocked:
        return True
    return False


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.host[:40]!a}")
def test_each_host_is_judged(case: Case) -> None:
    got = refused(case.host, allow_private=False), refused(case.host, allow_private=True)
    assert got == REFUSED[case.verdict], case.why


def test_there_are_enough_cases_and_each_says_why() -> None:
    assert len({case.host for case in CASES}) >= 400
    assert all(case.why for case in CASES)
    assert {case.verdict for case in CASES} == set(REFUSED)


def test_the_error_names_the_key_that_allows_it() -> None:
    with pytest.raises(AddressBlocked, match=r"10\.0\.0\.1") as caught:
        addresses.vet_host("10.0.0.1", allow_private=False)
    assert "request.allowPrivateNetwork" in str(caught.value.hint)
    assert (caught.value.cause, caught.value.origin) == ("address-blocked", "caller")


@pytest.mark.parametrize(
    ("url", "private", "loopback"),
    [
        ("http://localhost:4000", True, True),
        ("http://127.0.0.1:4000/v1", True, True),
        ("http://[::1]:4000", True, True),
        ("http://192.168.1.5:4000", True, False),
        ("http://litellm:4000", True, False),
        ("https://litellm.example.com", False, False),
        ("https://127.evil.example", False, False),
    ],
)
def test_urls_are_classified_without_dns(url: str, private: bool, loopback: bool) -> None:
    assert addresses.is_private_url(url) is private
    assert addresses.is_loopback_url(url) is loopback


@given(st.ip_addresses(v=4))
def test_mapped_addresses_are_judged_like_their_ipv4(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert addresses.is_special(mapped) == addresses.is_special(address)
    assert addresses.is_refused_always(mapped) == addresses.is_refused_always(address)


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
def test_what_the_standard_library_calls_private_is_special(address: ipaddress.IPv4Address) -> None:
    assert addresses.is_special(address)


@given(st.text(max_size=30))
def test_any_text_is_judged_or_refused(host: str) -> None:
    refused(host, allow_private=True)  # whatever it is: nothing but AddressBlocked
