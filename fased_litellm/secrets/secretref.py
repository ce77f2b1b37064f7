"""Resolve a SecretRef: the place-holder ``{source, provider, id}`` that may stand where a secret is wanted.

Fact: Fased's ``src/config/types.secrets.ts`` and ``src/secrets/resolve.ts``. Each source has a module of its own; a reference
of the source ``exec`` to this very program is answered from the keyring without starting it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config.agents import section
from ..config.interpolation.environment import for_keys
from ..errors import SecretError
from ..redaction import remember
from . import keyring_store, ownprogram


def resolve(ref: Mapping[str, str], config: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """The secret which a reference stands for.

    Args:
        ref: ``source``, ``provider`` and ``id``.
        config: the config's tree, for ``secrets.providers``.
        env: the effective environment.

    Raises:
        SecretError: it does not resolve; names the reference, never a value.
    """
    ref = {"provider": "default", **ref}
    provider = _provider(ref, config)
    try:
        secret = _value(ref, provider, env)
    except SecretError as error:
        raise SecretError(f"{describe(ref)}: {error.message}", hint=error.hint) from None
    if isinstance(secret, str):
        remember(secret)
    if not isinstance(secret, str) or not secret.strip():
        raise SecretError(f"{describe(ref)}: the value there is empty or not a string.")
    return secret.strip()


def describe(ref: Mapping[str, str]) -> str:
    """A reference in words: ``env:default:LITELLM_API_KEY``."""
    return f"{ref['source']}:{ref.get('provider', 'default')}:{ref['id']}"


def in_keyring(ref: Mapping[str, str] | None, config: Mapping[str, Any]) -> str | None:
    """The id in the OS keyring which a reference leads to by way of this program; None for all other references."""
    if ref is None or ref.get("source") != "exec":
        return None
    provider = section(config, "secrets", "providers", ref.get("provider", "default"))
    return ref["id"] if ownprogram.answers_from_keyring(provider) else None


def _provider(ref: Mapping[str, str], config: Mapping[str, Any]) -> Mapping[str, Any]:
    alias, source = ref["provider"], ref["source"]
    provider = section(config, "secrets", "providers").get(alias)
    if not isinstance(provider, Mapping):
        if source == "env" and alias in ("default", section(config, "secrets", "defaults").get("env", "default")):
            return {"source": "env"}
        raise SecretError(
            f"{describe(ref)}: secrets.providers.{alias} is not configured.",
            hint="Add it to fased.json, or correct the name.",
        )
    if provider.get("source") != source:
        raise SecretError(f"{describe(ref)}: secrets.providers.{alias} has another source than {source}.")
    return provider


def _value(ref: Mapping[str, str], provider: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    source = ref["source"]
    if source == "env":
        return _from_env(ref, provider, env)
    if source == "file":
        from . import filesecret

        return filesecret.resolve(ref, provider, env)
    if source == "exec":
        if ownprogram.is_own(provider):
            return _from_keyring(ref["id"])
        from . import execsecret

        return execsecret.resolve(ref, provider, env)
    raise SecretError(f"there is no source {source!r}.", hint="Sources: env, file, exec.")


def _from_env(ref: Mapping[str, str], provider: Mapping[str, Any], env: Mapping[str, str]) -> str:
    allowed = provider.get("allowlist")
    if isinstance(allowed, list) and ref["id"] not in allowed:
        raise SecretError(
            f"the variable is not in secrets.providers.{ref['provider']}.allowlist.",
            hint=f"Add {ref['id']} to that list.",
        )
    value = for_keys(env).get(ref["id"], "").strip()
    if not value:
        raise SecretError(f"the variable {ref['id']} is not set.", hint=f"Export {ref['id']}.")
    return value


def _from_keyring(user: str) -> str:
    key = keyring_store.get(user)
    if key is None:
        raise SecretError(
            f"the OS keyring has no {user} of {keyring_store.SERVICE}.", hint="`fased litellm key set` puts one there."
        )
    return key
