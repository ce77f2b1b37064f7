"""What is left, by the status alone: the message said nothing that is known."""

from __future__ import annotations

from . import request
from .rule import Rule

RULES = (
    Rule(
        "tls-client-certificate",
        "network",
        "The server in front of the proxy requires a client certificate, or does not accept the given one. Name its PEM file in SSL_CLIENT_CERT, and that of its key in SSL_CLIENT_KEY.",
        (400, 403, 495, 496),
        message=r"^(?:No required SSL certificate was sent|The SSL certificate error)",
    ),
    request.BY_STATUS,
    Rule("unauthorized", "caller-key", "The proxy refused the key. Check LITELLM_API_KEY.", (401,)),
    Rule("forbidden", "caller-key", "The proxy refuses this to this key.", (403,)),
    Rule(
        "not-litellm",
        "caller",
        "No LiteLLM API at this address. Correct the base URL: it is the proxy's root, like http://localhost:4000.",
        (404, 405),
    ),
    Rule(
        "redirected",
        "caller",
        "The address redirects elsewhere; the key is not sent along. Put the final address into the base URL.",
        (301, 302, 303, 307, 308),
    ),
    Rule("gateway-timeout", "gateway", "The proxy gave up waiting. See its log, then try again.", (408, 504)),
    Rule("rate-limit", "provider", "Too many requests. Wait, then try again.", (429,)),
    Rule(
        "gateway-down",
        "gateway",
        "The proxy is not ready, or not running behind this address. See its log.",
        (502, 503),
    ),
    Rule("gateway-error", "gateway", "The proxy itself failed. See its log.", (500,)),
)
