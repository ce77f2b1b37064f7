"""Resolve a SecretRef: the place-holder ``{source, provider, id}`` that may stand where a secret is wanted.

Fact: Fased's ``src/config/types.secrets.ts``. One function per source; a source is added to ``_RESOLVERS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..config.agents import section
from ..errors import SecretError
from .redaction import remember

Resolver = Callable[[Mapping[str, str], Mapping[str, Any], Mapping[str, str]], str]
"""(reference, config, environment) → the secret."""


def resolve(ref: Mapping[str, str], config: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """The secret which a reference stands for.

    Args:
        ref: ``source``, ``provider`` and ``id``.
        config: the config's tree, for ``secrets.providers``.
        env: the effective environment.

    Raises:
        SecretError: it does not resolve; names the reference, never a value.
    """
    resolver = _RESOLVERS.get(ref["source"])
    if resolver is None:
        raise SecretError(
            f"{describe(ref)}: this version of fased-litellm does not resolve {ref['source']!r} references.",
            hint="Use an env reference, or set LITELLM_API_KEY.",
        )
    secret = resolver(ref, config, env)
    remember(secret)
    return secret


def describe(ref: Mapping[str, str]) -> str:
    """A reference in words: ``env:default:LITELLM_API_KEY``."""
    return f"{ref['source']}:{ref.get('provider', 'default')}:{ref['id']}"


def _from_env(ref: Mapping[str, str], config: Mapping[str, Any], env: Mapping[str, str]) -> str:
    alias = ref.get("provider", "default")
    provider = section(config, "secrets", "providers").get(alias)
    usual = section(config, "secrets", "defaults").get("env", "default")
    if isinstance(provider, Mapping):
        if provider.get("source") != "env":
            raise SecretError(f"{describe(ref)}: secrets.providers.{alias} has another source than env.")
        allowed = provider.get("allowlist")
        if isinstance(allowed, list) and ref["id"] not in allowed:
            raise SecretError(
                f"{describe(ref)}: the variable is not in secrets.providers.{alias}.allowlist.",
                hint=f"Add {ref['id']} to that list.",
            )
    elif alias not in ("default", usual):
        raise SecretError(f"{describe(ref)}: secrets.providers.{alias} is not configured.")
    value = env.get(ref["id"], "").strip()
    if not value:
        raise SecretError(f"{describe(ref)}: the variable {ref['id']} is not set.", hint=f"Export {ref['id']}.")
    return value


_RESOLVERS: dict[str, Resolver] = {"env": _from_env}
