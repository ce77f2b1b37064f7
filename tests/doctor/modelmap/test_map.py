from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.doctor.modelmap import proxyenv
from fased_litellm.doctor.modelmap.first import first_config
from fased_litellm.doctor.modelmap.gatewayfile import read
from fased_litellm.doctor.modelmap.markdown import markdown
from fased_litellm.doctor.modelmap.parts import ModelMap
from fased_litellm.doctor.modelmap.reading import MapEnvironment, model_map
from fased_litellm.doctor.modelmap.rules import judge
from fased_litellm.errors import ConfigError, UsageError
from fased_litellm.paths import Paths
from fased_litellm.schemas import schemas

GOOD = """
model_list:
  - model_name: default
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}
litellm_settings: {drop_params: true}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY, database_url: os.environ/DATABASE_URL}
"""
ENV = {"OPENAI_API_KEY": "sk-test-openai", "LITELLM_MASTER_KEY": "sk-test-0123456789-0123456789"}


def found_in(
    folder: Path,
    text: str,
    *,
    env: Mapping[str, str] = ENV,
    uses: tuple[tuple[str, str], ...] = (),
    in_proxy: frozenset[str] | None = None,
    priced: bool | None = None,
) -> tuple[ModelMap, dict[str, tuple[str, int | None, str]]]:
    path = folder / "config.yaml"
    path.write_text(textwrap.dedent(text))
    file = read(path)
    around = MapEnvironment(here=env, in_proxy=in_proxy, priced=lambda _: priced)
    mapped, problems = model_map(file, around)
    findings = (*file.findings, *problems, *judge(mapped, file.root, uses))
    return mapped, {each.code: (each.severity, each.line, each.message) for each in findings}


def test_a_good_config_has_no_findings(tmp_path: Path) -> None:
    mapped, findings = found_in(tmp_path, GOOD, uses=(("agents.defaults.model.primary", "default"),))
    assert findings == {}
    [deployment] = mapped.deployments
    assert (deployment.provider, deployment.model, deployment.line) == ("openai", "gpt-4o-mini", 3)
    assert (deployment.key.name, deployment.key.set_here) == ("OPENAI_API_KEY", True)
    assert mapped.database


ENTRY = "- {{model_name: {0}, litellm_params: {{model: {1}}}}}"


@pytest.mark.parametrize(
    ("text", "code", "severity", "line"),
    [
        (GOOD.replace("os.environ/LITELLM_MASTER_KEY", "sk-1234"), "master-key-weak", "error", 6),
        (GOOD.replace("os.environ/LITELLM_MASTER_KEY", "sk-test-in-the-file-itself"), "literal-key", "warning", 6),
        (GOOD.replace("master_key: os.environ/LITELLM_MASTER_KEY, ", ""), None, "", 0),
        (GOOD.replace("os.environ/LITELLM_MASTER_KEY", "os.environ/NOT_SET"), "master-key-unset", "warning", 6),
        (GOOD.replace("os.environ/OPENAI_API_KEY", "sk-test-in-the-file-itself"), "literal-key", "warning", 4),
        (GOOD.replace("os.environ/OPENAI_API_KEY", "none"), None, "", 0),
        (GOOD.replace("os.environ/OPENAI_API_KEY", "os.environ/NOT_SET"), "variable-missing", "warning", 3),
        (
            GOOD.replace("api_key: os.environ/OPENAI_API_KEY", "litellm_credential_name: gone"),
            "credential-unknown",
            "warning",
            3,
        ),
        (GOOD.replace("openai/gpt-4o-mini", "opnai/gpt-4o-mini"), "unknown-provider", "error", 3),
        (GOOD.replace("openai/gpt-4o-mini", "nothinglikeit/x"), "unknown-provider", "warning", 3),
        (GOOD.replace("openai/gpt-4o-mini", "llama3"), "no-provider", "warning", 3),
        (GOOD.replace("model_name: default", "other: default"), "bad-entry", "error", 3),
        (GOOD.replace("{drop_params: true}", "{}"), None, "", 0),
        (
            GOOD.replace("drop_params: true", "drop_params: false").replace("gpt-4o-mini", "gpt-5.5"),
            "drop-params",
            "info",
            3,
        ),
        (
            GOOD.replace("drop_params: true", "fallbacks: [{default: [gone]}], drop_params: true"),
            "fallback-unknown",
            "error",
            5,
        ),
        (GOOD.replace("drop_params: true", "fallbacks: [{gone: [default]}]"), "fallback-unknown", "error", 5),
        (GOOD.replace("drop_params: true", "fallbacks: [{default: [default]}]"), "fallback-loop", "warning", 5),
        (GOOD.replace("drop_params: true", "default_fallbacks: [gone]"), "fallback-unknown", "error", 5),
        (
            GOOD.replace("drop_params: true", "context_window_fallbacks: [{default: [gone]}]"),
            "fallback-unknown",
            "error",
            5,
        ),
        (GOOD + "router_settings: {model_group_alias: {gpt-4: gone}}\n", "alias-unknown", "error", 7),
        (GOOD + "include: [gone.yaml]\n", "include-missing", "error", 7),
        (GOOD + "include: gone.yaml\n", "bad-entry", "error", 7),
        (GOOD.replace(", database_url: os.environ/DATABASE_URL", ""), "no-database", "info", None),
        (GOOD.replace("api_key: os", 'api_base: "http://127.0.0.1:8000", api_key: os'), "api-base-path", "warning", 3),
        (GOOD.replace("general_settings", "litellm_settings"), "repeated-key", "error", 6),
    ],
)
def test_each_finding_stands_at_its_line(
    tmp_path: Path, text: str, code: str | None, severity: str, line: int | None
) -> None:
    _, findings = found_in(tmp_path, text)
    if code is None:
        assert findings == {}
    else:
        assert findings[code][:2] == (severity, line)


def test_no_master_key_anywhere(tmp_path: Path) -> None:
    _, findings = found_in(
        tmp_path, GOOD.replace("master_key: os.environ/LITELLM_MASTER_KEY, ", ""), env={"OPENAI_API_KEY": "x"}
    )
    assert findings["master-key-missing"][0] == "error"


TWO = """
model_list:
  - {{model_name: a, litellm_params: {{model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY{0}}}}}
  - {{model_name: a, litellm_params: {{model: {1}, api_key: os.environ/OPENAI_API_KEY{2}}}}}
"""


@pytest.mark.parametrize(
    ("first", "model", "second", "code"),
    [
        ("", "openai/gpt-4o", "", "alias-repeated"),
        ("", "openai/gpt-4o", ", api_base: 'https://b.example/v1'", "alias-balanced"),
        ("", "openai/gpt-4o-mini", "", "alias-mixed"),
    ],
)
def test_an_alias_that_stands_twice(tmp_path: Path, first: str, model: str, second: str, code: str) -> None:
    _, findings = found_in(tmp_path, TWO.format(first, model, second))
    assert {name for name in findings if name.startswith("alias")} == {code}
    assert findings[code][1] == 4


def test_what_the_agent_uses_and_the_proxy_does_not_have(tmp_path: Path) -> None:
    _, findings = found_in(tmp_path, GOOD, uses=(("agents.defaults.model.primary", "defualt"),))
    assert findings["alias-missing"][0] == "error"
    assert "agents.defaults.model.primary" in findings["alias-missing"][2]


@pytest.mark.parametrize(
    ("pattern", "name", "offered"), [("openai/*", "openai/gpt-5", True), ("*", "x", True), ("a/*", "b/x", False)]
)
def test_patterns_offer_names(tmp_path: Path, pattern: str, name: str, offered: bool) -> None:
    text = GOOD.replace("model_name: default", f'model_name: "{pattern}"')
    mapped, findings = found_in(tmp_path, text, uses=(("p", name),))
    assert mapped.offers(name) is offered
    assert ("alias-missing" in findings) is not offered


def test_an_unknown_price_is_told(tmp_path: Path) -> None:
    assert "price-unknown" in found_in(tmp_path, GOOD, priced=False)[1]
    text = GOOD.replace("api_key:", "input_cost_per_token: 0.000001, api_key:")
    assert found_in(tmp_path, text, priced=False)[1] == {}


def test_the_environment_of_the_proxy_counts_more_than_this_shell(tmp_path: Path) -> None:
    inside = frozenset({"LITELLM_MASTER_KEY", "DATABASE_URL"})
    mapped, findings = found_in(tmp_path, GOOD, in_proxy=inside)
    assert findings["variable-missing"][0] == "error"
    assert mapped.deployments[0].key.set_in_proxy is False


def test_variables_of_the_file_itself_are_set(tmp_path: Path) -> None:
    text = GOOD + "environment_variables: {OPENAI_API_KEY: sk-test-in-the-file-itself}\n"
    assert found_in(tmp_path, text, env={"LITELLM_MASTER_KEY": ENV["LITELLM_MASTER_KEY"]})[1].keys() == {"literal-key"}


def test_lists_of_included_files_are_joined_and_all_else_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.yaml").write_text(
        "include: [c.yaml]\nmodel_list: [{model_name: b, litellm_params: {model: openai/x}}]\nlitellm_settings: {num_retries: 7}\n"
    )
    (tmp_path / "more" / "c.yaml").write_text(
        "include: [b.yaml]\nmodel_list: [{model_name: c, litellm_params: {model: openai/x}}]\n"
    )
    mapped, _ = found_in(tmp_path, GOOD + "include: [more/b.yaml]\n")
    assert list(mapped.aliases) == ["default", "b", "c"]
    assert (mapped.retries, mapped.drops_params) == ("7", False)
    assert [Path(file).name for file in mapped.files] == ["config.yaml", "b.yaml", "c.yaml"]


@pytest.mark.parametrize("content", [b"- a\n", b"\xff\xfe", b"a: [", b"a: *b"])
def test_what_is_no_config_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError):
        read(tmp_path / "config.yaml")


SECRETS = ("sk-test-one-0123456789", "sk-test-two-0123456789", "postgres-password-77")


def test_no_secret_of_the_file_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        GOOD.replace("os.environ/OPENAI_API_KEY", SECRETS[0])
        .replace("os.environ/LITELLM_MASTER_KEY", SECRETS[1])
        .replace("os.environ/DATABASE_URL", f"postgresql://u:{SECRETS[2]}@db.example/x")
    )
    for options in ([], ["--json"], ["--markdown"], ["--output", str(tmp_path / "map.md"), "--force"]):
        assert main(["litellm", "map", str(path), *options]) == 0
    shown = capsys.readouterr()
    everything = shown.out + shown.err + (tmp_path / "map.md").read_text()
    assert "literal-key" in everything
    assert not [secret for secret in SECRETS if secret in everything]


def test_the_json_is_as_its_schema_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(TWO.format("", "nothinglikeit/x", ", rpm: 5") + "litellm_settings: {fallbacks: [{a: [b]}]}\n")
    assert main(["litellm", "map", str(path), "--json", "--check"]) == 1
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schemas()["model-map.schema.json"]).validate(document)
    assert document["aliases"][0]["fallbacks"][0]["targets"] == ["b"]
    assert document["counts"]["error"] == sum(each["severity"] == "error" for each in document["findings"])


def test_names_cannot_break_the_markdown(tmp_path: Path) -> None:
    mapped, _ = found_in(tmp_path, GOOD.replace("model_name: default", 'model_name: "a|b<i>\\u001b[31m"'))
    row = markdown(mapped, ()).splitlines()[4]
    assert row.startswith("| a\\|b&lt;i>?[31m | openai |")


@given(
    alias=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20).filter(
        lambda text: text.strip() and text.isprintable()
    ),
    model=st.sampled_from(["openai/gpt-5.5", "ollama/llama3", "bedrock/x: y # z", "anthropic/claude"]),
)
def test_a_first_config_says_what_was_asked_for(
    tmp_path_factory: pytest.TempPathFactory, alias: str, model: str
) -> None:
    folder = tmp_path_factory.mktemp("first")
    mapped, findings = found_in(folder, first_config(alias=alias, model=model), env={**ENV, "ANTHROPIC_API_KEY": "x"})
    [deployment] = mapped.deployments
    assert (deployment.alias, deployment.written) == (alias, model)
    assert findings.keys() == {"no-database", *(["name-outside-latin-1"] if max(alias) > "\xff" else [])}


@pytest.mark.parametrize("options", [{"model": "nonsense"}, {"model": "openai/x", "key_variable": "sk-test-key"}])
def test_a_first_config_needs_names(options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        first_config(alias="default", **options)


def test_init_writes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    command = ["litellm", "map", "--init", str(path), "--model", "openai/gpt-5.5"]
    assert main(command) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert main([*command, "--alias", "other"]) == 1
    assert path.read_text() == before
    assert main([*command, "--alias", "other", "--force"]) == 0
    assert "model_name: other" in path.read_text()
    assert "exists already" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows the environment of a process")
def test_the_process_behind_a_port_is_found(tmp_path: Path) -> None:
    paths = Paths.from_env({"HOME": str(tmp_path)})
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://localhost:{server.getsockname()[1]}"
        names = proxyenv.names_in_proxy(paths, url)
    # The process is this one: its environment is the one that it was started with.
    started_with = {
        os.fsdecode(entry.partition(b"=")[0]) for entry in Path("/proc/self/environ").read_bytes().split(b"\0")
    }
    assert names
    assert names <= started_with
    assert proxyenv.names_in_proxy(paths, url) is None
    assert proxyenv.names_in_proxy(paths, "https://proxy.example") is None


def test_a_proxy_with_another_config_says_nothing_of_this_one(tmp_path: Path) -> None:
    for name in ("theirs.yaml", "ours.yaml"):
        (tmp_path / name).write_text("")
    paths = Paths.from_env({"HOME": str(tmp_path)})
    serve = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    command = [sys.executable, "-c", serve, "--config", "theirs.yaml"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={"MARK": "1"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        told = {name: proxyenv.names_in_proxy(paths, url, tmp_path / name) for name in ("theirs.yaml", "ours.yaml")}
        process.communicate("\n")
    assert told["ours.yaml"] is None
    assert "MARK" in (told["theirs.yaml"] or ())


@pytest.mark.parametrize(
    ("where", "secret"),
    [
        ("general_settings: {database_url: 'postgresql://llm:%s@db/litellm'}", "very-secret-pw"),
        ("model_list: [{model_name: a, litellm_params: {model: openai/x, api_base: 'http://u:%s@h/v1'}}]", "pw"),
        ("x: {extra_headers: {Authorization: 'Bearer %s'}}", "abcdefghijklmn"),
        ("x: {extra_headers: {X-Api-Key: %s}}", "abcdefghijklmn"),
    ],
)
def test_passwords_in_urls_and_headers_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str, secret: str
) -> None:
    text = where % secret
    _, findings = found_in(tmp_path, text)
    assert findings["literal-key"][1] == 1
    main(["litellm", "map", str(tmp_path / "config.yaml"), "--json"])
    assert f":{secret}@" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "url", ["http://localhost:4000/v1", "redis://host:6379", "https://h/a:b@c", "postgresql://u@h/d"]
)
def test_an_address_without_a_password_is_no_secret(tmp_path: Path, url: str) -> None:
    _, findings = found_in(tmp_path, f"x: {{database_url: '{url}'}}")
    assert "literal-key" not in findings


def test_a_log_in_of_azure_needs_no_key(tmp_path: Path) -> None:
    params = "{model: azure/dep, api_base: os.environ/BASE, tenant_id: a, client_id: b, client_secret: os.environ/C}"
    mapped, findings = found_in(tmp_path, f"model_list: [{{model_name: a, litellm_params: {params}}}]")
    assert mapped.deployments[0].key.comes_from == "cloud"
    assert "variable-missing" not in findings


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (
            "litellm_params: {model: azure/eu, api_base: https://a}",
            "litellm_params: {model: openai/gpt-4o}",
            "balanced",
        ),
        (
            "litellm_params: {model: azure/eu}, model_info: {base_model: azure/gpt-4o}",
            "litellm_params: {model: azure/us}, model_info: {base_model: azure/gpt-4o-mini}",
            "mixed",
        ),
        (
            "litellm_params: {model: bedrock/us.anthropic.c}",
            "litellm_params: {model: bedrock/eu.anthropic.c}",
            "balanced",
        ),
        ("litellm_params: {model: openai/gpt-4o}", "litellm_params: {model: openai/gpt-4.1}", "mixed"),
    ],
)
def test_one_model_under_several_names_is_load_balancing(tmp_path: Path, first: str, second: str, code: str) -> None:
    _, findings = found_in(tmp_path, f"model_list: [{{model_name: a, {first}}}, {{model_name: a, {second}}}]")
    assert {name for name in findings if name.startswith("alias-")} == {f"alias-{code}"}


def test_bare_names_of_openai_name_their_provider(tmp_path: Path) -> None:
    _, findings = found_in(tmp_path, "model_list: [{model_name: e, litellm_params: {model: text-embedding-3-small}}]")
    assert "no-provider" not in findings
