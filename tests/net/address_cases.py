"""Hosts, what the guard has to say of each, and why.

Verdicts:
    private  refused, and allowed with ``allowPrivateNetwork: true``
    public   allowed
    never    refused under any setting
    odd      no plain spelling of an address, or no host name: refused under any setting
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple


class Case(NamedTuple):
    host: str
    verdict: str
    why: str


# ---- blocks: the first and the last address of each, and what lies before and behind it

BLOCKS = [
    ("0.0.0.0/8", "private", "this network", "", "public"),
    ("10.0.0.0/8", "private", "private (RFC 1918)", "public", "public"),
    ("100.64.0.0/10", "private", "carrier-grade NAT, Tailscale", "public", "public"),
    ("127.0.0.0/8", "private", "loopback", "public", "public"),
    ("169.254.0.0/16", "never", "link-local, metadata", "public", "public"),
    ("172.16.0.0/12", "private", "private (RFC 1918)", "public", "public"),
    ("192.0.0.0/24", "private", "protocol assignments", "public", "public"),
    ("192.0.2.0/24", "private", "documentation", "public", "public"),
    ("192.88.99.0/24", "private", "6to4 relays", "public", "public"),
    ("192.168.0.0/16", "private", "private (RFC 1918)", "public", "public"),
    ("198.18.0.0/15", "private", "benchmarking", "public", "public"),
    ("198.51.100.0/24", "private", "documentation", "public", "public"),
    ("203.0.113.0/24", "private", "documentation", "public", "public"),
    ("224.0.0.0/4", "private", "multicast", "public", "private"),
    ("240.0.0.0/4", "private", "reserved, and broadcast", "private", ""),
    ("64:ff9b:1::/48", "private", "NAT64 of the local network", "private", "private"),
    ("100::/64", "private", "discard", "private", "private"),
    ("2001:1::/32", "private", "protocol assignments", "", "private"),
    ("2001:2::/48", "private", "benchmarking", "private", "private"),
    ("2001:10::/28", "private", "ORCHID", "private", "private"),
    ("2001:20::/28", "private", "ORCHIDv2", "private", "private"),
    ("2001:30::/28", "private", "drones", "private", "private"),
    ("2001:db8::/32", "private", "documentation", "public", "public"),
    ("3fff::/20", "private", "documentation", "public", "public"),
    ("5f00::/16", "private", "segment routing", "private", "private"),
    ("4000::/3", "private", "reserved: outside of global unicast", "public", "private"),
    ("6000::/3", "private", "reserved: outside of global unicast", "private", "private"),
    ("8000::/3", "private", "reserved: outside of global unicast", "private", "private"),
    ("e000::/4", "private", "reserved: outside of global unicast", "private", "private"),
    ("200::/7", "private", "reserved: outside of global unicast", "private", "private"),
    ("fc00::/8", "private", "unique local, assigned", "private", "private"),
    ("fd00::/8", "private", "unique local", "private", "private"),
    ("fd00:ec2::/32", "never", "metadata and other services of AWS", "private", "private"),
    ("fe80::/10", "never", "link-local", "private", "private"),
    ("fec0::/10", "private", "site-local", "never", "private"),
    ("ff00::/8", "private", "multicast", "private", ""),
]
"""Block, verdict, what it is, and the verdicts on the neighbour before it and behind it, empty for what is not asked."""


def of_blocks() -> Iterator[Case]:
    for text, verdict, what, before, behind in BLOCKS:
        block = ipaddress.ip_network(text)
        yield Case(str(block[0]), verdict, f"first of {text}: {what}")
        yield Case(str(block[-1]), verdict, f"last of {text}: {what}")
        if before:
            yield Case(str(block[0] - 1), before, f"just before {text} ({what})")
        if behind:
            yield Case(str(block[-1] + 1), behind, f"just behind {text} ({what})")


# ---- single addresses

ADDRESSES = [
    Case("127.0.0.1", "private", "the usual loopback address"),
    Case("127.0.1.1", "private", "Debian's name for this machine"),
    Case("0.0.0.0", "private", "connects to this machine"),
    Case("255.255.255.255", "private", "broadcast"),
    Case("10.0.2.2", "private", "the host, seen from a virtual machine"),
    Case("172.17.0.1", "private", "the host, seen from a container"),
    Case("192.168.65.254", "private", "the host, seen from Docker Desktop"),
    Case("100.100.100.100", "private", "Tailscale's name server"),
    Case("8.8.8.8", "public", "a public name server"),
    Case("1.1.1.1", "public", "a public name server"),
    Case("93.184.216.34", "public", "a public web server"),
    Case("104.18.0.1", "public", "a content network"),
    Case("::", "private", "unspecified: connects to this machine"),
    Case("::1", "private", "loopback"),
    Case("[::1]", "private", "loopback, as in a URL"),
    Case("0:0:0:0:0:0:0:1", "private", "loopback, written out"),
    Case("0000:0000:0000:0000:0000:0000:0000:0001", "private", "loopback, with all zeros"),
    Case("::0001", "private", "loopback, with leading zeros"),
    Case("0::1", "private", "loopback, with a zero in front"),
    Case("::2", "private", "compatible form of 0.0.0.2"),
    Case("fd12:3456:789a::1", "private", "unique local"),
    Case("FD12:3456:789A::1", "private", "the same in upper case"),
    Case("fd7a:115c:a1e0::53", "private", "Tailscale over IPv6"),
    Case("ff02::1", "private", "all machines of the link"),
    Case("2606:4700:4700::1111", "public", "a public name server"),
    Case("2001:4860:4860::8888", "public", "a public name server"),
    Case("2A00:1450:4001::200E", "public", "public, in upper case"),
    Case("[2606:4700:4700::1111]", "public", "public, as in a URL"),
    Case("2606:4700:4700::1111%eth0", "public", "a zone changes nothing for a public address"),
    Case("169.254.169.254", "never", "metadata service of AWS, Azure, Google Cloud and most others"),
    Case("169.254.170.2", "never", "credentials of ECS tasks"),
    Case("169.254.170.23", "never", "pod identity of EKS"),
    Case("169.254.169.253", "never", "name server of AWS"),
    Case("169.254.0.23", "never", "metadata service of Tencent Cloud"),
    Case("169.254.42.42", "never", "metadata service of Scaleway"),
    Case("100.100.100.200", "never", "metadata service of Alibaba Cloud"),
    Case("192.0.0.192", "never", "metadata service of Oracle Cloud"),
    Case("168.63.129.16", "never", "platform service of Azure"),
    Case("168.63.129.15", "public", "just before the platform service of Azure"),
    Case("168.63.129.17", "public", "just behind the platform service of Azure"),
    Case("192.0.0.191", "private", "just before the metadata service of Oracle Cloud"),
    Case("100.100.100.199", "private", "just before the metadata service of Alibaba Cloud"),
    Case("fd00:ec2::254", "never", "metadata service of AWS over IPv6"),
    Case("fd00:ec2::23", "never", "pod identity of EKS over IPv6"),
    Case("FD00:EC2::254", "never", "the same in upper case"),
    Case("fd20:ce::254", "never", "metadata service of Google Cloud over IPv6"),
    Case("fe80::a9fe:a9fe", "never", "metadata service of OpenStack over IPv6"),
    Case("fe80::1%eth0", "never", "link-local with a zone"),
    Case("fe80::1%25eth0", "never", "link-local with a zone as in a URL"),
    Case("[fe80::1%25eth0]", "never", "the same in brackets"),
    Case("::1%lo", "private", "loopback with a zone"),
    Case("127.0.0.1.", "private", "a dot behind an address changes nothing"),
    Case("169.254.169.254.", "never", "a dot behind an address changes nothing"),
    Case(" 127.0.0.1 ", "private", "blanks around an address change nothing"),
    Case("[127.0.0.1]", "private", "brackets around an address change nothing"),
]

# ---- IPv4 addresses inside IPv6 addresses

INNER = [
    ("127.0.0.1", "private", "loopback"),
    ("10.0.0.1", "private", "private"),
    ("172.16.5.4", "private", "private"),
    ("192.168.1.1", "private", "private"),
    ("100.64.0.1", "private", "carrier-grade NAT"),
    ("0.0.0.5", "private", "this network"),
    ("224.0.0.1", "private", "multicast"),
    ("169.254.169.254", "never", "metadata"),
    ("100.100.100.200", "never", "metadata"),
    ("168.63.129.16", "never", "metadata"),
    ("8.8.8.8", "public", "public"),
    ("93.184.216.34", "public", "public"),
]


def of_embedded() -> Iterator[Case]:
    for inner, verdict, what in INNER:
        number = int(ipaddress.IPv4Address(inner))
        high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
        inverted = number ^ 0xFFFFFFFF
        forms = [
            (f"::ffff:{inner}", "mapped"),
            (f"::FFFF:{high}:{low}", "mapped, in hexadecimal and upper case"),
            (f"0:0:0:0:0:ffff:{high}:{low}", "mapped, written out"),
            (f"[::ffff:{inner}]", "mapped, as in a URL"),
            (f"::ffff:0:{inner}", "translated (SIIT)"),
            (f"::{inner}", "compatible"),
            (f"64:ff9b::{inner}", "through NAT64"),
            (f"64:ff9b::{high}:{low}", "through NAT64, in hexadecimal"),
            (f"2002:{high}:{low}::1", "through 6to4"),
            (f"2001:0:4136:e378:8000:63bf:{inverted >> 16:x}:{inverted & 0xFFFF:x}", "through Teredo"),
            (f"2606:4700::5efe:{inner}", "through ISATAP"),
            (f"2606:4700::200:5efe:{inner}", "through ISATAP with a global id"),
        ]
        for host, form in forms:
            yield Case(host, verdict, f"{what} {inner}, {form}")
        local = "never" if verdict == "never" else "private"
        yield Case(f"64:ff9b:1::{inner}", local, f"{what} {inner}, through NAT64 of the local network")


# ---- legacy spellings, which programs read differently

SPELT = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "8.8.8.8"]


def of_spellings() -> Iterator[Case]:
    for address in SPELT:
        a, b, c, d = (int(part) for part in address.split("."))
        number = int(ipaddress.IPv4Address(address))
        forms = [
            (f"0{a:o}.{b}.{c}.{d}", "first part octal"),
            (f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", "octal"),
            (f"0x{a:x}.{b}.{c}.{d}", "first part hexadecimal"),
            (f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", "hexadecimal"),
            (f"0X{a:X}.0X{b:X}.0X{c:X}.0X{d:X}", "hexadecimal in upper case"),
            (f"0x{a:x}.0{b:o}.{c}.{d}", "mixed"),
            (f"{a}.{b}.{(c << 8) + d}", "three parts"),
            (f"{a}.{(b << 16) + (c << 8) + d}", "two parts"),
            (f"0x{a:x}.{(b << 16) + (c << 8) + d}", "two parts, the first hexadecimal"),
            (f"{number}", "one decimal number"),
            (f"0x{number:x}", "one hexadecimal number"),
            (f"0{number:o}", "one octal number"),
            (f"{number}.", "one number with a dot behind it"),
            (f"{number + (1 << 32)}", "one number which overflows"),
            (f"{a:03}.{b:03}.{c:03}.{d:03}", "leading zeros, which some read as octal"),
            (f"{a}.{b}.{c}.{d}.1", "five parts"),
            (f"{a}.{b}.{c}.{d + 256}", "a part above 255"),
            (f"::ffff:0{a:o}.{b}.{c}.{d}", "octal within a mapped address"),
        ]
        for host, form in forms:
            yield Case(host, "odd", f"{address} as {form}")


ODD = [
    Case("127.1", "odd", "short"),
    Case("127.0.1", "odd", "short"),
    Case("0", "odd", "zero is this machine to some"),
    Case("0x", "odd", "an empty hexadecimal number is zero to some"),
    Case("0x7f.1", "odd", "hexadecimal and short"),
    Case("0177.0.0.1", "odd", "octal"),
    Case("017700000001", "odd", "one octal number"),
    Case("2130706433", "odd", "one decimal number"),
    Case("0x7f000001", "odd", "one hexadecimal number"),
    Case("1.2.3.4.5", "odd", "five parts"),
    Case("256.1.1.1", "odd", "no part of an address"),
    Case("999.999.999.999", "odd", "no parts of an address"),
    Case("127.0.0.0x1", "odd", "last part hexadecimal"),
    Case("example.1", "odd", "a name that ends with a number is an address to some"),
    Case("a.b.0x7f", "odd", "the same, hexadecimal"),
    Case("::ffff::1", "odd", "malformed IPv6"),
    Case(":::1", "odd", "malformed IPv6"),
    Case("1::2::3", "odd", "malformed IPv6"),
    Case("::12345", "odd", "malformed IPv6"),
    Case("::g", "odd", "malformed IPv6"),
    Case("1:2:3:4:5:6:7", "odd", "malformed IPv6: too short"),
    Case("1:2:3:4:5:6:7:8:9", "odd", "malformed IPv6: too long"),
    Case("::ffff:127.0.0.256", "odd", "malformed IPv4 in IPv6"),
    Case("::ffff:127.1", "odd", "short IPv4 in IPv6"),
    Case("::1]", "private", "brackets at the ends are taken off: loopback"),
    Case("127.0.0.1:80", "odd", "a port is no part of a host"),
    Case("localhost:4000", "odd", "a port is no part of a host"),
    # not a host name at all
    Case("", "odd", "empty"),
    Case(".", "odd", "nothing but a dot"),
    Case("..", "odd", "nothing but dots"),
    Case("localhost..", "odd", "two dots at the end"),
    Case("a..example", "odd", "an empty label"),
    Case(".example", "odd", "an empty label at the beginning"),
    Case("127。0。0。1。。", "odd", "empty labels in ideographic dots"),
    Case("a" * 64 + ".example", "odd", "a label of 64 characters"),
    Case(".".join(["a" * 60] * 5) + ".example", "odd", "a name of more than 253 characters"),
    Case("ü" * 2000, "odd", "a very long name that needs encoding"),
    Case("-a.example", "odd", "a label that begins with a hyphen"),
    Case("a-.example", "odd", "a label that ends with a hyphen"),
    Case("good.example@127.0.0.1", "odd", "userinfo is no part of a host"),
    Case("127.0.0.1@good.example", "odd", "userinfo is no part of a host"),
    Case("good.example\\@127.0.0.1", "odd", "a backslash is a slash to some"),
    Case("good.example/127.0.0.1", "odd", "a path is no part of a host"),
    Case("good.example#127.0.0.1", "odd", "a fragment is no part of a host"),
    Case("good.example?x", "odd", "a query is no part of a host"),
    Case("127.0.0.1 good.example", "odd", "a blank"),
    Case("127.0.0.1\tgood.example", "odd", "a tab"),
    Case("127.0.0.1\r\nhost: good.example", "odd", "a line break"),
    Case("localhost\x00.good.example", "odd", "a NUL ends a name in C"),
    Case("good.example\x00", "odd", "a NUL ends a name in C"),
    # percent signs are not decoded, and not read as a zone
    Case("127%2e0%2e0%2e1", "odd", "percent-encoded dots"),
    Case("%31%32%37.0.0.1", "odd", "percent-encoded digits: not decoded, and it ends with a number"),
    Case("localhost%2eexample", "odd", "a percent-encoded dot"),
    Case("%6c%6f%63%61%6c%68%6f%73%74", "odd", "percent-encoded localhost"),
    Case("good.example%00.evil.example", "odd", "a percent-encoded NUL"),
    Case("127.0.0.1%25", "odd", "a zone behind IPv4"),
    Case("good.example%25eth0", "odd", "a zone behind a name"),
    Case("127.0.0.1%eth0", "odd", "a zone behind IPv4"),
]

# ---- names

LOCAL_NAMES = [
    ("localhost", "this machine"),
    ("localhost.localdomain", "this machine, as Linux names it"),
    ("api.localhost", "below localhost is this machine"),
    ("a.b.c.localhost", "below localhost is this machine"),
    ("printer.local", "multicast DNS"),
    ("litellm.home.local", "multicast DNS"),
    ("host.docker.internal", "the host of a container"),
    ("gateway.docker.internal", "the host of a container"),
    ("litellm.prod.internal", "a private domain"),
    ("ip-10-0-0-1.ec2.internal", "a machine in a cloud's network"),
    ("db.localdomain", "the local domain"),
    ("litellm", "a name without a dot is of the local network"),
    ("my_service", "a container's name with an underscore"),
    ("litellm-1", "a container's name with a number"),
]
NEVER_NAMES = [
    ("metadata.google.internal", "metadata service of Google Cloud"),
    ("metadata.goog", "metadata service of Google Cloud"),
    ("instance-data", "metadata service of AWS"),
    ("instance-data.ec2.internal", "metadata service of AWS"),
    ("metadata.azure.internal", "metadata service of Azure"),
    ("metadata.tencentyun.com", "metadata service of Tencent Cloud"),
]
PUBLIC_NAMES = [
    ("litellm.example.com", "a name"),
    ("a.example", "a short name"),
    ("xn--bcher-kva.example", "a name that is encoded already"),
    ("bücher.example", "a name that needs encoding"),
    ("例え.テスト", "a name without a Latin letter"),
    ("127.evil.example", "only begins like loopback"),
    ("127.0.0.1.evil.example", "an address as the beginning of a name"),
    ("10.0.0.1.example.com", "an address as the beginning of a name"),
    ("0x7f.1.example", "begins like a hexadecimal number"),
    ("localhost.example.com", "only begins like localhost"),
    ("notlocalhost.example", "only contains localhost"),
    ("my.localhost.example", "contains localhost as a label"),
    ("local.example", "only begins like local"),
    ("notlocal.example", "contains local"),
    ("internal.example.com", "only begins like internal"),
    ("fd-host.example", "begins like a unique local address"),
    ("fc00.example", "begins like a unique local address"),
    ("fe80.example", "begins like a link-local address"),
    ("metadata.google.internal.example", "only begins like the metadata service"),
    ("metadata.example", "only begins like the metadata service"),
    ("169.254.169.254.nip.example", "the address which this gives is vetted when it is known"),
    ("_service.example", "an underscore, as some names have it"),
    ("1password.example", "begins with a digit"),
    ("3com.example", "begins with a digit"),
    ("a.b1", "ends with a digit, but not with a number"),
    ("a.0x7g", "ends like a number, but is none"),
]


def of_names() -> Iterator[Case]:
    for names, verdict in ((LOCAL_NAMES, "private"), (NEVER_NAMES, "never"), (PUBLIC_NAMES, "public")):
        for name, why in names:
            yield Case(name, verdict, why)
            yield Case(name.upper(), verdict, f"{why}; names are compared without case")
            yield Case(name + ".", verdict, f"{why}; a dot at the end changes nothing")


# ---- other characters for the same thing

LOOKALIKES = [
    Case("１２７.０.０.１", "private", "full-width digits are digits after encoding: loopback"),
    Case("①②⑦.⓪.⓪.①", "private", "digits in circles are digits after encoding: loopback"),
    Case("127。0。0。1", "private", "ideographic dots are dots after encoding: loopback"),
    Case("127．0．0．1", "private", "full-width dots are dots after encoding: loopback"),
    Case("169。254。169。254", "never", "ideographic dots: metadata"),
    Case("１６９.２５４.１６９.２５４", "never", "full-width digits: metadata"),
    Case("ｌｏｃａｌｈｏｓｔ", "private", "full-width letters: localhost"),
    Case("ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "private", "letters in circles: localhost"),
    Case("LOCALHOſT", "private", "a long s is an s after encoding: localhost"),
    Case("api。localhost", "private", "an ideographic dot: below localhost"),
    Case("ｍｅｔａｄａｔａ.google.internal", "never", "full-width letters: metadata service"),
    Case("０ｘ７ｆ.１", "odd", "full-width hexadecimal"),
    Case("２１３０７０６４３３", "odd", "one full-width number"),
    Case("lоcalhost.example", "public", "a Cyrillic o makes another name"),
    Case("١٢٧.٠.٠.١", "public", "Arabic digits are no digits of an address: another name"),
    Case("local\u00adhost", "private", "a soft hyphen is left out in encoding: localhost"),
    Case("local\u200bhost", "private", "a blank without width is left out in encoding: localhost"),
    Case("good.example\u2044evil", "public", "a fraction slash is encoded: another name"),
    Case("good.example\uff20evil", "odd", "a full-width @"),
    Case("good.example\u2100evil", "odd", "a sign whose compatibility form holds a slash"),
    Case("\ud800.example", "odd", "half of a character"),
    Case("xn--.example", "odd", "an encoded label without content"),
]

CASES = [*of_blocks(), *ADDRESSES, *of_embedded(), *of_spellings(), *ODD, *of_names(), *LOOKALIKES]
