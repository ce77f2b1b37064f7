"""The answering side of Fased's protocol for exec secret providers: ids in, keys from the keyring out. Pure.

Fact: the documents are those of Fased's ``src/secrets/resolve.ts``; an entry of ``errors`` is ``{"message": …}``. A program
that fails as a whole must end with a status other than 0, for which Fased shows no reason; ids that are not there are told
with status 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import jsontext
from ..errors import KeyringError, SecretError

PROTOCOL_VERSION = 1
MAX_BYTES = 5 * 1024 * 1024
"""The largest request that Fased can be configured to send (``secrets.resolution.maxBatchBytes``)."""


def ids_of(request: bytes) -> list[str]:
    """The ids that are asked for.

    Raises:
        SecretError: it is no request of this protocol.
    """
    if len(request) > MAX_BYTES:
        raise SecretError(f"The request is larger than {MAX_BYTES} bytes.")
    try:
        document = jsontext.loads(request)
    except jsontext.NotJson:
        raise SecretError("The request is not JSON.", hint=_HINT) from None
    if not isinstance(document, dict) or document.get("protocolVersion") != PROTOCOL_VERSION:
        raise SecretError(f"The request is not an object with protocolVersion {PROTOCOL_VERSION}.", hint=_HINT)
    ids = document.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise SecretError('The request has no list of "ids".', hint=_HINT)
    return list(dict.fromkeys(ids))


def answer(ids: list[str], get: Callable[[str], str | None]) -> dict[str, Any]:
    """The document with a key, or an error, for each id.

    Args:
        ids: what is asked for.
        get: gives the key of an id, None if there is none; may raise ``KeyringError``, after which it is not asked again.
    """
    values: dict[str, str] = {}
    errors: dict[str, Mapping[str, str]] = {}
    trouble: KeyringError | None = None
    for wanted in ids:
        try:
            found = None if trouble else get(wanted)
        except KeyringError as error:
            found, trouble = None, error
        if found is not None:
            values[wanted] = found
        elif trouble is not None:
            errors[wanted] = {"message": trouble.message}
        else:
            errors[wanted] = {"message": "not in the OS keyring; `fased litellm key set` puts it there"}
    return {"protocolVersion": PROTOCOL_VERSION, "values": values, "errors": errors}


def refusal(error: SecretError) -> dict[str, Any]:
    """The document for a request that was not understood."""
    return {"protocolVersion": PROTOCOL_VERSION, "values": {}, "errors": {}, "error": error.as_dict()}


_HINT = 'Send {"protocolVersion": 1, "provider": "…", "ids": ["…"]} on stdin; the Node agent does.'
