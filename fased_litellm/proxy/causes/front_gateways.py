"""What stands before the proxy and refuses a request itself: a login, a firewall, an API gateway.

Facts: Cloudflare answers with a page and `cf-ray` (a challenge has `cf-mitigated`), Google's IAP with a plain text and
`x-goog-iap-generated-response`, AWS API Gateway, Azure API Management and Kong with JSON in words that LiteLLM does not have.
LiteLLM's own refusals are always JSON.
"""

from __future__ import annotations

from ...net.logins import CAUSE, REMEDY
from .rule import Rule

RULES = (
    Rule(CAUSE, "network", REMEDY, header="cf-mitigated"),
    Rule(CAUSE, "network", REMEDY, header="x-goog-iap-generated-response"),
    Rule(CAUSE, "network", REMEDY, statuses=(401, 403, 407, 511), only="foreign"),
    Rule(CAUSE, "network", REMEDY, statuses=(401, 403, 407, 511), message=r"^an HTML page$", only="own"),
    Rule(
        CAUSE,
        "network",
        REMEDY,
        statuses=(401, 403),
        message=r"(?i)missing subscription key|invalid subscription key|^No API key found in request$|Missing Authentication Token"
        r"|Invalid IAP credentials",
        only="own",
    ),
)
