"""What goes wrong on the way to an origin, as a table: cause, error code, origin, what happened, remedy.

The exceptions themselves are made in ``errors`` and its neighbours, mostly with a hint that knows more of the case. A
program of another kind says the same in other words; ``words`` are those by which it is recognised in a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import Origin
from . import logins


@dataclass(frozen=True, slots=True)
class NetworkCause:
    """One row.

    Attributes:
        cause: short name.
        code: ``code`` of the exception.
        origin: whose side it broke on.
        what: what happened.
        remedy: what to do.
        words: pattern of what programs say then: ours, httpx, the OpenAI SDK, curl, Node's fetch.
    """

    cause: str
    code: str
    origin: Origin
    what: str
    remedy: str
    words: str


NETWORK_CAUSES = (
    NetworkCause(
        "address-blocked",
        "address-blocked",
        "caller",
        "the address is private and `request.allowPrivateNetwork` is not true, or it is refused under any setting",
        "Set models.providers.litellm.request.allowPrivateNetwork to true in fased.json if this proxy is yours.",
        r"Blocked: |Blocked hostname or private",
    ),
    NetworkCause(
        "bad-host",
        "address-blocked",
        "caller",
        "the host of the base URL is not a host name",
        "Correct the base URL.",
        r"is not a host name|is not a URL:|Invalid URL '",
    ),
    NetworkCause(
        "http-proxy",
        "connect-failed",
        "network",
        "the HTTP proxy named in the environment (`HTTPS_PROXY` and the like) cannot reach it",
        "Correct HTTPS_PROXY (HTTP_PROXY, ALL_PROXY), or name the host of the base URL in NO_PROXY to ask it directly.",
        r"cannot reach|httpx\.ProxyError|Tunnel connection failed|407 Proxy Authentication|CONNECT tunnel failed",
    ),
    NetworkCause(
        "dns",
        "connect-failed",
        "network",
        "the host name does not resolve",
        "Correct the base URL, or check the name server.",
        r"does not resolve|Name or service not known|nodename nor servname|name resolution|ENOTFOUND|EAI_AGAIN"
        r"|NameResolutionError|Could not resolve host|No address associated with hostname",
    ),
    NetworkCause(
        "tls-client-certificate",
        "tls-failed",
        "network",
        "the proxy, or a server in front of it, requires a client certificate, or does not accept the given one",
        "Name the PEM file of the client certificate in SSL_CLIENT_CERT, and that of its key in SSL_CLIENT_KEY.",
        r"CERTIFICATE_REQUIRED|certificate required|wants a client certificate|[Cc]lient certificate cannot be used"
        r"|No required SSL certificate|The SSL certificate error",
    ),
    NetworkCause(
        "tls-host-name",
        "tls-failed",
        "network",
        "the certificate is for another host name",
        "The certificate is for another host than the one in the base URL. Write the name that is in it, or have it made for this one.",
        r"[Hh]ost ?name mismatch|IP address mismatch|certificate is not valid for|ERR_TLS_CERT_ALTNAME_INVALID"
        r"|does not match (?:target host|certificate)|no alternative certificate subject name",
    ),
    NetworkCause(
        "tls-expired",
        "tls-failed",
        "network",
        "the certificate has expired, or is not valid yet",
        "The certificate has expired. The owner of the proxy has to renew it; or the clock of this machine is wrong.",
        r"certificate has expired|CERT_HAS_EXPIRED|certificate is not yet valid|CERT_NOT_YET_VALID",
    ),
    NetworkCause(
        "tls-trust-file",
        "tls-failed",
        "network",
        "the certificate is not trusted, and the file in SSL_CERT_FILE is not there or holds no certificate",
        "Correct SSL_CERT_FILE: OpenSSL passes over a file that is not there, without a word.",
        r"SSL_CERT_FILE names",
    ),
    NetworkCause(
        "tls",
        "tls-failed",
        "network",
        "the TLS handshake failed",
        "Check scheme and host of the base URL, and the certificate: name its authority in SSL_CERT_FILE if it is your own.",
        r"CERTIFICATE_VERIFY_FAILED|SSLError|\[SSL|SSL routines|self[- ]signed certificate|WRONG_VERSION_NUMBER"
        r"|UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|TLS with|SSL certificate problem",
    ),
    NetworkCause(
        "connect-timeout",
        "timed-out",
        "network",
        "no connection in time",
        "Check the address, the network and any firewall between here and the proxy.",
        r"ConnectTimeout|UND_ERR_CONNECT_TIMEOUT|No connection to .{1,200} within|ETIMEDOUT|Connection timed out",
    ),
    NetworkCause(
        "connect-refused",
        "connect-failed",
        "network",
        "nothing listens there",
        "Start the proxy there (`fased litellm up` starts a local one), or correct the base URL.",
        r"ECONNREFUSED|Connection refused|Connect call failed|Nothing answers at|All connection attempts failed"
        r"|APIConnectionError: Connection error|NewConnectionError|Couldn't connect to server"
        r"|EHOSTUNREACH|ENETUNREACH|No route to host|Network is unreachable",
    ),
    NetworkCause(
        "timeout",
        "timed-out",
        "network",
        "connected, but no answer in time, or none that went on in time",
        "The proxy or its provider is slow; the request may have been carried out.",
        r"APITimeoutError|ReadTimeout|WriteTimeout|Request timed out|read operation timed out|did not answer within"
        r"|did not finish in time|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|Operation timed out",
    ),
    NetworkCause(
        "bad-header",
        "network",
        "caller",
        "the key, or a configured header, holds characters that HTTP does not allow; nothing was sent",
        "Check the key (no line break, no control character) and the headers of the provider in fased.json.",
        r"holds characters which HTTP does not allow|Illegal header value|Invalid header value|ERR_INVALID_CHAR",
    ),
    NetworkCause(
        logins.CAUSE,
        "bad-answer",
        "network",
        "a login or a firewall before the proxy answers in its place: it redirects to a page to log in, shows one, or refuses with a"
        " page of its own",
        logins.REMEDY,
        r"where somebody is to log in|a web page to log in|to a web page of another host",
    ),
    NetworkCause(
        "redirected",
        "bad-answer",
        "caller",
        "the address redirects to where the request is not sent: to another origin with the key or the conversation, in a loop, "
        "more than three times",
        "Put the final address of the proxy into the base URL.",
        r"which is not followed|TooManyRedirects|redirect count exceeded",
    ),
    NetworkCause(
        "connection-lost",
        "network",
        "network",
        "the connection broke off before the answer was whole",
        "See the log of the proxy; the request may have been carried out.",
        r"ECONNRESET|EPIPE|Connection reset|Broken pipe|socket hang up|Server disconnected|peer closed connection"
        r"|incomplete chunked read|Remote end closed|other side closed|UND_ERR_SOCKET|The connection to .{1,200} broke"
        r"|Empty reply from server|terminated by other side",
    ),
    NetworkCause(
        "not-http",
        "bad-answer",
        "network",
        "what answers there does not speak HTTP",
        "Check scheme, host and port of the base URL: another program listens there, or it wants https.",
        r"does not speak HTTP|illegal status line|BadStatusLine|HPE_INVALID|Received HTTP/0\.9",
    ),
    NetworkCause(
        "too-large",
        "bad-answer",
        "network",
        "the answer is larger than is read",
        "Check the base URL: a LiteLLM proxy hardly answers like this. A very long reply may come as a stream.",
        r"are larger than 100 KiB|is larger than \d+ bytes|has a line of more than \d+ bytes",
    ),
    NetworkCause(
        "bad-answer",
        "bad-answer",
        "network",
        "the answer is compressed, though none was asked for, or longer than it says",
        "Check the server in front of the LiteLLM proxy: it has to honour `Accept-Encoding: identity`.",
        r"is compressed \(|longer than its Content-Length",
    ),
    NetworkCause(
        "not-litellm",
        "bad-answer",
        "caller",
        "an answer which no LiteLLM proxy gives, such as an HTML page",
        "Correct the base URL: it is the root of the proxy's API, like http://localhost:4000.",
        r"this is not a LiteLLM proxy|The answer is (?:an HTML page|something that is not a chat completion)",
    ),
)
"""The surer words stand first."""


def network_cause_in(text: str) -> NetworkCause | None:
    """The row whose words a text has, None if it has none."""
    return next((way for way in NETWORK_CAUSES if re.search(way.words, text)), None)


def network_cause_of(cause: str) -> NetworkCause | None:
    """The row with this cause."""
    return next((way for way in NETWORK_CAUSES if way.cause == cause), None)


def remedy(cause: str) -> str:
    """What to do, in the words that hold for every case of a cause."""
    return next(way.remedy for way in NETWORK_CAUSES if way.cause == cause)
