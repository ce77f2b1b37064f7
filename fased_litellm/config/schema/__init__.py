"""The parts of fased.json which this package owns, as pydantic models; the rest of a config passes through.

The modules are imported where a config has that part: a section that is absent costs nothing at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents import AgentsConfig
    from .auth import AuthConfig
    from .base import Strict
    from .models import ModelsConfig
    from .secrets import SecretsConfig

SECTIONS = {
    "models": "ModelsConfig",
    "agents": "AgentsConfig",
    "auth": "AuthConfig",
    "secrets": "SecretsConfig",
}
"""Top-level key → class in the module of that name."""


def section(name: str) -> type[Strict]:
    """The class of a section."""
    model: type[Strict] = getattr(import_module(f".{name}", __name__), SECTIONS[name])
    return model


@dataclass(frozen=True, slots=True)
class Config:
    """A valid config. A section is None where the file has none; ``rest`` holds what is not ours."""

    models: ModelsConfig | None = None
    agents: AgentsConfig | None = None
    auth: AuthConfig | None = None
    secrets: SecretsConfig | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)
