"""What errors are told apart by, besides their classes."""

from __future__ import annotations

from typing import Literal

Origin = Literal["caller", "caller-key", "network", "gateway", "provider-key", "provider", "unknown"]
"""Whose side a failed call broke on; ``network`` is the way between us and the proxy."""

KeyringTrouble = Literal["no-backend", "locked", "too-slow", "failed"]
