"""Keys that stand behind the one in use: what a refused key may have been replaced by."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ..errors import CallError, FasedError, SecretError
from ..paths import Paths
from ..refs import PROVIDER
from .lookup import ResolvedKey, config_key, env_key, env_variable, profile_order, resolve_key, stores, value_of

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

E = TypeVar("E", bound=CallError)

REFUSED = frozenset(
    {
        "key-blocked",
        "key-expired",
        "key-malformed",
        "key-no-database",
        "key-unknown",
        "key-wrong-kind",
        "unauthorized",
    }
)
"""Causes for which another key may be the remedy."""


def shadowed(
    snapshot: ConfigSnapshot, paths: Paths, used: ResolvedKey, *, agent: str | None = None
) -> list[ResolvedKey]:
    """The other keys of the provider that are there and differ from the one in use, each once."""
    found: dict[str, ResolvedKey] = {}
    for key in _all(snapshot, paths, agent):
        if key.value != used.value:
            found.setdefault(str(key.value), key)
    return list(found.values())


def words(used: ResolvedKey, others: list[ResolvedKey]) -> str | None:
    """What is to be said of them; None if there are none."""
    if not others:
        return None
    listed = ", ".join(f"{key.masked} in {place(key)}" for key in others)
    text = f"The key in use is {used.masked} from {place(used)}; another one, which is not used, is {listed}."
    variable = env_variable(PROVIDER)
    if any(key.kind == "env" for key in others):
        return f"{text} To use that of {variable}: fased litellm key set --from-env {variable} --key-storage profile"
    if used.kind == "env":
        return f"{text} To use that, unset {variable}."
    return text


def enrich(snapshot: ConfigSnapshot, paths: Paths, error: E, *, agent: str | None = None) -> E:
    """The error of a refused key with the place where the key is, and which other ones there are."""
    if error.cause not in REFUSED:
        return error
    with suppress(FasedError):
        used = resolve_key(snapshot, paths, PROVIDER, agent=agent)
        variable = env_variable(PROVIDER)
        hint = error.hint or ""
        if used.detail != variable:
            hint = hint.replace(f"Check {variable}", f"Check {place(used)}")
        said = words(used, shadowed(snapshot, paths, used, agent=agent))
        said = said or f"The key in use is {used.masked} from {place(used)}."
        if said not in hint:
            error.hint = f"{hint} {said}".strip()
    return error


def place(key: ResolvedKey) -> str:
    """Where a key is, in words."""
    return f"the profile {key.detail}" if key.kind == "profiles" else key.detail


def _all(snapshot: ConfigSnapshot, paths: Paths, agent: str | None) -> Iterator[ResolvedKey]:
    store = stores(snapshot, paths, agent)
    for credential in profile_order(snapshot.value, store, PROVIDER, now_ms=time.time() * 1000):
        with suppress(SecretError):
            yield value_of(credential, snapshot)
    if (in_env := env_key(snapshot)) is not None:
        yield in_env
    with suppress(SecretError):
        if (in_config := config_key(snapshot)) is not None:
            yield in_config
