from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.doctor.modelmap.spellings import inside, whole
from tests.doctor.modelmap.test_map import found_in


@pytest.mark.parametrize(
    "text",
    [
        "${OPENAI_API_KEY}",
        "$OPENAI_API_KEY",
        "${OPENAI_API_KEY:-none}",
        "${env:OPENAI_API_KEY}",
        "${{ secrets.OPENAI_API_KEY }}",
        "$(OPENAI_API_KEY)",
        "$env:OPENAI_API_KEY",
        "%OPENAI_API_KEY%",
        "{{ OPENAI_API_KEY }}",
        "{{ .Values.OPENAI_API_KEY }}",
        "os.getenv/OPENAI_API_KEY",
        "os.getenv('OPENAI_API_KEY')",
        'os.getenv("OPENAI_API_KEY", "x")',
        "getenv(OPENAI_API_KEY)",
        "os.environ['OPENAI_API_KEY']",
        'os.environ["OPENAI_API_KEY"]',
        "os.environ.get('OPENAI_API_KEY')",
        "os.environ.OPENAI_API_KEY",
        "os.environ:OPENAI_API_KEY",
        "os.environ\\OPENAI_API_KEY",
        "os.environ/ OPENAI_API_KEY",
        "os.environ/OPENAI_API_KEY ",
        " os.environ/OPENAI_API_KEY",
        "os.environ //OPENAI_API_KEY",
        "os.environ/'OPENAI_API_KEY'",
        "os.environ/$OPENAI_API_KEY",
        "os.environ/${OPENAI_API_KEY}",
        "OS.ENVIRON/OPENAI_API_KEY",
        "os_environ/OPENAI_API_KEY",
        "os.env/OPENAI_API_KEY",
        "environ/OPENAI_API_KEY",
        "env/OPENAI_API_KEY",
        "env:OPENAI_API_KEY",
        "env.OPENAI_API_KEY",
        "ENV['OPENAI_API_KEY']",
        "process.env.OPENAI_API_KEY",
    ],
)
def test_a_form_that_litellm_does_not_read(tmp_path: Path, text: str) -> None:
    assert whole(text) == "OPENAI_API_KEY"
    quoted = "'" + text.replace("'", "''") + "'"
    config = (
        f"model_list:\n  - model_name: a\n    litellm_params:\n      model: openai/gpt-4o\n      api_key: {quoted}\n"
    )
    mapped, findings = found_in(tmp_path, config)
    severity, line, message = findings["variable-not-read"]
    assert (severity, line) == ("error", 5)
    assert "does not read this form" in message
    assert "literal-key" not in findings
    assert "variable-missing" not in findings
    assert (mapped.deployments[0].key.comes_from, mapped.deployments[0].key.name) == ("unread", "OPENAI_API_KEY")
    assert mapped.variables == {}


@pytest.mark.parametrize(
    "text",
    [
        "os.environ/OPENAI_API_KEY",
        "os.environ/openai_api_key",
        "os.environ/MY.DOTTED-NAME",
        "os.environ/path/in/a/vault",
        "sk-test-0123456789abcdef",
        "$ecretPassw0rd",
        "none",
        "openai/gpt-4o",
        "environment/gpt",
        "http://127.0.0.1:4000/v1",
        "50%",
        "",
    ],
)
def test_other_values(text: str) -> None:
    assert whole(text) is None
    assert inside(text) is None


def test_a_variable_within_a_value(tmp_path: Path) -> None:
    config = """
    model_list:
      - model_name: a
        litellm_params:
          model: openai/gpt-4o
          api_base: "https://${HOST}/v1"
          api_key: os.environ/OPENAI_API_KEY
          extra_headers: {Authorization: "Bearer os.environ/TOKEN"}
    general_settings:
      master_key: ${LITELLM_MASTER_KEY}
      database_url: "postgresql://me:in-plain-text@${DB_HOST}/db"
      pass_through_endpoints:
        - {path: /x, target: "https://x.example", headers: {Authorization: "bearer os.environ/COHERE_API_KEY"}}
    """
    mapped, findings = found_in(tmp_path, config)
    assert findings["variable-not-read"][0] == "error"
    assert mapped.master_key.comes_from == "unread"
    assert "master-key-weak" not in findings
    assert findings["literal-key"][1] == 11  # the password is one, whatever else stands there
    assert "in-plain-text" not in str(findings)


@given(st.text(max_size=60))
def test_any_text_can_be_looked_at(text: str) -> None:
    whole(text)
    inside(text)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_the_right_form_is_right_for_every_name(name: str) -> None:
    assert whole(f"os.environ/{name}") is None
    assert whole(f"${{{name}}}") == name
    assert whole(f"os.environ/ {name}") == name
    assert whole(f"os.environ['{name}']") == name
    assert whole(f"os.getenv/{name}") == name
