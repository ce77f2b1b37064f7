"""The forms of a proxy's base URL."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from ..errors import UsageError

_EXAMPLE = "Write it like http://localhost:4000 or https://litellm.example.com."


def normalize_base_url(text: str) -> str:
    """The root of a proxy's API, from any form that people write.

    ``http://h:4000``, ``http://h:4000/``, ``…/v1``, ``…/v1/`` and ``…/v1/models`` are all ``http://h:4000``; a path prefix
    (a proxy behind ``https://host/llm``) is kept. Fact: LiteLLM serves ``/models`` and ``/v1/models`` alike.

    Raises:
        UsageError: it is not an http or https URL, has a user name or password, a query or a fragment.
    """
    stripped = text.strip()
    if any(character <= " " or character == "\x7f" for character in stripped):
        raise UsageError(f"{stripped!r} is not a URL: it has a blank or a control character.", hint=_EXAMPLE)
    try:
        parts = urlsplit(stripped)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{stripped!r} is not a URL: {error}.", hint=_EXAMPLE) from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{stripped!r} is not an http or https URL.", hint=_EXAMPLE)
    if "]" in parts.netloc and parts.netloc.rpartition("]")[2][:1] not in ("", ":"):
        raise UsageError(f"{stripped!r} has text after the IPv6 address.", hint=_EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "The base URL must not hold a user name or a password.", hint="Give the key apart from the URL."
        )
    if parts.query or parts.fragment:
        raise UsageError("The base URL must not have a query or a fragment.", hint=_EXAMPLE)
    path = parts.path.rstrip("/")
    for ending in ("/models", "/chat/completions", "/v1"):
        path = path.removesuffix(ending).rstrip("/")
    host = parts.hostname
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return urlunsplit((parts.scheme.lower(), netloc, path, "", ""))


def written_base_url(text: str) -> str:
    """The form for fased.json: with ``/v1``, as Fased writes it itself."""
    return normalize_base_url(text) + "/v1"
