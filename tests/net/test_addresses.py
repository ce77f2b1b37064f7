"""Which hosts and addresses are refused, with a reason for every case."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import AddressBlocked
from fased_litellm.net import addresses

PRIVATE = [
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "all of 127/8 is loopback"),
    ("10.1.2.3", "private"),
    ("172.16.0.1", "private, first of the block"),
    ("172.31.255.255", "private, last of the block"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "carrier-grade NAT, Tailscale"),
    ("198.18.0.1", "benchmarking"),
    ("0.0.0.0", "this host"),
    ("224.0.0.1", "multicast"),
    ("255.255.255.255", "broadcast"),
    ("::1", "loopback"),
    ("[::1]", "loopback, as in a URL"),
    ("::", "unspecified"),
    ("fc00::1", "unique local"),
    ("fd12:3456::1", "unique local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("::ffff:127.0.0.1", "loopback, mapped"),
    ("::127.0.0.1", "loopback, compatible"),
    ("64:ff9b::7f00:1", "loopback through NAT64"),
    ("2002:7f00:1::", "loopback through 6to4"),
    ("2001:0:0:0:0:0:80ff:fffe", "loopback through Teredo, where the address is inverted"),
    ("2606:4700::5efe:10.0.0.1", "private through ISATAP"),
    ("localhost", "this machine"),
    ("LOCALHOST", "names are compared without case"),
    ("localhost.", "a trailing dot changes nothing"),
    ("api.localhost", "this machine"),
    ("printer.local", "multicast DNS"),
    ("host.docker.internal", "the host of a container"),
    ("litellm", "a name without a dot is of the local network"),
]
PUBLIC = [
    ("8.8.8.8", "public"),
    ("172.15.255.255", "just before the private block"),
    ("172.32.0.0", "just behind the private block"),
    ("100.63.255.255", "just before carrier-grade NAT"),
    ("2606:4700::1111", "public"),
    ("::ffff:8.8.8.8", "public, mapped"),
    ("127.evil.example", "a name that only begins like loopback"),
    ("localhost.example.com", "a name that only begins like localhost"),
    ("fd-host.example", "a name that begins like a unique local address"),
    ("litellm.example.com", "a name"),
    ("bücher.example", "a name that needs encoding"),
]
NEVER = [
    ("169.254.169.254", "metadata service"),
    ("169.254.1.1", "link-local"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "link-local with a zone"),
    ("fd00:ec2::254", "metadata service of AWS over IPv6"),
    ("100.100.100.200", "metadata service of Alibaba Cloud"),
    ("::ffff:169.254.169.254", "metadata service, mapped"),
    ("64:ff9b::a9fe:a9fe", "metadata service through NAT64"),
    ("metadata.google.internal", "metadata service by name"),
    ("METADATA.google.internal.", "the same, spelt differently"),
]
ODD = [
    ("0177.0.0.1", "octal"),
    ("0x7f.1", "hexadecimal and short"),
    ("2130706433", "one decimal number"),
    ("0x7f000001", "one hexadecimal number"),
    ("127.1", "short"),
    ("1.2.3.4.", "an address is no name, a dot behind it is odd"),
    ("::ffff::1", "malformed IPv6"),
    ("256.1.1.1", "no number of an address"),
]


def refused(host: str, *, allow_private: bool) -> bool:
    try:
        addresses.vet_host(host, allow_private=allow_private)
    except AddressBlocked:
        return True
    return False


@pytest.mark.parametrize(("host", "why"), PRIVATE)
def test_private_hosts_need_the_permission(host: str, why: str) -> None:
    assert refused(host, allow_private=False), why
    assert not refused(host, allow_private=True), why


@pytest.mark.parametrize(("host", "why"), PUBLIC)
def test_public_hosts_need_none(host: str, why: str) -> None:
    assert not refused(host, allow_private=False), why


@pytest.mark.parametrize(("host", "why"), NEVER)
def test_link_local_and_metadata_are_refused_always(host: str, why: str) -> None:
    assert refused(host, allow_private=True), why


@pytest.mark.parametrize(("host", "why"), [case for case in ODD if case[0] != "1.2.3.4."])
def test_odd_spellings_are_refused_not_guessed(host: str, why: str) -> None:
    assert refused(host, allow_private=True), why


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
