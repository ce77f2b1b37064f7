from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.config.schema.validation import TOO_MANY_FALLBACKS, check
from fased_litellm.errors import Issue


def provider(**changes):
    good = {"baseUrl": "http://localhost:4000", "models": []}
    return {"models": {"providers": {"litellm": {**good, **changes}}}}


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        (
            {"models": {"providers": {"litellm": {"models": []}}}},
            "models.providers.litellm.baseUrl",
            "Required key is missing",
        ),
        (
            {"models": {"providers": {"litellm": {"baseUrl": "u"}}}},
            "models.providers.litellm.models",
            "Required key is missing",
        ),
        (provider(models=[{"id": "x"}]), "models.providers.litellm.models[0].name", "Required key is missing"),
        (provider(baseUrl=""), "models.providers.litellm.baseUrl", "Must not be empty"),
        (provider(baseUrl=4000), "models.providers.litellm.baseUrl", "Expected a string, got a number"),
        (provider(headers=None), "models.providers.litellm.headers", "null is not a value here; leave the key out"),
        (provider(models={}), "models.providers.litellm.models", "Expected an array, got an object"),
        (provider(models=["m"]), "models.providers.litellm.models[0]", "Expected an object, got a string"),
        (provider(authHeader="yes"), "models.providers.litellm.authHeader", "Expected true or false, got a string"),
        (
            provider(models=[{"id": "x", "name": "X", "contextWindow": 0}]),
            "models.providers.litellm.models[0].contextWindow",
            "Must be greater than 0",
        ),
        (
            provider(models=[{"id": "x", "name": "X", "maxTokens": float("nan")}]),
            "models.providers.litellm.models[0].maxTokens",
            "Expected a number, got a number that is not finite",
        ),
        (
            provider(models=[{"id": "x", "name": "X", "maxTokens": float("inf")}]),
            "models.providers.litellm.models[0].maxTokens",
            "Expected a number, got a number that is not finite",
        ),
        # JavaScript takes a whole number of so many digits for an infinite one.
        (
            provider(models=[{"id": "x", "name": "X", "maxTokens": 10**400}]),
            "models.providers.litellm.models[0].maxTokens",
            "Expected a number, got a number that is not finite",
        ),
        (
            provider(models=[{"id": "x", "name": "X", "cost": {"input": 10**400}}]),
            "models.providers.litellm.models[0].cost.input",
            "Expected a number, got a number that is not finite",
        ),
        (
            provider(models=[{"id": "x", "name": "X", "input": ["text", "images"]}]),
            "models.providers.litellm.models[0].input[1]",
            'Expected one of "text", "image" (did you mean "image"?)',
        ),
        (
            provider(api="openai-completion"),
            "models.providers.litellm.api",
            (
                'Expected one of "openai-completions", "openai-responses", "openai-codex-responses", '
                '"anthropic-messages", "google-generative-ai", "github-copilot", "ollama" '
                '(did you mean "openai-completions"?)'
            ),
        ),
        (
            provider(baseURL="u"),
            "models.providers.litellm.baseURL",
            'Unrecognized key "baseURL" (did you mean "baseUrl"?)',
        ),
        (
            provider(request={"proxy": "http://p"}),
            "models.providers.litellm.request.proxy",
            'Unrecognized key "proxy"',
        ),
        (
            provider(models=[{"id": "x", "name": "X", "compat": {"supportsUsageInStream": True}}]),
            "models.providers.litellm.models[0].compat.supportsUsageInStream",
            'Unrecognized key "supportsUsageInStream" (did you mean "supportsUsageInStreaming"?)',
        ),
        (
            provider(apiKey={"source": "env", "provider": "default", "ID": "A"}),
            "models.providers.litellm.apiKey.ID",
            'Unrecognized key "ID" (did you mean "id"?)',
        ),
        (
            {"agents": {"list": [{"id": "main", "taskModels": {"cheap-check": "x"}}]}},
            "agents.list[0].taskModels.cheap-check",
            'Unrecognized key "cheap-check" (did you mean "cheapCheck"?)',
        ),
        (
            {"agents": {"list": [{"id": "main", "modle": "x"}]}},
            "agents.list[0].modle",
            'Unrecognized key "modle" (did you mean "model"?)',
        ),
        (
            {"agents": {"default": {}}},
            "agents.default",
            'Unrecognized key "default" (did you mean "defaults"?)',
        ),
        (
            {"auth": {"profiles": {"p": {"provider": "litellm", "mode": "api-key"}}}},
            "auth.profiles.p.mode",
            'Expected one of "api_key", "oauth", "token" (did you mean "api_key"?)',
        ),
        (
            {"secrets": {"providers": {"p": {"source": "exec", "command": "/x", "timeout": 1}}}},
            "secrets.providers.p.timeout",
            'Unrecognized key "timeout" (did you mean "timeoutMs"?)',
        ),
        (
            {"secrets": {"providers": {"p": {"source": "exec", "command": "x"}}}},
            "secrets.providers.p.command",
            "Expected an absolute path",
        ),
        (
            {"secrets": {"providers": {"p": {"path": "x"}}}},
            "secrets.providers.p",
            'Expected an object with source "env", "file" or "exec"',
        ),
        (provider(apiKey=5), "models.providers.litellm.apiKey", "Expected a string, got a number"),
        (provider(**{"\0": 5}), "models.providers.litellm.\0", 'Unrecognized key "\0"'),
        ({"models": []}, "models", "Expected an object, got an array"),
        ({"models": None}, "models", "Expected an object, got null"),
    ],
)
def test_messages(config, path, message):
    issues = check(config).issues
    assert Issue(path, message) in issues
    assert len(issues) == (2 if "ID" in path else 1)


def test_all_problems_at_once_sorted():
    config = {
        "secrets": {"provider": {}},
        "auth": {"order": []},
        "agents": {"list": [{}], "extra": 1},
        **provider(zone="x", models=[{"id": "", "name": 5}, {}]),
    }
    assert [issue.path for issue in check(config).issues] == [
        "agents.extra",
        "agents.list[0].id",
        "auth.order",
        "models.providers.litellm.models[0].id",
        "models.providers.litellm.models[0].name",
        "models.providers.litellm.models[1].id",
        "models.providers.litellm.models[1].name",
        "models.providers.litellm.zone",
        "secrets.provider",
    ]


def test_no_message_holds_a_value():
    secret = "sk-test-must-not-show"
    config = {
        "models": {
            "providers": {"litellm": {"baseUrl": [secret], "apiKey": {"source": secret, "id": secret}, "api": secret}}
        },
        "auth": {"profiles": {"p": {"provider": "x", "mode": secret}}},
        "secrets": {"providers": {"p": {"source": "exec", "command": secret}}, "defaults": {"env": secret}},
    }
    issues = check(config).issues
    assert len(issues) >= 6
    assert not [issue for issue in issues if secret in str(issue)]


def test_other_sections_pass():
    result = check({"gateway": {"port": "what"}, "channels": 5, "pluginOfTomorrow": {}, "$schema": "x", "meta": {}})
    assert (result.issues, result.warnings) == ([], [])


@pytest.mark.parametrize(("key", "meant"), [("modles", "models"), ("Agents", "agents"), ("secret", "secrets")])
def test_a_misspelt_section_is_a_warning(key, meant):
    result = check({key: {}})
    assert result.issues == []
    assert result.warnings == [f'Unrecognized key "{key}" (did you mean "{meant}"?).']


def test_an_unknown_key_of_the_defaults_is_a_warning():
    result = check({"agents": {"defaults": {"taskModel": {}, "brandNew": 1}}})
    assert result.issues == []
    assert result.warnings == [
        'agents.defaults.taskModel: Unrecognized key "taskModel" (did you mean "taskModels"?); it is passed over.',
        'agents.defaults.brandNew: Unrecognized key "brandNew"; it is passed over.',
    ]


def test_a_second_fallback_makes_the_config_invalid_wherever_it_stands():
    model = {"primary": "a/b", "fallbacks": ["a/c", "a/d"]}
    result = check(
        {
            "agents": {
                "defaults": {
                    "model": model,
                    "imageModel": {"fallbacks": ["a/c", "a/d"]},
                    "subagents": {"model": model},
                },
                "list": [
                    {"id": "main", "model": model, "modelProviders": {"litellm": {"fallbacks": ["a/c", "a/d"]}}},
                    {"id": "x", "model": "y", "subagents": {"model": model}},
                ],
            }
        }
    )
    assert [str(issue.path) for issue in result.issues] == [
        "agents.defaults.imageModel.fallbacks",
        "agents.defaults.model.fallbacks",
        "agents.defaults.subagents.model.fallbacks",
        "agents.list[0].model.fallbacks",
        "agents.list[0].modelProviders.litellm.fallbacks",
        "agents.list[1].subagents.model.fallbacks",
    ]
    assert {issue.message for issue in result.issues} == {TOO_MANY_FALLBACKS}


def test_other_limits_are_told_in_their_own_words():
    provider = {"source": "exec", "command": "/usr/bin/x", "timeoutMs": 1.5, "args": ["a"] * 129, "env": {}}
    vault = {"source": "exec", "command": "/usr/bin/x; rm", "args": ["a" * 1025]}
    result = check({"secrets": {"providers": {"p": provider, "vault": vault}}})
    assert {issue.path: issue.message for issue in result.issues} == {
        "secrets.providers.p.args": "Must have at most 128 elements",
        "secrets.providers.p.timeoutMs": "Expected a whole number",
        "secrets.providers.vault.args[0]": "Must have at most 1024 characters",
        "secrets.providers.vault.command": "Expected a path without quotes, line ends and ; & | ` $ < >",
    }


KEYS = ["models", "agents", "auth", "secrets", "providers", "litellm", "baseUrl", "apiKey", "source", "id", "defaults"]
KEYS += [
    "list",
    "model",
    "fallbacks",
    "cost",
    "input",
    "contextWindow",
    "request",
    "profiles",
    "order",
    "env",
    "taskModels",
]
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["env", "text", "exec"])
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@example({"models": {"\0": 1}})
@example({"models": {"providers": {"\0": 1}}, "secrets": {"providers": {"\0x": {"source": "env", "\0": 1}}}})
@given(st.dictionaries(st.sampled_from(["models", "agents", "auth", "secrets", "env", "x"]), trees, max_size=4))
def test_any_tree_gives_issues_and_never_an_exception(tree):
    result = check(tree)
    assert result.issues == sorted(result.issues, key=lambda issue: (issue.path, issue.message))
    assert r"\x00" in repr(tree) or not [issue for issue in result.issues if "\0" in issue.path]
