"""How each case of the failure atlas is produced on a real proxy: the config, the keys, the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.upstream import Upstream

CHAT = "/v1/chat/completions"
NOW = {"num_retries": 0}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        model: a chat with this alias; else ``path`` and ``body`` say what is asked.
        path: below the proxy's root; ``{plain}`` is the key of that name.
        body: the JSON body of a POST; None for a GET.
        raw: a body as it is, in place of ``body``.
        more: further fields of a chat.
        key: which key, one of ``KEYS``, ``master``, or ``none``.
        scheme: what stands before the key.
        stream: whether the chat is streamed.
        first: a request before this one; it does not matter how it ends.
        meanwhile: a request that is under way when this one comes.
        until: repeat it until it fails, since a spent budget is noticed some seconds later.
    """

    model: str | None = None
    path: str = CHAT
    body: Mapping[str, Any] | None = None
    raw: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    key: str = "master"
    scheme: str = "Bearer "
    stream: bool = False
    first: Ask | None = None
    meanwhile: Ask | None = None
    until: bool = False

    @property
    def alias(self) -> str | None:
        """The alias which has to be in the proxy's config, None if it does not matter."""
        return self.model or (self.body or {}).get("model")


@dataclass(frozen=True, slots=True)
class KeyRecipe:
    """How a key is made: what is sent to ``/key/generate``, in which team, of which user, and what is done with it then."""

    generate: Mapping[str, Any] = field(default_factory=dict)
    team: Mapping[str, Any] | None = None
    user: Mapping[str, Any] | None = None
    then: str | None = None
    literal: str | None = None


KEYS: dict[str, KeyRecipe] = {
    "wrong": KeyRecipe(literal="sk-test-0123456789abcdef"),
    "foreign": KeyRecipe(literal="AIza-test-0123456789"),
    "plain": KeyRecipe(),
    "deleted": KeyRecipe(then="/key/delete"),
    "blocked": KeyRecipe(then="/key/block"),
    "expired": KeyRecipe({"duration": "1s"}),
    "team-blocked": KeyRecipe(team={"blocked": True}),
    "restricted": KeyRecipe({"models": ["default"]}),
    "team-restricted": KeyRecipe(team={"models": ["default"]}),
    "user-restricted": KeyRecipe(user={"models": ["default"]}),
    "models-only": KeyRecipe({"allowed_routes": ["/v1/models"]}),
    "calls-only": KeyRecipe({"key_type": "llm_api"}),
    "rpm": KeyRecipe({"rpm_limit": 1}),
    "tpm": KeyRecipe({"tpm_limit": 1}),
    "parallel": KeyRecipe({"max_parallel_requests": 1}),
    "team-rpm": KeyRecipe(team={"rpm_limit": 1}),
    "user-rpm": KeyRecipe(user={"rpm_limit": 1}),
    "zero": KeyRecipe({"max_budget": 0}),
    "tiny": KeyRecipe({"max_budget": 1e-7}),
    "user-budget": KeyRecipe(user={"max_budget": 0}),
    "team-budget": KeyRecipe(team={"max_budget": 1e-7}),
}
OUTSIDE_LATIN_1 = "\u6a21\u578b\u4e00\u53f7"
END_USER = "fased-atlas-end-user"
ALIAS_OF_PLAIN = "ALIAS-OF-PLAIN"
"""Stands for the alias of the key ``plain``."""


GUARDRAIL = '''"""A custom guardrail: a word of the prompt says how it refuses."""

from fastapi import HTTPException
from litellm.exceptions import GuardrailRaisedException
from litellm.integrations.custom_guardrail import CustomGuardrail


class Guardrail(CustomGuardrail):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        said = str(data.get("messages"))
        if "guard-object" in said:
            raise HTTPException(400, {"error": "Violated guardrail policy", "reason": "it says so"})
        if "guard-raise" in said:
            raise GuardrailRaisedException(guardrail_name="fased-atlas", message="it says so")
        if "guard-words" in said:
            raise HTTPException(403, "We do not speak of this here.")
        if "guard-value" in said:
            raise ValueError("Guardrail failed words detected: the project")
        if "guard-down" in said:
            raise HTTPException(503, {"error": "The guardrail is unreachable"})
        return data
'''


def deployments(upstream: str, secure: str) -> dict[str, dict[str, Any]]:
    """Alias → ``litellm_params``, of the proxy on which the cases without a database are produced."""

    def at(id: str, **more: Any) -> dict[str, Any]:
        return {"model": f"openai/{id}", "api_key": "sk-test-fake", "api_base": f"{upstream}/v1", **more}

    ids = (
        "e400",
        "e401",
        "e402",
        "e403",
        "e404",
        "e409",
        "e413",
        "e429",
        "e500",
        "e501",
        "e503",
        "e504",
        "e529",
        "equota",
    )
    found = {f"upstream-{id.removeprefix('e')}": at(f"fake-{id}") for id in ids}
    found |= {f"upstream-{id}": at(f"fake-{id}") for id in ("ctx", "filter", "html", "midstream", "cut", "credit")}
    found |= {f"upstream-{id}": at(f"fake-{id}") for id in ("page", "garbage", "reset", "notfound", "refused")}
    found |= {f"upstream-{id}": at(f"fake-{id}") for id in ("context", "model400", "azurefilter", "moderation")}
    for id in ("temperature", "not-today", "key-limit", "minimum"):
        found[f"upstream-{id}"] = at(f"fake-{id}")
    for id in ("budget", "key", "denied", "rate", "cooldown", "model", "guard"):
        found[f"inner-{id}"] = at(f"fake-inner-{id}")
    for id in ("deployment", "key"):
        azure = {"model": f"azure/fake-azure-{id}", "api_base": upstream, "api_version": "2024-02-01"}
        found[f"azure-{id}"] = {**at(""), **azure}
    found["upstream-temperature"]["temperature"] = 0.2
    return found | {
        "bedrock": {
            "model": "bedrock/anthropic.claude-3-7-sonnet-20250219-v1:0",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "aws_region_name": "us-east-1",
            "aws_bedrock_runtime_endpoint": upstream,
        },
        "untrusted": {"model": "anthropic/claude-3-5-sonnet-20241022", "api_key": "sk-test-fake", "api_base": secure},
        OUTSIDE_LATIN_1: at("gpt-4o-mini"),
        "default": {"model": "openai/gpt-5.5", "api_key": "sk-test-none", "mock_response": "Hello from mock default"},
        # Only where the guardrail stands beside the config: a given proxy has no alias of that name.
        "guarded": {"model": "openai/gpt-5.5", "api_key": "sk-test-none", "mock_response": "It was let through."},
        "upstream": at("gpt-4o-mini"),
        "upstream-slow": at("fake-slow30", timeout=1),
        "upstream-stall": at("fake-stall", timeout=1),
        "claude-529": {"model": "anthropic/fake-e529", "api_key": "sk-test-fake", "api_base": upstream},
        "broken": at("gpt-5.5", api_base="http://127.0.0.1:9"),
        "unknown-host": at("gpt-5.5", api_base="http://no-such-host.invalid/v1"),
        "wrong-scheme": at("gpt-5.5", api_base=f"{upstream}/v1".replace("http:", "https:")),
        "wrong-path": at("gpt-4o-mini", api_base=f"{upstream}/nowhere"),
        "no-embeddings": at("gpt-4o-mini"),
        "no-prefix": {**at(""), "model": "some-model-of-mine"},
        "bad-prefix": {**at(""), "model": "opneai/gpt-4o-mini"},
        "no-key": at("gpt-4o-mini", api_key="os.environ/FASED_ATLAS_NOT_SET"),
        "no-claude-key": {"model": "anthropic/claude-3-5-sonnet-20241022", "api_base": f"{upstream}/v1"},
        "claude": {"model": "anthropic/claude-3-5-sonnet-20241022", "api_key": "sk-test-fake", "api_base": f"{upstream}/v1"},
        "small": at("gpt-4"),
        "spent": at("gpt-4o-mini", max_budget=1e-7, budget_duration="1d", input_cost_per_token=1, output_cost_per_token=1),
        "fallback-fails": at("fake-e500"),
        "fallback-missing": at("fake-e500"),
    }  # fmt: skip


def config(upstream: Upstream) -> dict[str, Any]:
    """The config of that proxy; ``write_guardrail`` has to put the guardrail beside it."""
    chosen = deployments(upstream.url, upstream.secure_url)
    models = [{"model_name": alias, "litellm_params": params} for alias, params in chosen.items()]
    guardrail = {"guardrail": "fased_atlas_guardrail.Guardrail", "mode": "pre_call", "default_on": True}
    return {
        "model_list": models,
        "guardrails": [{"guardrail_name": "fased-atlas", "litellm_params": guardrail}],
        "router_settings": {
            "enable_pre_call_checks": True,
            "fallbacks": [{"fallback-fails": ["upstream-503"]}, {"fallback-missing": ["no-such-alias"]}],
        },
    }


def write_config(folder: Path, document: dict[str, Any]) -> Path:
    """Write a config which may name the guardrail; the guardrail itself stands beside it."""
    (folder / "fased_atlas_guardrail.py").write_text(GUARDRAIL)
    path = folder / "config.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


_AFTER_401 = Ask("upstream-401")
_DATES = "start_date=2026-01-01%2000:00:00&end_date=2026-01-02%2000:00:00"


def _saying(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


RECIPES: dict[str, Ask] = {
    # keys
    "no-key": Ask("default", key="none"),
    "no-key-no-database": Ask("default", key="none"),
    "wrong-key": Ask("default", key="wrong"),
    "deleted-key": Ask("default", key="deleted"),
    "wrong-key-no-database": Ask("default", key="wrong"),
    "key-of-a-provider": Ask("default", key="foreign"),
    "key-of-a-provider-no-database": Ask("default", key="foreign"),
    "key-without-bearer": Ask("default", scheme=""),
    "blocked-key": Ask("default", key="blocked"),
    "blocked-key-models": Ask(path="/v1/models", key="blocked"),
    "expired-key": Ask("default", key="expired"),
    "blocked-team": Ask("default", key="team-blocked"),
    # limits
    "model-not-of-the-key": Ask("upstream", key="restricted"),
    "unknown-model-restricted-key": Ask("no-such-model", key="restricted"),
    "model-not-of-the-team": Ask("upstream", key="team-restricted"),
    "model-not-of-the-user": Ask("upstream", key="user-restricted"),
    "route-not-of-the-key": Ask("default", key="models-only"),
    "requests-per-minute": Ask("default", key="rpm", first=Ask("default", key="rpm")),
    "tokens-per-minute": Ask("default", key="tpm", first=Ask("default", key="tpm")),
    "parallel-requests": Ask("default", key="parallel", meanwhile=Ask("upstream-slow", key="parallel")),
    "requests-per-minute-of-a-team": Ask("default", key="team-rpm", first=Ask("default", key="team-rpm")),
    "requests-per-minute-of-a-user": Ask("default", key="user-rpm", first=Ask("default", key="user-rpm")),
    "budget-of-zero": Ask("default", key="zero"),
    "budget-used-up": Ask("default", key="tiny", until=True),
    "budget-used-up-stream": Ask("default", key="tiny", stream=True, until=True),
    "budget-used-up-models": Ask(path="/v1/models", key="tiny", first=Ask("default", key="tiny"), until=True),
    "budget-of-the-user": Ask("default", key="user-budget"),
    "budget-of-the-team": Ask("default", key="team-budget", until=True),
    "budget-of-the-end-user": Ask("default", key="plain", more={"user": END_USER}, until=True),
    # calls
    "unknown-model": Ask("no-such-model"),
    "no-model": Ask(body={"messages": [{"role": "user", "content": "hi"}]}),
    "no-messages": Ask(body={"model": "default"}),
    "messages-a-text": Ask(body={"model": "upstream", "messages": "hi", **NOW}),
    "bad-json": Ask(raw='{"model": '),
    "unknown-route": Ask(path="/v1/nowhere"),
    "v1-twice": Ask(path="/v1/v1/chat/completions", body={"model": "default", "messages": []}),
    "wrong-method": Ask(path=CHAT),
    "context-window": Ask("upstream-ctx"),
    "context-window-before-the-call": Ask("small", more={"messages": [{"role": "user", "content": "word " * 9000}]}),
    "context-window-in-other-words": Ask("upstream-context"),
    "content-policy": Ask("upstream-filter"),
    "content-policy-azure": Ask("upstream-azurefilter"),
    "content-policy-403": Ask("upstream-moderation"),
    "refused-without-words": Ask("upstream-refused"),
    "parameter-refused-by-provider": Ask("upstream-400", more={"max_tokens": 8}),
    "parameter-refused-by-litellm": Ask("claude", more={"logprobs": True, "frequency_penalty": 1.0}),
    "output-limit-too-low": Ask("upstream-minimum", more={"max_tokens": 16}),
    "request-too-large": Ask("upstream-413"),
    "parameter-of-the-config": Ask("upstream-temperature"),
    "guardrail": Ask("guarded", more=_saying("guard-object")),
    "guardrail-raised": Ask("guarded", more=_saying("guard-raise")),
    "guardrail-other-words": Ask("guarded", more=_saying("guard-words")),
    "guardrail-value-error": Ask("guarded", more=_saying("guard-value")),
    "guardrail-failed": Ask("guarded", more=_saying("guard-down")),
    "name-outside-latin-1": Ask(OUTSIDE_LATIN_1),
    "mock-testing": Ask("upstream", more={"mock_testing_fallbacks": True}),
    # providers
    "mapping-without-provider": Ask("no-prefix"),
    "mapping-misspelt-provider": Ask("bad-prefix"),
    "mapping-unknown-model": Ask("upstream-404"),
    "mapping-unknown-model-400": Ask("upstream-model400"),
    "mapping-wrong-api-base": Ask("wrong-path"),
    "mapping-wrong-api-base-json": Ask("upstream-notfound"),
    "mapping-other-kind": Ask(path="/v1/embeddings", body={"model": "no-embeddings", "input": "hi", **NOW}),
    "deployment-budget": Ask("spent", until=True),
    "cooldown": Ask("upstream-401", first=_AFTER_401),
    "provider-key-not-set": Ask("no-key"),
    "provider-key-absent": Ask("no-claude-key"),
    "provider-key-wrong": Ask("upstream-401"),
    "provider-permission": Ask("upstream-403"),
    "provider-permission-stream": Ask("upstream-403", stream=True),
    "provider-quota": Ask("upstream-quota"),
    "provider-credit": Ask("upstream-credit"),
    "provider-payment": Ask("upstream-402"),
    "provider-refused-connection": Ask("broken"),
    "provider-unknown-host": Ask("unknown-host"),
    "provider-wrong-scheme": Ask("wrong-scheme"),
    "provider-reset": Ask("upstream-reset"),
    "provider-web-page": Ask("upstream-page"),
    "provider-not-json": Ask("upstream-garbage"),
    "provider-bad-gateway": Ask("upstream-html"),
    "provider-certificate": Ask("untrusted"),
    "inner-budget": Ask("inner-budget"),
    "inner-key": Ask("inner-key"),
    "inner-model-denied": Ask("inner-denied"),
    "inner-rate": Ask("inner-rate"),
    "inner-cooldown": Ask("inner-cooldown"),
    "inner-model": Ask("inner-model"),
    "inner-guardrail": Ask("inner-guard"),
    "azure-deployment": Ask("azure-deployment"),
    "azure-key": Ask("azure-key"),
    "openrouter-key-limit": Ask("upstream-key-limit"),
    "bedrock-on-demand": Ask("bedrock"),
    "refused-in-other-words": Ask("upstream-not-today"),
    "provider-rate-limit": Ask("upstream-429"),
    "provider-500": Ask("upstream-500"),
    "provider-501": Ask("upstream-501"),
    "provider-503": Ask("upstream-503"),
    "provider-529": Ask("upstream-529"),
    "provider-overloaded-anthropic": Ask("claude-529"),
    "provider-409": Ask("upstream-409"),
    "provider-504": Ask("upstream-504"),
    "provider-timeout": Ask("upstream-slow"),
    "fallback-fails-too": Ask("fallback-fails"),
    "fallback-does-not-exist": Ask("fallback-missing"),
    "stream-error-event": Ask("upstream-midstream", stream=True),
    "stream-stalls": Ask("upstream-stall", stream=True),
    "stream-cut-by-provider": Ask("upstream-cut", stream=True),
    # models, keys, spend
    "one-model-virtual-key": Ask(path="/v1/models/default", key="plain"),
    "one-model-unknown": Ask(path="/v1/models/no-such-model"),
    "model-info-unknown-id": Ask(path="/model/info?litellm_model_id=no-such-id"),
    "model-info-v2-no-database": Ask(path="/v2/model/info"),
    "key-info-master": Ask(path="/key/info"),
    "key-info-unknown": Ask(path="/key/info?key=sk-test-0123456789abcdef"),
    "key-info-calls-only": Ask(path="/key/info", key="calls-only"),
    "key-list-virtual-key": Ask(path="/key/list", key="plain"),
    "key-list-no-database": Ask(path="/key/list"),
    "key-generate-virtual-key": Ask(path="/key/generate", body={}, key="plain"),
    "key-generate-same-alias": Ask(path="/key/generate", body={"key_alias": ALIAS_OF_PLAIN}),
    "key-generate-bad-duration": Ask(path="/key/generate", body={"max_budget": 1, "budget_duration": "yearly"}),
    "key-generate-bad-budget": Ask(path="/key/generate", body={"max_budget": "abc"}),
    "key-generate-negative-budget": Ask(path="/key/generate", body={"max_budget": -1}),
    "key-generate-enterprise": Ask(
        path="/key/generate", body={"model_max_budget": {"default": {"budget_limit": 1, "time_period": "1d"}}}
    ),
    "key-regenerate": Ask(path="/key/{plain}/regenerate", body={}),
    "key-update-unknown": Ask(path="/key/update", body={"key": "sk-test-0123456789abcdef", "max_budget": 2}),
    "spend-virtual-key": Ask(path="/spend/logs", key="plain"),
    "spend-without-dates": Ask(path="/spend/logs/v2"),
    "spend-no-database": Ask(path="/spend/logs"),
    "spend-v2-no-database": Ask(path=f"/spend/logs/v2?{_DATES}"),
    "activity-virtual-key": Ask(
        path="/user/daily/activity?start_date=2026-01-01&end_date=2026-01-02", key="plain"
    ),
    "spend-report": Ask(path="/global/spend/report?start_date=2026-01-01&end_date=2026-01-02"),
}  # fmt: skip
