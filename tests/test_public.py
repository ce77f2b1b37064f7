"""The names that the package offers, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fased_litellm


def test_the_public_names_are_these() -> None:
    assert fased_litellm.__all__ == ["CallContext", "LiteLLMProvider", "__version__"]
    for name in fased_litellm.__all__:
        assert getattr(fased_litellm, name)


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        fased_litellm.nothing  # noqa: B018 - reading it is the point


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``code``."""
    program = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"httpx", "pydantic", "rich", "keyring", "json5", "typer", "sqlite3", "ssl"}


def test_the_version_needs_none_of_the_libraries() -> None:
    assert not loaded("from fased_litellm.cli import main; main(['--version'])") & HEAVY


def test_usage_needs_no_network_and_no_config() -> None:
    needed = loaded("from fased_litellm.cli import main; main(['usage'])") & HEAVY
    assert needed <= {"typer", "sqlite3", "rich"}  # of rich, the widths of characters alone


def test_a_chat_needs_neither_keyring_nor_rich_nor_json5() -> None:
    code = "from fased_litellm.cli import main; main(['litellm', 'chat', 'hi'])"
    needed = loaded(f"import os; os.environ['LITELLM_API_KEY'] = 'sk-test-1'; {code}") & HEAVY
    assert needed == {"httpx", "pydantic", "typer", "sqlite3", "ssl"}
