"""HTTP proxies named in the environment (``HTTPS_PROXY`` and the like): the way out, not the LiteLLM proxy.

They are honoured for public hosts only: what is private, this machine above all, is asked directly. The guard comes first, so
a proxy opens no address that is refused. Only the environment of the process counts, no ``.env`` file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import UsageError
from .addresses import is_private_url

_PORTS = {"http": 80, "https": 443}
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class ForwardProxy:
    """The HTTP proxy for one origin.

    Attributes:
        url: its whole URL, with user and password where it has them.
        shown: the same without them, for messages.
        variable: where it stands.
    """

    url: str = field(repr=False)
    shown: str
    variable: str


def forward_proxy_for(url: str, environ: Mapping[str, str]) -> ForwardProxy | None:
    """The HTTP proxy through which a base URL is asked, None for none.

    Raises:
        UsageError: the variable names something that is no HTTP proxy.
    """
    named = {
        name.lower(): (name, value) for name, value in sorted(environ.items()) if name.lower() in _VARIABLES and value
    }
    if not named or is_private_url(url):
        return None
    parts = urlsplit(url)
    # Fact: servers hand a request header `Proxy:` to CGI programs as HTTP_PROXY, so it does not count there.
    if "REQUEST_METHOD" in environ and named.get("http_proxy", ("", ""))[0] == "HTTP_PROXY":
        del named["http_proxy"]
    variable, value = named.get(f"{parts.scheme}_proxy") or named.get("all_proxy") or ("", "")
    if not value or _bypassed(parts.hostname or "", parts.port or _PORTS[parts.scheme], environ):
        return None
    proxy = value if "://" in value else f"http://{value}"
    try:
        found = urlsplit(proxy)
        default = _PORTS[found.scheme]
        shown = f"{found.scheme}://{found.hostname}:{found.port or default}"
        usable = bool(found.hostname)
    except (KeyError, ValueError):
        usable = False
    if not usable:
        raise UsageError(
            f"{variable} does not name an HTTP proxy (http://host:port).",
            hint=f"Correct {variable}, or name the host of the base URL in NO_PROXY to ask it directly.",
        )
    return ForwardProxy(proxy, shown, variable)


def _bypassed(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` names a host: ``*``, or names (each with what is below it), with or without a port."""
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    host = host.lower().rstrip(".")
    for entry in (part.strip().lower() for part in listed.split(",")):
        name, _, number = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        name = name.strip("[]").removeprefix("*").strip(".")
        if entry == "*" or (name and (host == name or host.endswith("." + name)) and number in ("", str(port))):
            return True
    return False
