"""Configs for the tests of roles and onboarding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fased_litellm.config.load import ConfigSnapshot, load
from fased_litellm.paths import Paths


def snapshot_of(folder: Path, config: dict[str, Any] | str | None, **env: str) -> ConfigSnapshot:
    """Write a config (a tree, or its text) below ``folder`` and read it; None writes none."""
    paths = Paths.from_env({"HOME": str(folder), "FASED_STATE_DIR": str(folder / "state")})
    if config is not None:
        paths.config.parent.mkdir(parents=True, exist_ok=True)
        paths.config.write_text(config if isinstance(config, str) else json.dumps(config))
    return load(paths, env, cwd=folder)
