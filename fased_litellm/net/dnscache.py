"""To which addresses a host name is pinned: resolved once, all vetted, kept for a minute."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from typing import Any

from ..errors import ConnectFailed
from .addresses import Address, literal_address, normalize_host, vet_address, vet_host

CACHE_SECONDS = 60.0


class DnsCache:
    """The vetted addresses of one host.

    Resolving is left to the caller, who may do it blocking or not: ``cached()``, else ``resolve`` with ``query()`` and
    hand the answer to ``accept()``.
    """

    def __init__(self, host: str, port: int, *, allow_private: bool) -> None:
        self.host, self.port, self.allow_private = host, port, allow_private
        self._until = 0.0
        self._addresses: list[Address] = []
        self._literal: list[Address] | None = None

    def cached(self) -> list[Address] | None:
        """The addresses to connect to, or None if the name has to be resolved.

        Raises:
            AddressBlocked: the host spells out an address that is refused.
        """
        if self._literal is not None:
            return self._literal
        if time.monotonic() < self._until:
            return self._addresses
        address = literal_address(self.host)
        if address is None:
            return None
        vet_host(self.host, allow_private=self.allow_private)
        self._literal = [address]  # what is spelt out stays what it is: it is vetted once
        return self._literal

    def query(self) -> dict[str, Any]:
        """The arguments for ``getaddrinfo``.

        Raises:
            AddressBlocked: the name is refused before it is asked for.
        """
        vet_host(self.host, allow_private=self.allow_private)
        return {"host": normalize_host(self.host), "port": self.port, "type": socket.SOCK_STREAM}

    def accept(self, answer: Sequence[Any]) -> list[Address]:
        """Vet what ``getaddrinfo`` said, IPv4 first; one refused address refuses the name.

        Raises:
            AddressBlocked: an address is refused.
        """
        found = [ipaddress.ip_address(info[4][0].partition("%")[0]) for info in answer]
        addresses = sorted(dict.fromkeys(found), key=lambda address: address.version)
        for address in addresses:
            vet_address(address, host=self.host, allow_private=self.allow_private)
        self._until, self._addresses = time.monotonic() + CACHE_SECONDS, addresses
        return addresses

    def forget(self) -> None:
        """Resolve anew next time: the addresses did not answer."""
        self._until = 0.0

    def unresolved(self, error: OSError) -> ConnectFailed:
        """The exception for a name that does not resolve."""
        return ConnectFailed(
            f"The host name {self.host} does not resolve: {error.strerror or error}",
            cause="dns",
            hint="Correct the base URL, or check the name server.",
        )
