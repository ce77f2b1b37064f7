"""``secrets``: where references to secrets are resolved.

Fact: ``src/config/zod-schema.core.ts``; the limits are Fased's. Times are in milliseconds, sizes in bytes.
"""

from __future__ import annotations

import os
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from .base import BRANCH, Maybe, NonEmpty, Strict, Whole, checked
from .secretref import EnvName, ProviderAlias

_MEBIBYTE = 1024 * 1024


def _no_fraction(value: Any) -> Any:
    if isinstance(value, float) and not value.is_integer():
        raise PydanticCustomError("int_type", "Expected a whole number")
    return value


Count = Annotated[Whole, BeforeValidator(_no_fraction)]
"""Fact: other than with the limits of models, Fased takes no fraction here (``z.number().int()``)."""
Timeout = Annotated[Count, Field(le=120_000)]
_UNSAFE = re.compile(r"[\x00\r\n;&|`$<>\"']")
_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]+\\[^\\]+")


def _absolute(path: str) -> bool:
    return os.path.isabs(path) or _WINDOWS_ABSOLUTE.match(path) is not None


def _safe(command: str) -> bool:
    return _UNSAFE.search(command) is None


AbsolutePath = Annotated[NonEmpty, checked(_absolute, "Expected an absolute path")]


class EnvSecrets(Strict):
    """Secrets in environment variables."""

    source: Literal["env"]
    allowlist: Maybe[Annotated[list[EnvName], Field(max_length=256)]] = None


class FileSecrets(Strict):
    """Secrets in a file: JSON, or a single value."""

    source: Literal["file"]
    path: NonEmpty
    mode: Maybe[Literal["singleValue", "json"]] = None
    timeout_ms: Maybe[Timeout] = None
    max_bytes: Maybe[Annotated[Count, Field(le=20 * _MEBIBYTE)]] = None


class ExecSecrets(Strict):
    """Secrets which a program tells."""

    source: Literal["exec"]
    # Fact: Fased refuses what a shell would read otherwise (its check `isSafeExecutableValue`), though it starts no shell.
    command: Annotated[AbsolutePath, checked(_safe, "Expected a path without quotes, line ends and ; & | ` $ < >")]
    args: Maybe[Annotated[list[Annotated[str, Field(max_length=1024)]], Field(max_length=128)]] = None
    timeout_ms: Maybe[Timeout] = None
    no_output_timeout_ms: Maybe[Timeout] = None
    max_output_bytes: Maybe[Annotated[Count, Field(le=20 * _MEBIBYTE)]] = None
    json_only: Maybe[bool] = None
    env: Maybe[dict[str, str]] = None
    pass_env: Maybe[Annotated[list[EnvName], Field(max_length=128)]] = None
    trusted_dirs: Maybe[Annotated[list[AbsolutePath], Field(max_length=64)]] = None
    allow_insecure_path: Maybe[bool] = None
    allow_symlink_command: Maybe[bool] = None


def _source(value: Any) -> str | None:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"{BRANCH}{source}" if source in ("env", "file", "exec") else None


SecretProvider = Annotated[
    Annotated[EnvSecrets, Tag(f"{BRANCH}env")]
    | Annotated[FileSecrets, Tag(f"{BRANCH}file")]
    | Annotated[ExecSecrets, Tag(f"{BRANCH}exec")],
    Discriminator(
        _source,
        custom_error_type="secret_source",
        custom_error_message='Expected an object with source "env", "file" or "exec"',
    ),
]


class SecretDefaults(Strict):
    """The alias that is meant where a reference names none."""

    env: Maybe[ProviderAlias] = None
    file: Maybe[ProviderAlias] = None
    exec: Maybe[ProviderAlias] = None


class SecretResolution(Strict):
    """Limits while references are resolved."""

    max_provider_concurrency: Maybe[Annotated[Count, Field(le=16)]] = None
    max_refs_per_provider: Maybe[Annotated[Count, Field(le=4096)]] = None
    max_batch_bytes: Maybe[Annotated[Count, Field(le=5 * _MEBIBYTE)]] = None


class SecretsConfig(Strict):
    """``secrets``."""

    providers: Maybe[dict[str, SecretProvider]] = None
    defaults: Maybe[SecretDefaults] = None
    resolution: Maybe[SecretResolution] = None
