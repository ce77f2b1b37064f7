"""Every key of the schema, with values that hold and values that do not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fased_litellm.config.schema import SECTIONS, section
from fased_litellm.config.schema.keys import keys_of
from fased_litellm.config.schema.models import ProviderConfig
from fased_litellm.config.schema.validation import check

Values = tuple[list[Any], list[Any]]
"""Values that hold, values that do not."""

TEXT: Values = (["x", ""], [1, True, None, [], {}])
NAME = (["x"], ["", 1, None])
FLAG = ([True, False], [0, 1, "true", None])
TEXTS = ([[], ["a", "b"]], ["a", [1], None])
RECORD: Values = ([{}, {"X-Team": "a"}], [[], {"a": 1}, {"a": None}, None])
USD = ([0, 3, 0.075, 1e-7], ["3", True, None])
TOKENS = ([1, 200000, 2e5, 200000.0, 1000.5, 0.5], [0, -1, -0.5, "1", True, None])
ANYTHING: Values = ([1, "x", {"deep": [None]}, None], [])
APIS = [
    "openai-completions",
    "openai-responses",
    "openai-codex-responses",
    "anthropic-messages",
    "google-generative-ai",
    "github-copilot",
    "ollama",
]
API = (APIS, ["openai", "", None, 1])
LEVELS = ["off", "minimal", "low", "medium", "high", "xhigh", "max"]
CHOICE: Values = (
    ["litellm/default", {}, {"primary": "a/b"}, {"primary": "a/b", "fallbacks": []}, {"fallbacks": ["a/b"]}],
    [{"fallbacks": ["a/b", "c/d"]}, 1, None, [], {"primary": None}, {"fallbacks": "a/b"}, {"fallback": ["a/b"]}],
)
SECRET: Values = (
    [
        "sk-test-key",
        "${LITELLM_API_KEY}",
        {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"},
        {"source": "env", "id": "A1_"},
        {"source": "file", "provider": "vault-1", "id": "/litellm/api~0~1key"},
        {"source": "file", "provider": "one", "id": "value"},
        {"source": "exec", "provider": "a" * 64, "id": "litellm/main:v1.0_x-y"},
    ],
    [
        1,
        None,
        [],
        {},
        {"source": "env", "provider": "default"},
        {"source": "vault", "provider": "default", "id": "A"},
        {"source": "env", "provider": "default", "id": "A", "extra": 1},
        {"source": "env", "provider": "Default", "id": "A"},
        {"source": "env", "provider": "a" * 65, "id": "A"},
        {"source": "env", "provider": "default", "id": "lower"},
        {"source": "env", "provider": "default", "id": "A" * 129},
        {"source": "file", "provider": "default", "id": "relative"},
        {"source": "file", "provider": "default", "id": "/bad~2"},
        {"source": "exec", "provider": "default", "id": "/rooted"},
        {"source": "exec", "provider": "default", "id": "a" * 257},
    ],
)
COMPAT_FLAGS = [
    "supportsStore",
    "supportsDeveloperRole",
    "supportsReasoningEffort",
    "supportsUsageInStreaming",
    "supportsStrictMode",
    "requiresToolResultName",
    "requiresAssistantAfterToolResult",
    "requiresThinkingAsText",
    "requiresMistralToolIds",
]
CAPABILITY_FLAGS = ["tools", "json", "audio", "video", "speech", "fixedReasoning", "reasoningBudgetSupported"]
THINKING_MODES = [
    "openai-reasoning-effort",
    "anthropic-thinking-budget",
    "anthropic-adaptive",
    "google-thinking-budget",
    "xai-reasoning-effort",
    "xai-multi-agent-effort",
    "mistral-reasoning-effort",
    "volcengine-reasoning-effort",
    "byteplus-thinking-type",
    "zai-binary",
    "qwen-thinking",
    "moonshot-thinking",
    "generic-reasoning",
]
PROVIDER = "models.providers.litellm"
MODEL = f"{PROVIDER}.models.0"
DEFAULTS = "agents.defaults"
AGENT = "agents.list.0"
EXEC = "secrets.providers.p"
MILLISECONDS = ([1, 120000, 5e3], [0, 0.5, 1.5, 120001, "1", None])
ALIAS = (["default", "a1_-"], ["", "A", "1a", None])

KEYS: dict[str, Values] = {
    "models.mode": (["merge", "replace"], ["Merge", "", None]),
    "models.providers": ([{}], [[], "x", None, {"litellm": None}, {"litellm": {}}]),
    "models.bedrockDiscovery": ([{}, {"enabled": True}], [[], True, None]),
    f"{PROVIDER}.baseUrl": NAME,
    f"{PROVIDER}.apiKey": SECRET,
    f"{PROVIDER}.auth": (["api-key", "oauth", "token", "aws-sdk"], ["apikey", None]),
    f"{PROVIDER}.api": API,
    f"{PROVIDER}.headers": RECORD,
    f"{PROVIDER}.authHeader": FLAG,
    f"{PROVIDER}.request": (
        [{}, {"allowPrivateNetwork": True}],
        [True, {"proxy": "x"}, {"headers": {}}, {"tls": {}}, None],
    ),
    f"{PROVIDER}.request.allowPrivateNetwork": FLAG,
    f"{PROVIDER}.models": ([[]], [{}, None, ["gpt"], [{}]]),
    f"{MODEL}.id": NAME,
    f"{MODEL}.name": NAME,
    f"{MODEL}.api": API,
    f"{MODEL}.reasoning": FLAG,
    f"{MODEL}.input": ([[], ["text"], ["text", "image"]], ["text", ["audio"], [None], None]),
    f"{MODEL}.cost": ([{}], [[], 3, None, {"reasoning": 1}]),
    **{f"{MODEL}.cost.{kind}": USD for kind in ("input", "output", "cacheRead", "cacheWrite")},
    f"{MODEL}.contextWindow": TOKENS,
    f"{MODEL}.maxTokens": TOKENS,
    f"{MODEL}.headers": RECORD,
    f"{MODEL}.compat": ([{}], [[], True, None, {"supportsTools": True}, {"responsesLite": True}]),
    **{f"{MODEL}.compat.{flag}": FLAG for flag in COMPAT_FLAGS},
    f"{MODEL}.compat.maxTokensField": (["max_completion_tokens", "max_tokens"], ["maxTokens", None]),
    f"{MODEL}.compat.thinkingFormat": (["openai", "zai", "qwen"], ["", None]),
    f"{MODEL}.capabilities": ([{}], [[], None, {"streaming": True}]),
    **{f"{MODEL}.capabilities.{flag}": FLAG for flag in CAPABILITY_FLAGS},
    f"{MODEL}.capabilities.thinkingLevels": ([[], LEVELS], ["low", ["lowest"], None]),
    f"{MODEL}.capabilities.defaultThinkingLevel": (LEVELS, ["", None]),
    f"{MODEL}.capabilities.thinkingMode": (THINKING_MODES, ["auto", None]),
    f"{DEFAULTS}.models": (
        [{}, {"litellm/default": {}}],
        [[], ["litellm/default"], {"litellm/default": "x"}, {"a/b": {"name": "x"}}, None],
    ),
    f"{DEFAULTS}.models.litellm/gpt-5_5.alias": TEXT,
    f"{DEFAULTS}.models.litellm/gpt-5_5.params": ([{}, {"temperature": 0}], [[], 1, None]),
    f"{DEFAULTS}.models.litellm/gpt-5_5.streaming": FLAG,
    **{
        f"{holder}.{key}": CHOICE
        for holder, key in [
            (AGENT, "model"),
            (DEFAULTS, "model"),
            (DEFAULTS, "imageModel"),
            (DEFAULTS, "imageGenerationModel"),
            (DEFAULTS, "videoGenerationModel"),
            (DEFAULTS, "musicGenerationModel"),
            (DEFAULTS, "pdfModel"),
        ]
    },
    **{f"{holder}.taskModels": ([{}], ["x", [], None, {"cheap-check": "a/b"}]) for holder in (AGENT, DEFAULTS)},
    **{
        f"{holder}.taskModels.{role}": TEXT
        for holder in (AGENT, DEFAULTS)
        for role in ("cheapCheck", "strong", "escalation", "coding", "summarizer")
    },
    f"{AGENT}.id": TEXT,
    f"{AGENT}.default": FLAG,
    **{f"{AGENT}.{key}": TEXT for key in ("name", "workspace", "agentDir", "activeModelProvider")},
    f"{AGENT}.modelProviders": ([{}, {"litellm": {}}], [[], None, {"litellm": {"model": "x"}}]),
    f"{AGENT}.modelProviders.litellm.profileId": TEXT,
    f"{AGENT}.modelProviders.litellm.primary": TEXT,
    f"{AGENT}.modelProviders.litellm.fallbacks": ([[], ["a"]], ["a", [1], None, ["a", "b"]]),
    **{f"{holder}.subagents.model": CHOICE for holder in (AGENT, DEFAULTS)},
    **{
        f"{holder}.subagents": ([{}, {"maxConcurrent": 2, "new": [1]}], [[], None, "x"]) for holder in (AGENT, DEFAULTS)
    },
    f"{AGENT}.modelProviders.litellm.taskModels": ([{"strong": "x"}], [None, {"weak": "x"}]),
    "agents.defaults": ([{}], [[], None, "x"]),
    "agents.list": ([[]], [{}, "main", None, [{}]]),
    "auth.profiles": ([{}], [[], None, {"litellm:default": {}}]),
    "auth.profiles.litellm:default.provider": TEXT,
    "auth.profiles.litellm:default.mode": (["api_key", "oauth", "token"], ["api-key", None]),
    "auth.profiles.litellm:default.email": TEXT,
    "auth.order": ([{}, {"litellm": ["litellm:default"]}], [[], {"litellm": "x"}, None]),
    "auth.cooldowns": ANYTHING,
    "secrets.providers": ([{}], [[], None, {"p": {}}, {"p": {"source": "vault"}}, {"p": "env"}]),
    f"{EXEC}.command": (["/usr/bin/fased", "C:\\fased.exe"], ["fased", "./fased", "", None]),
    f"{EXEC}.args": ([[], ["litellm", "secrets"]], ["x", [1], ["x" * 1025], ["x"] * 129, None]),
    f"{EXEC}.timeoutMs": MILLISECONDS,
    f"{EXEC}.noOutputTimeoutMs": MILLISECONDS,
    f"{EXEC}.maxOutputBytes": ([1, 20 * 1024 * 1024], [0, 20 * 1024 * 1024 + 1, None]),
    f"{EXEC}.env": RECORD,
    f"{EXEC}.passEnv": ([[], ["HOME"]], ["HOME", ["home"], ["A"] * 129, None]),
    f"{EXEC}.trustedDirs": ([[], ["/opt"]], [["opt"], "/opt", None]),
    **{f"{EXEC}.{key}": FLAG for key in ("jsonOnly", "allowInsecurePath", "allowSymlinkCommand")},
    "secrets.providers.f.path": NAME,
    "secrets.providers.f.mode": (["singleValue", "json"], ["text", None]),
    "secrets.providers.f.timeoutMs": MILLISECONDS,
    "secrets.providers.f.maxBytes": ([1, 2.0], [0, 1.5, 20 * 1024 * 1024 + 1]),
    "secrets.providers.e.allowlist": ([[], ["LITELLM_API_KEY"]], ["X", ["x"], ["A"] * 257, None]),
    **{f"secrets.defaults.{source}": ALIAS for source in ("env", "file", "exec")},
    "secrets.resolution.maxProviderConcurrency": ([1, 16], [0, 1.5, 17]),
    "secrets.resolution.maxRefsPerProvider": ([1, 4096], [0, 4097]),
    "secrets.resolution.maxBatchBytes": ([1, 5 * 1024 * 1024], [0, 5 * 1024 * 1024 + 1]),
}


def base() -> dict[str, Any]:
    """A config with every object that the keys above stand in, and the keys which those objects need."""
    return {
        "models": {
            "providers": {
                "litellm": {
                    "baseUrl": "http://localhost:4000",
                    "request": {},
                    "models": [{"id": "m", "name": "M", "cost": {}, "compat": {}, "capabilities": {}}],
                }
            }
        },
        "agents": {
            "defaults": {"models": {"litellm/gpt-5_5": {}}, "taskModels": {}, "subagents": {}},
            "list": [{"id": "main", "taskModels": {}, "modelProviders": {"litellm": {}}, "subagents": {}}],
        },
        "auth": {"profiles": {"litellm:default": {"provider": "litellm", "mode": "api_key"}}},
        "secrets": {
            "providers": {
                "p": {"source": "exec", "command": "/bin/true"},
                "f": {"source": "file", "path": "/x"},
                "e": {"source": "env"},
            },
            "defaults": {},
            "resolution": {},
        },
    }


def with_value(path: str, value: Any) -> dict[str, Any]:
    config = base()
    *parents, last = path.split(".")
    holder: Any = config
    for part in parents:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    holder[last] = value
    return config


def spelled(path: str) -> str:
    return path.replace(".0.", "[0].").replace(".list.0", ".list[0]").replace(".models.0", ".models[0]")


def test_the_base_is_valid():
    assert check(base()).issues == []


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, (good, _) in KEYS.items() for value in good])
def test_good_values(path, value):
    assert check(with_value(path, value)).issues == []


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, (_, bad) in KEYS.items() for value in bad])
def test_bad_values(path, value):
    issues = check(with_value(path, value)).issues
    assert issues
    assert all(issue.path.startswith(spelled(path)) for issue in issues)


def test_no_key_of_the_schema_is_untested():
    # The keys below are in `base`, since nothing holds without them.
    tested = {path.rsplit(".", 1)[-1] for path in KEYS} | {"source", "provider", "id", "list", "defaults", "resolution"}
    for name in SECTIONS:
        for model in _all_models(section(name)):
            assert set(keys_of(model)) - _untyped_keys() <= tested


def _all_models(model: Any) -> list[Any]:
    import sys

    return [
        kind
        for kind in vars(sys.modules[model.__module__]).values()
        if getattr(kind, "__module__", "") == model.__module__ and hasattr(kind, "model_fields")
    ]


def _untyped_keys() -> set[str]:
    models = _all_models(section("agents"))
    return {
        field.alias
        for model in models
        for field in model.model_fields.values()
        if field.annotation is Any and field.alias
    }


@pytest.mark.parametrize("key", sorted(_untyped_keys()))
def test_known_keys_of_agents_take_any_value(key):
    for path in (f"{DEFAULTS}.{key}", f"{AGENT}.{key}"):
        if key in keys_of(_holder(path)) and path not in KEYS:
            result = check(with_value(path, {"any": [1, None]}))
            assert (result.issues, result.warnings) == ([], [])


def _holder(path: str) -> Any:
    from fased_litellm.config.schema import agents

    return agents.AgentDefaults if path.startswith(DEFAULTS) else agents.AgentEntry


def test_typed_values():
    config = with_value(f"{MODEL}.cost", {"input": 0.1, "output": 1e-7})
    provider = check(config).sections["models"].providers["litellm"]  # type: ignore[attr-defined]
    assert provider.models[0].cost.input == Decimal("0.1")
    assert provider.models[0].cost.output == Decimal("1E-7")
    assert provider.models[0].cost.cache_read is None
    assert provider.model("m").name == "M"
    assert provider.model("M") is None
    assert provider.allows_private_network is False


@pytest.mark.parametrize(("written", "read"), [(2e5, 200000), (1000.9, 1000), (0.5, 1), (7, 7)])
def test_tokens_are_whole(written, read):
    provider = check(with_value(f"{MODEL}.contextWindow", written)).sections["models"].providers["litellm"]  # type: ignore[attr-defined]
    assert provider.models[0].context_window == read


def test_a_text_is_a_primary_without_a_word_about_fallbacks():
    agents: Any = check(with_value(f"{AGENT}.model", "litellm/x")).sections["agents"]
    assert (agents.list[0].model.primary, agents.list[0].model.fallbacks) == ("litellm/x", None)
    agents = check(with_value(f"{AGENT}.model", {"primary": "litellm/x", "fallbacks": []})).sections["agents"]
    assert agents.list[0].model.fallbacks == []


def test_a_key_is_not_shown_by_repr():
    provider = ProviderConfig.model_validate(
        {"baseUrl": "u", "apiKey": "sk-test-secret", "headers": {"x": "sk-test-header"}, "models": []}
    )
    assert "sk-test" not in repr(provider)


def test_snake_case_is_not_a_spelling_of_the_file():
    (issue,) = check(with_value(f"{PROVIDER}.api_key", "x")).issues
    assert issue.message == 'Unrecognized key "api_key" (did you mean "apiKey"?)'
