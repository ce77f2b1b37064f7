"""Which redirects are followed, and with what; no I/O.

A ``GET`` is followed three times at most. An origin is scheme, host and port, and the configured one is trusted with three
things: the key, the configured headers, and the permission to be private. None of them goes along to another origin, which is
vetted like any address, and none comes back on the way. A ``POST`` carries the conversation, so it is repeated within its origin only, and only where the status asks for
the same request (307, 308). No redirect leads from https to http.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ..errors import AddressBlocked, BadAnswer
from . import logins
from .addresses import normalize_host
from .messages import Limits, Request

STATUSES = frozenset((301, 302, 303, 307, 308))
MOST = 3
_HARMLESS = ("accept", "user-agent")
_PORTS = {"http": 80, "https": 443}
LITERAL = "%/:?=&+,;@!$'()*~[]"


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a redirect leads.

    Attributes:
        origin: scheme, host and port, as a base URL.
        request: what to send there; the target holds the whole path.
        allow_private_network: whether the origin may be private.
    """

    origin: str
    request: Request
    allow_private_network: bool


def next_hop(url: str, request: Request, status: int, location: str, *, allow_private: bool, since: float) -> Hop:
    """The next request.

    Args:
        url: the URL that answered.
        request: what it was sent.
        status: one of ``STATUSES``.
        location: the header, empty for none.
        allow_private: whether the origin of ``url`` may be private.
        since: when the request was sent, by ``time.monotonic()``.

    Raises:
        BadAnswer: this redirect is not followed.
    """
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
        ends = _origin(here), _origin(there)
    except ValueError:
        raise _refused(url, "", "the address is malformed") from None
    shown = _shown(there)
    if not location:
        raise _refused(url, "", "it does not say where to")
    if there.scheme not in _PORTS or not there.hostname:
        raise _refused(url, shown, "that is no http or https address")
    if there.username is not None or there.password is not None:
        raise _refused(url, shown, "the address holds a user name")
    if (here.scheme, there.scheme) == ("https", "http"):
        raise _refused(url, shown, "that would give up TLS")
    trail = (*request.came_from, url)
    if len(trail) > MOST:
        raise _refused(url, shown, f"{MOST} redirects were followed already")
    target = quote(there.path or "/", safe=LITERAL) + (f"?{quote(there.query, safe=LITERAL)}" if there.query else "")
    if there._replace(fragment="").geturl() in trail:
        raise _refused(url, shown, "that is a loop")
    same_origin = ends[0] == ends[1]
    if logins.is_login(there, elsewhere=not same_origin):
        raise logins.wanted(f"{_shown(urlsplit(url))} redirects to {shown}, where somebody is to log in.")
    if request.method != "GET" and not (same_origin and status in (307, 308)):
        raise _refused(url, shown, "a request with content is not repeated there")
    onward = replace(request, target=target, came_from=trail, limits=_remaining(request, since))
    if not same_origin:
        harmless = {name: value for name, value in request.headers.items() if name in _HARMLESS}
        onward = replace(onward, headers=harmless, stripped=True)
    scheme, host, port = ends[1]
    origin = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    return Hop(origin, onward, allow_private and same_origin)


def check(request: Request, status: int, headers: Mapping[str, str]) -> None:
    """Refuse an answer which only says that the way there was wrong.

    Raises:
        BadAnswer: the other origin wants a key, or shows a web page (to log in, mostly).
    """
    start, end = request.came_from[0], request.came_from[-1]
    if request.stripped and status in (401, 403):
        raise _refused(start, "", f"the answer there is {status}, and the key is not sent to another origin")
    if headers.get("content-type", "").startswith("text/html"):
        if request.stripped:
            raise logins.wanted(
                f"{_shown(urlsplit(start))} redirects to a web page of another host, {_shown(urlsplit(end))}."
            )
        raise _refused(end, "", "a web page is there")


def blocked(url: str, hop: Hop, error: AddressBlocked) -> AddressBlocked:
    """The exception for a redirect to an address that is refused."""
    there = f"{hop.origin}, which is refused" if hop.origin.isprintable() else "an address that is refused"
    alone = "" if hop.allow_private_network else " Only the origin of the base URL itself may be allowed to be private."
    return AddressBlocked(
        f"{_shown(urlsplit(url))} redirects to {there}. {error.message}{alone}",
        cause="address-blocked",
        hint="If that address is your proxy, make it the base URL.",
    )


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port, each in one spelling.

    Raises:
        ValueError: the host or the port is none.
    """
    try:
        host = normalize_host(parts.hostname or "")
    except AddressBlocked:
        raise ValueError(parts.hostname) from None
    with contextlib.suppress(ValueError):
        host = str(ipaddress.ip_address(host))
    port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    if port == 0:
        raise ValueError(port)
    return parts.scheme, host, port or 0


def _remaining(request: Request, since: float) -> Limits:
    total_s = request.limits.total_s
    if total_s is None:
        return request.limits
    return replace(request.limits, total_s=max(total_s - (time.monotonic() - since), 0.001))


def _shown(parts: SplitResult) -> str:
    """A URL without what may be secret in it: user, query and fragment."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _refused(url: str, to: str, why: str) -> BadAnswer:
    where = f" to {to}" if to else ""
    return BadAnswer(
        f"{_shown(urlsplit(url))} redirects{where}, which is not followed: {why}.",
        cause="redirected",
        origin="caller",
        hint="Put the final address of the proxy into the base URL.",
    )
