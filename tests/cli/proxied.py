"""A state folder whose config names a scripted proxy, and a way to run commands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli.run import run
from tests.servers import READ, Script, answer_json

MODELS = {
    "data": [
        {"id": "default", "mode": "chat"},
        {"id": "cheap", "mode": "chat"},
        {"id": "embed", "mode": "embedding"},
    ]
}
GROUPS = {
    "data": [
        {"model_group": "default", "mode": "chat", "max_input_tokens": 200000.0, "max_output_tokens": 32000.0},
        {"model_group": "cheap", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    ]
}
INFO: dict[str, Any] = {"data": []}
DISCOVERY: Script = [answer_json(200, MODELS), READ, answer_json(200, GROUPS), READ, answer_json(200, INFO)]

TEXT = """{
  // the proxy, with a comment
  models: { providers: { litellm: {
    baseUrl: 'URL',
    api: "openai-completions",
    request: { allowPrivateNetwork: true },
    models: [
      { id: 'default', name: 'Mine', contextWindow: 100000, maxTokens: 5, },
    ],
  } } },
  agents: { defaults: { model: { primary: "litellm/default", fallbacks: ["litellm/gone"] } } },
}
"""


@dataclass
class Home:
    """The state folder, and what commands printed."""

    state: Path
    capture: pytest.CaptureFixture[str]

    @property
    def config(self) -> Path:
        return self.state / "fased.json"

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of one command."""
        self.capture.readouterr()
        status = run(list(words))
        return (status, *self.capture.readouterr())

    def ok(self, *words: str) -> str:
        """Stdout of a command that succeeds."""
        status, out, err = self.run(*words)
        assert status == 0, err or out
        return out

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))


MakeHome = Callable[..., Home]


def make(home: Path, capture: pytest.CaptureFixture[str], url: str, text: str | None = TEXT) -> Home:
    """Write the config with the address of the proxy, or none."""
    state = home / ".fased"
    state.mkdir()
    if text is not None:
        (state / "fased.json").write_text(text.replace("URL", url))
    return Home(state, capture)
