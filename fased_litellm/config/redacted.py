"""Which values of a config are secrets, and a stand-in for each that may be written back.

Fact: Fased's ``src/config/redact-snapshot.ts`` and ``schema.hints.ts``. A text is a secret by the name of its key, or of a key around
it; ``${NAME}`` alone and the parts of a reference to a secret are none. Here the names of HTTP headers that carry one count too, and
the section ``secrets``, which says where secrets are, does not make secrets of all that is in it.
In ``headers`` more names are taken for secret ones, and so is what looks like a credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError
from ..redaction import remember
from .keypath import KeyPath, dotted

SENTINEL = "__FASED_REDACTED__"
"""What stands for a secret. Written back, it means the value that is there already."""

_SENSITIVE = re.compile(r"token$|password|secret|api.?key|serviceaccount(?:ref)?$|authorization|cookie", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?:max(?:output|input|completion)?tokens|contexttokens|totaltokens|tokencount|tokenlimit|tokenbudget|passwordfile)$",
    re.IGNORECASE,
)
_HEADER = r"(?i)key|token|secret|passw|auth|cookie|credential|session|signature|jwt|assertion"
_CREDENTIAL = r"(?is)(?:bearer|basic|token)\s.*|sk-.*|(?=\S*\d)(?=\S*[A-Za-z])\S{24,}"
_PLACEHOLDER = re.compile(r"\s*(?:(?:bearer|basic|token)\s+)?\$\{[^}]*\}\s*", re.IGNORECASE)
_REFERENCE = frozenset({"source", "provider", "id"})


def secrets_in(value: Any, path: KeyPath = (), *, inside: bool = False) -> Iterator[tuple[KeyPath, str]]:
    """Every secret below a value, with its place.

    Args:
        value: any part of a config.
        path: where it is.
        inside: whether a key around it makes secrets of all texts.
    """
    if isinstance(value, str):
        if inside and not _PLACEHOLDER.fullmatch(value):
            yield path, value
    elif isinstance(value, dict):
        if inside and value.keys() <= _REFERENCE and "source" in value:
            return
        for key, item in value.items():
            below = (*path, key)
            secret = _is_sensitive(key) or (path[-1:] == ("headers",) and is_secret_header(key, item))
            yield from secrets_in(item, below, inside=inside or (secret and below != ("secrets",)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secrets_in(item, (*path, index), inside=inside)


def is_secret_header(name: str, value: Any) -> bool:
    """Whether a header of a provider holds a secret, by its name, or as its value looks."""
    if re.search(_HEADER, name) is not None:
        return True
    return isinstance(value, str) and re.fullmatch(_CREDENTIAL, value.strip()) is not None


def remember_secrets(value: Any) -> None:
    """Have every secret of a config hidden from now on, also where it follows on a scheme, as in ``Bearer sk-…``."""
    for _, secret in secrets_in(value):
        remember(secret)
        scheme, _, credential = secret.strip().partition(" ")
        if scheme.lower() in ("bearer", "basic", "token"):
            remember(credential.strip())


def is_secret_place(path: KeyPath) -> bool:
    """Whether a text at this place would be a secret."""
    return any(
        _is_sensitive(part) for part in (path[1:] if path[:1] == ("secrets",) else path) if isinstance(part, str)
    )


def redacted(tree: Any) -> Any:
    """A copy of a config in which the sentinel stands for each secret."""
    return _with_sentinels(tree, {path for path, _ in secrets_in(tree)}, ())


def _with_sentinels(value: Any, places: set[KeyPath], path: KeyPath) -> Any:
    if path in places:
        return SENTINEL
    if isinstance(value, dict):
        return {key: _with_sentinels(item, places, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_sentinels(item, places, (*path, index)) for index, item in enumerate(value)]
    return value


def restored(value: Any, stored: Any, path: KeyPath) -> Any:
    """A new value in which each sentinel is replaced by what is stored at its place.

    Args:
        value: what is to be written.
        stored: what is written there now; None for nothing.
        path: where that is.

    Raises:
        ConfigError: the sentinel stands where no text is stored, so that it would become the value itself.
    """
    if value == SENTINEL:
        if isinstance(stored, str) and stored != SENTINEL:
            return stored
        raise ConfigError(
            f'Sentinel value "{SENTINEL}" in key {dotted(path) or "<root>"} is not valid as real data.',
            hint="It stands for a secret that is stored there already, and there is none. Nothing was written.",
        )
    if isinstance(value, dict):
        below = stored if isinstance(stored, dict) else {}
        return {key: restored(item, below.get(key), (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        elements = dict(enumerate(stored)) if isinstance(stored, list) else {}
        return [restored(item, elements.get(index), (*path, index)) for index, item in enumerate(value)]
    return value


def _is_sensitive(key: str) -> bool:
    return _SENSITIVE.search(key) is not None and _HARMLESS.search(key) is None
