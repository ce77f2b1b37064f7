"""``auth``: which profiles of keys exist, and in which order they are tried. The keys themselves are elsewhere.

Fact: ``src/config/zod-schema.ts``.
"""

from __future__ import annotations

from typing import Any, Literal

from .base import Maybe, Strict


class AuthProfile(Strict):
    """``auth.profiles.<id>``: what kind of credential the profile of that id holds."""

    provider: str
    mode: Literal["api_key", "oauth", "token"]
    email: Maybe[str] = None


class AuthConfig(Strict):
    """``auth``.

    Attributes:
        order: provider → profile ids, first to try first.
    """

    profiles: Maybe[dict[str, AuthProfile]] = None
    order: Maybe[dict[str, list[str]]] = None
    cooldowns: Any = None
