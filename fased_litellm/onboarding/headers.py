"""Headers for the provider as they are typed: ``NAME=VALUE``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..config.redacted import remember_secrets
from ..errors import UsageError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Fact: RFC 9110, section 5.6.2: a token."""

_OURS = {
    "authorization": "The proxy's key goes there; give it with --litellm-api-key, or in LITELLM_API_KEY.",
    "connection": "It belongs to the connection.",
    "content-length": "It belongs to the request.",
    "content-type": "It belongs to the request.",
    "host": "It follows from the base URL.",
    "transfer-encoding": "It belongs to the request.",
}


def parse_headers(texts: Iterable[str]) -> dict[str, str]:
    """The headers of ``--header``, by name.

    Args:
        texts: each ``NAME=VALUE``; the value may have ``${VAR}`` in it.

    Raises:
        UsageError: one is not of that form, cannot be a header, or is there twice.
    """
    headers: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            # What was typed may be the secret itself, and is not repeated.
            hint = "Use an equals sign instead of the colon." if ":" in text else "For example x-team=research."
            raise UsageError("--header wants NAME=VALUE.", hint=hint)
        if not _NAME.fullmatch(name):
            raise UsageError(
                "--header: the text before the equals sign cannot be the name of a header.",
                hint="Letters, digits and hyphens, such as CF-Access-Client-Id.",
            )
        remember_secrets({"headers": {name: value}})
        if name.lower() in _OURS:
            raise UsageError(f"--header: {name} cannot be set.", hint=_OURS[name.lower()])
        if not value or not value.isascii() or not value.isprintable():
            raise UsageError(
                f"--header: the value of {name} is empty, or holds a line end, a control character or one outside ASCII.",
                hint="Give the value alone, on one line.",
            )
        if name.lower() in (known.lower() for known in headers):
            raise UsageError(f"--header: {name} is given twice.", hint="Give it once.")
        headers[name] = value
    return headers
