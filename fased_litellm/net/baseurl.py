"""The parts of a base URL as they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from ..errors import AddressBlocked
from .redirects import LITERAL

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL, in ASCII.

    Attributes:
        scheme: ``http`` or ``https``.
        host: name or address, without brackets.
        given_port: None for the scheme's own.
        prefix: path before every target, without a slash at its end.
    """

    scheme: str
    host: str
    given_port: int | None
    prefix: str

    @classmethod
    def of(cls, text: str) -> BaseUrl:
        """Read a base URL as ``proxy.urls.normalize_base_url`` gives it.

        Raises:
            AddressBlocked: it is no URL.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
            if parts.scheme not in _PORTS or not host:
                raise ValueError("it begins with http:// or https:// and a host")  # noqa: TRY301 - one handler for all
            if not host.isascii():
                import idna  # the codec of Python's own is older, and makes another host of some names

                host = idna.encode(host).decode("ascii")
        except ValueError as error:
            raise AddressBlocked(
                f"{text} is not a URL: {error}", cause="bad-host", hint="Correct the base URL."
            ) from None
        # Dots are resolved as a browser does it.
        path = urlsplit(urljoin(text, parts.path)).path if "/." in parts.path else parts.path
        given_port = None if port == _PORTS[parts.scheme] else port
        return cls(parts.scheme, host, given_port, quote(path, safe=LITERAL).rstrip("/"))

    @property
    def secure(self) -> bool:
        """Whether it is ``https``."""
        return self.scheme == "https"

    @property
    def port(self) -> int:
        """The port, whether it is given or not."""
        return self.given_port or _PORTS[self.scheme]

    @property
    def netloc(self) -> str:
        """Host and port as in the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.given_port is None else f"{host}:{self.given_port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.netloc}"
