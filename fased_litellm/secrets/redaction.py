"""One redaction for everything that is printed, logged, stored or raised."""

from __future__ import annotations

import re

_known: set[str] = set()
MASK = "***"

# Keys as LiteLLM and the big providers write them, also where the proxy quotes a part of one or a key's hash.
_PATTERNS = (
    re.compile(r"\bsk-[A-Za-z0-9_\-]{6,}"),
    re.compile(r"(?i)(?<=bearer )[^\s\"',}]+"),
    re.compile(r"(?i)(?<=key hash \(token\) =)\s*[0-9a-f]{16,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)


def remember(secret: str | None) -> None:
    """Have ``secret`` replaced wherever it turns up from now on. Texts under 6 characters are too common for that."""
    if secret and len(secret) >= 6:
        _known.add(secret)


def redact(text: str) -> str:
    """``text`` without the secrets that are known and without what looks like one."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return text


def mask(secret: str) -> str:
    """A form of ``secret`` by which its owner knows it: ``sk-…3f9a``; short ones are hidden whole."""
    if len(secret) < 12:
        return MASK
    return f"{secret[:3]}…{secret[-4:]}"
