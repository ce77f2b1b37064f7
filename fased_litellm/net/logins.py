"""Logins and firewalls that stand before a proxy: how a redirect to one is told from a proxy that has moved. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs

from ..errors import BadAnswer

REMEDY = (
    "Something before the proxy wants credentials of its own: a login (such as Cloudflare Access or an oauth2-proxy), or a"
    " firewall. Give the headers that it asks of programs: fased onboard --auth-choice litellm-api-key --header NAME=VALUE, which"
    " sets models.providers.litellm.headers."
)
CAUSE = "login-before-proxy"

_HOST = re.compile(
    r"(?:^|\.)(?:cloudflareaccess\.com|login\.microsoftonline\.(?:com|us)|accounts\.google\.com|okta(?:preview)?\.com"
    r"|auth0\.com|onelogin\.com|duosecurity\.com|pingidentity\.com|amazoncognito\.com|b2clogin\.com|awsapps\.com)$"
    r"|^(?:login|signin|sign-in|logon|auth|authenticate|oauth2?|sso|idp|accounts?|identity|keycloak|authelia|authentik)[.-]",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"/cdn-cgi/access/|/oauth2?/|/saml2?(?:/|$)|/openid-connect/|/adfs/|/outpost\.goauthentik\.io/|/_oauth|/\.pomerium/"
    r"|/(?:login|log-in|signin|sign_in|sign-in|logon|authorize|sso)(?:[/.;]|$)",
    re.IGNORECASE,
)
_QUERY = {
    "client_id",
    "redirect_uri",
    "response_type",
    "samlrequest",
    "relaystate",
    "redirect_url",
    "return_to",
    "rd",
    "next",
}


def is_login(there: SplitResult, *, elsewhere: bool) -> bool:
    """Whether a redirect leads to where somebody is to log in.

    Args:
        there: where it leads.
        elsewhere: whether that is another origin; a host's name counts for such a one alone.
    """
    if _PATH.search(there.path or "/"):
        return True
    if not elsewhere:
        return False
    asked = {name.lower() for name in parse_qs(there.query, keep_blank_values=True, max_num_fields=100)}
    return _HOST.search(there.hostname or "") is not None or bool(asked & _QUERY)


def wanted(what: str, *, status: int | None = None) -> BadAnswer:
    """The error of a request that ended at a login; ``status`` is that of an answer which was its page."""
    return BadAnswer(what, cause=CAUSE, origin="network", hint=REMEDY, status=status)
