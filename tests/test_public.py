"""The names that the package offers, and what importing them costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import fased_litellm
from tests.servers import FaultServers, answer_json


def test_the_public_names_are_these() -> None:
    assert fased_litellm.__all__ == ["CallContext", "LiteLLMProvider", "__version__"]
    for name in fased_litellm.__all__:
        assert getattr(fased_litellm, name)


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        fased_litellm.nothing  # noqa: B018 - reading it is the point


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after ``code``."""
    program = f"import sys\n{code}\nprint(*(name for name, module in sys.modules.items() if module))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"httpx", "httpcore", "pydantic", "rich", "keyring", "json5", "typer", "sqlite3", "ssl", "asyncio", "h2"}


def test_the_version_needs_none_of_the_libraries() -> None:
    assert not loaded("from fased_litellm.cli import main; main(['--version'])") & HEAVY


def test_usage_needs_no_network_and_no_config() -> None:
    needed = loaded("from fased_litellm.cli import main; assert main(['usage']) == 0")
    assert needed & HEAVY <= {"typer", "sqlite3", "rich"}  # of rich, the widths of characters alone
    assert "rich.console" not in needed
    # Where an agent's folders are by default is all that it needs to know of the config of a home without one.
    ours = {name for name in needed if name.startswith(("fased_litellm.config", "fased_litellm.provider"))}
    assert ours <= {"fased_litellm.config", "fased_litellm.config.agents"}


CHAT = """
import os
from fased_litellm.cli import main
assert main(['litellm', 'chat', '--no-stream', 'hi']) == 0
assert 'PYDANTIC_DISABLE_PLUGINS' not in os.environ
"""


def test_a_chat_needs_neither_keyring_nor_rich_nor_json5(
    home: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = {"role": "assistant", "content": "Hello"}
    server = fault_server(answer_json(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}))
    provider = {"baseUrl": server.url, "request": {"allowPrivateNetwork": True}, "models": []}
    (home / ".fased").mkdir()
    (home / ".fased" / "fased.json").write_text(json.dumps({"models": {"providers": {"litellm": provider}}}))
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    needed = loaded(CHAT)
    assert needed & HEAVY == {"httpcore", "pydantic", "typer", "sqlite3", "ssl"}
    # What reads lists of models or edits configs is for other commands.
    others = ("fased_litellm.catalog", "fased_litellm.config.save", "fased_litellm.config.json5.apply")
    assert not {name for name in needed if name.startswith(others)}
