"""Which hosts and addresses are private or special-use, and which are refused under any setting.

Facts: the tables follow Fased's ``src/infra/net/ssrf.ts`` and ``src/shared/net/ip.ts``. Fased lets ``allowPrivateNetwork``
switch all checks off; here link-local and cloud metadata addresses stay refused.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ..errors import AddressBlocked

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, Tailscale
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "::/128",  # unspecified
        "::1/128",  # loopback
        "64:ff9b:1::/48",  # NAT64 of the local network
        "100::/64",  # discard
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
_NEVER = tuple(
    ipaddress.ip_network(block)
    for block in (
        "169.254.0.0/16",  # link-local; 169.254.169.254 is the metadata service of most clouds
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # metadata, DNS, time and pod identity services of AWS
        "fd20:ce::254/128",  # metadata service of Google Cloud
        "100.100.100.200/32",  # metadata service of Alibaba Cloud
        "192.0.0.192/32",  # metadata service of Oracle Cloud
        "168.63.129.16/32",  # platform service of Azure
    )
)
_NEVER_HOSTS = {
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
}
_PRIVATE_HOSTS = {"localhost", "localhost.localdomain"}
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".localdomain")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_PROTOCOLS = ipaddress.IPv6Network("2001::/23")
"""Assigned to protocols: benchmarking, ORCHID, drones, Teredo."""
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MOST_CHARACTERS = 253

HINT = "Set models.providers.litellm.request.allowPrivateNetwork to true in fased.json if this proxy is yours."


def normalize_host(host: str) -> str:
    """A host as it is compared: lower case, without brackets, zone and trailing dot, IDNA-encoded.

    Raises:
        AddressBlocked: the name cannot be encoded.
    """
    bare = host.strip().strip("[]").lower()
    if ":" in bare:
        bare = bare.partition("%")[0]
    if bare.isascii():
        return bare.rstrip(".")
    try:
        # A long name takes the codec very long.
        return bare[: 2 * _MOST_CHARACTERS].encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        raise _no_host(host) from None


def literal_address(host: str) -> Address | None:
    """The address which a host spells out, None for a name.

    Raises:
        AddressBlocked: a spelling of an address which programs read differently (``0177.0.0.1``, ``127.1``, ``0x7f.1``,
            ``2130706433``), or a malformed IPv6 address.
    """
    bare = normalize_host(host)
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        # No top-level domain is a number, so a name that ends with one is read as an address by someone.
        if ":" in bare or _NUMBER.fullmatch(bare.rpartition(".")[2]):
            raise AddressBlocked(
                f"Blocked: {host!r} is not a plain spelling of an IP address.",
                cause="address-blocked",
                hint="Write the address as four decimal numbers, or as an ordinary IPv6 address.",
            ) from None
        return None


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped, translated, compatible, NAT64, 6to4, Teredo or ISATAP address."""
    value = int(address)
    low = ipaddress.IPv4Address(value & 0xFFFFFFFF)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or address in _NAT64_LOCAL or address in _TRANSLATED:
        return low
    if address in _SIX_TO_FOUR:
        return ipaddress.IPv4Address((value >> 80) & 0xFFFFFFFF)
    if address in _TEREDO:
        return ipaddress.IPv4Address(~value & 0xFFFFFFFF)
    if (value >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):  # ISATAP
        return low
    if address in _COMPATIBLE and value > 1:
        return low
    return None


def is_special(address: Address) -> bool:
    """Whether an address is private, loopback, link-local, reserved or of another special use."""
    if isinstance(address, ipaddress.IPv4Address):
        return any(address in block for block in _SPECIAL_V4)
    if any(address in block for block in _SPECIAL_V6) or (address in _PROTOCOLS and address not in _TEREDO):
        return True
    inner = embedded_ipv4(address)
    if inner is not None:
        return is_special(inner)
    return address not in _UNICAST  # reserved


def is_refused_always(address: Address) -> bool:
    """Whether an address stays refused under ``allowPrivateNetwork: true``: link-local and metadata services."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = embedded_ipv4(address)
        if inner is not None and is_refused_always(inner):
            return True
    return any(address.version == block.version and address in block for block in _NEVER)


def vet_host(host: str, *, allow_private: bool) -> None:
    """Check a host before its name is resolved.

    Raises:
        AddressBlocked: the name or the address which it spells out is refused.
    """
    address = literal_address(host)
    if address is not None:
        vet_address(address, host=host, allow_private=allow_private)
        return
    bare = normalize_host(host)
    if len(bare) > _MOST_CHARACTERS or ".." in host or not all(_LABEL.fullmatch(label) for label in bare.split(".")):
        raise _no_host(host)
    if bare in _NEVER_HOSTS:
        raise _refused_always(host)
    if not allow_private and is_private_name(bare):
        raise AddressBlocked(
            f"Blocked hostname or private/internal/special-use IP address: {host}",
            cause="address-blocked",
            hint=HINT,
        )


def vet_address(address: Address, *, host: str, allow_private: bool) -> None:
    """Check one resolved (or spelled-out) address of a host.

    Raises:
        AddressBlocked: it is refused.
    """
    if is_refused_always(address):
        raise _refused_always(host)
    if not allow_private and is_special(address):
        raise AddressBlocked(
            f"Blocked: {host} resolves to private/internal/special-use IP address {address}",
            cause="address-blocked",
            hint=HINT,
        )


def _refused_always(host: str) -> AddressBlocked:
    return AddressBlocked(
        f"Blocked: {host} is a link-local or cloud metadata address.",
        cause="address-blocked",
        hint="Such addresses are refused under any setting. Use another address of the proxy.",
    )


def _no_host(host: str) -> AddressBlocked:
    return AddressBlocked(f"{host[:100]!r} is not a host name.", cause="bad-host", hint="Correct the base URL.")


def is_private_name(name: str) -> bool:
    """Whether a host name belongs to this machine or a local network by its form alone."""
    bare = normalize_host(name)
    return bare in _PRIVATE_HOSTS or bare.endswith(_PRIVATE_SUFFIXES) or "." not in bare


def is_private_url(url: str) -> bool:
    """Whether a URL needs ``allowPrivateNetwork``, judged without asking DNS."""
    host = urlsplit(url).hostname or ""
    address = _address_or_none(host)
    return is_special(address) if address is not None else is_private_name(host)


def is_loopback_url(url: str) -> bool:
    """Whether a URL points at this machine, judged without asking DNS."""
    host = normalize_host(urlsplit(url).hostname or "")
    address = _address_or_none(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _address_or_none(host: str) -> Address | None:
    try:
        return literal_address(host)
    except AddressBlocked:
        return None
