from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.modelmap.test_map import found_in


def judged(folder: Path, model: str, base: str, field: str = "api_base") -> tuple[str, str] | None:
    config = (
        f'model_list:\n  - {{model_name: a, litellm_params: {{model: "{model}", {field}: "{base}", api_key: none}}}}\n'
    )
    _, findings = found_in(folder, config)
    found = findings.get("api-base-path")
    return (found[0], found[2]) if found else None


@pytest.mark.parametrize("model", ["ollama/llama3", "ollama_chat/me/gemma3-tools:4b"])
@pytest.mark.parametrize("path", ["/v1", "/v1/", "/V1", "/api", "/v1/chat/completions", "/prefix/v1", "/v1/models"])
def test_ollama_has_its_own_interface_at_the_bare_host(tmp_path: Path, model: str, path: str) -> None:
    found = judged(tmp_path, model, f"http://127.0.0.1:11434{path}")
    assert found is not None
    assert found[0] == "error"
    assert "which Ollama does not have" in found[1]


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("ollama/llama3", "http://127.0.0.1:11434"),
        ("ollama/llama3", "http://127.0.0.1:11434/"),
        ("ollama/llama3", "http://127.0.0.1:11434/api/generate"),
        ("ollama_chat/llama3", "http://127.0.0.1:11434/api/chat"),
        ("ollama_chat/llama3", "https://host.example/ollama"),
        ("ollama/llama3", "os.environ/OLLAMA_API_BASE"),
        ("openai/llama3", "http://127.0.0.1:11434/v1"),
        ("hosted_vllm/llama3", "http://127.0.0.1:8000/v1"),
    ],
)
def test_addresses_that_are_right(tmp_path: Path, model: str, base: str) -> None:
    assert judged(tmp_path, model, base) is None


def test_the_other_name_of_the_field_and_the_other_interface(tmp_path: Path) -> None:
    assert judged(tmp_path, "ollama/llama3", "http://127.0.0.1:11434/v1", "base_url") is not None
    assert judged(tmp_path, "ollama/llama3", "http://127.0.0.1:11434/api/chat") is not None
    assert judged(tmp_path, "ollama_chat/llama3", "http://127.0.0.1:11434/api/generate") is not None
    found = judged(tmp_path, "openai/llama3", "http://127.0.0.1:11434")
    assert found is not None
    assert found[0] == "warning"
