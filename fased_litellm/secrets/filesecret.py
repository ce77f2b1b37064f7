"""``{source: "file"}``: a secret in a file, alone or in JSON.

Fact: limits and rules are those of Fased's ``src/secrets/resolve.ts``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .. import jsontext
from ..errors import SecretError
from ..paths import expand
from .guarded import open_private
from .timelimit import TimeLimitExceeded, limited

TIMEOUT_MS = 5_000
MAX_BYTES = 1024 * 1024
SINGLE = "value"


def resolve(ref: Mapping[str, str], provider: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    """What stands in the file, at the place which the reference names.

    Raises:
        SecretError: the file may not be read, is too large, is too slow, or has no such place.
    """
    label = f"secrets.providers.{ref['provider']}"
    path = str(expand(str(provider.get("path", "")), env))
    timeout_ms = provider.get("timeoutMs") or TIMEOUT_MS
    max_bytes = provider.get("maxBytes") or MAX_BYTES
    try:
        data = limited(lambda: _read(path, f"{label}.path", max_bytes), timeout_ms / 1000)
    except TimeLimitExceeded:
        raise SecretError(f"{label}: {path} was not read within {timeout_ms} ms.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError(f"{label}: {path} is not UTF-8.") from None
    if provider.get("mode") == "singleValue":
        if ref["id"] != SINGLE:
            raise SecretError(f"{label} holds a single value, whose id is {SINGLE!r}, not {ref['id']!r}.")
        return text.removesuffix("\n").removesuffix("\r")
    try:
        tree = jsontext.loads(text)
    except jsontext.NotJson:
        # The parser's own words may quote the file.
        raise SecretError(f"{label}: {path} is not JSON.", hint='For a bare value, set mode: "singleValue".') from None
    if not isinstance(tree, dict):
        raise SecretError(f"{label}: {path} is not a JSON object.")
    return _at(tree, ref["id"], label)


def _read(path: str, label: str, max_bytes: int) -> bytes:
    descriptor = open_private(path, label=label)
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(max_bytes + 1)
        except OSError as error:
            raise SecretError(f"{label} cannot be read: {path} ({error.strerror}).") from None
    if len(data) > max_bytes:
        raise SecretError(f"{label}: {path} is larger than {max_bytes} bytes (maxBytes).")
    return data


def _at(tree: Any, pointer: str, label: str) -> Any:
    """The value at a JSON pointer (RFC 6901)."""
    if not pointer.startswith("/"):
        raise SecretError(f"{label} holds JSON, so an id is a pointer such as /litellm/apiKey, not {pointer!r}.")
    found = tree
    for part in pointer[1:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and key.isascii() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise SecretError(f"{label} has nothing at {pointer}.")
    return found
