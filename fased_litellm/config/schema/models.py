"""``models``: providers and the definitions of their models.

Fact: ``src/config/zod-schema.core.ts`` and ``src/config/types.models.ts``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .base import Maybe, NonEmpty, Strict, Usd, Whole
from .secretref import SecretInput

Api = Literal[
    "openai-completions",
    "openai-responses",
    "openai-codex-responses",
    "anthropic-messages",
    "google-generative-ai",
    "github-copilot",
    "ollama",
]
ThinkingLevel = Literal["off", "minimal", "low", "medium", "high", "xhigh", "max"]
ThinkingMode = Literal[
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


class Cost(Strict):
    """Prices in USD per 1,000,000 tokens."""

    input: Maybe[Usd] = None
    output: Maybe[Usd] = None
    cache_read: Maybe[Usd] = None
    cache_write: Maybe[Usd] = None


class Compat(Strict):
    """How the provider's API differs from OpenAI's."""

    supports_store: Maybe[bool] = None
    supports_developer_role: Maybe[bool] = None
    supports_reasoning_effort: Maybe[bool] = None
    supports_usage_in_streaming: Maybe[bool] = None
    supports_strict_mode: Maybe[bool] = None
    max_tokens_field: Maybe[Literal["max_completion_tokens", "max_tokens"]] = None
    thinking_format: Maybe[Literal["openai", "zai", "qwen"]] = None
    requires_tool_result_name: Maybe[bool] = None
    requires_assistant_after_tool_result: Maybe[bool] = None
    requires_thinking_as_text: Maybe[bool] = None
    requires_mistral_tool_ids: Maybe[bool] = None


class Capabilities(Strict):
    """What a model can do. ``json_output`` is the key ``json``, which pydantic keeps for itself."""

    tools: Maybe[bool] = None
    json_output: Maybe[bool] = Field(default=None, alias="json")
    audio: Maybe[bool] = None
    video: Maybe[bool] = None
    speech: Maybe[bool] = None
    fixed_reasoning: Maybe[bool] = None
    reasoning_budget_supported: Maybe[bool] = None
    thinking_levels: Maybe[list[ThinkingLevel]] = None
    default_thinking_level: Maybe[ThinkingLevel] = None
    thinking_mode: Maybe[ThinkingMode] = None


class ModelDefinition(Strict):
    """One model of a provider.

    Attributes:
        context_window: input and output together, in tokens.
        max_tokens: the most that one reply may have, in tokens.
        api: None means the provider's.
    """

    id: NonEmpty
    name: NonEmpty
    api: Maybe[Api] = None
    reasoning: Maybe[bool] = None
    input: Maybe[list[Literal["text", "image"]]] = None
    cost: Maybe[Cost] = None
    context_window: Maybe[Whole] = None
    max_tokens: Maybe[Whole] = None
    headers: Maybe[dict[str, str]] = Field(default=None, repr=False)
    compat: Maybe[Compat] = None
    capabilities: Maybe[Capabilities] = None


class RequestConfig(Strict):
    """Fased's code knows more keys than this one, but its schema refuses them."""

    allow_private_network: Maybe[bool] = None


class ProviderConfig(Strict):
    """``models.providers.<id>``.

    Attributes:
        base_url: as written; ``proxy.urls`` normalises it.
        api_key: text after ``${VAR}``, or a reference; None where the key is kept elsewhere.
    """

    base_url: NonEmpty
    api_key: Maybe[SecretInput] = Field(default=None, repr=False)  # neither a traceback nor a log shows it
    # Fact: "aws-sdk" is in Fased's types, and refused by some releases of its schema.
    auth: Maybe[Literal["api-key", "oauth", "token", "aws-sdk"]] = None
    api: Maybe[Api] = None
    headers: Maybe[dict[str, str]] = Field(default=None, repr=False)
    auth_header: Maybe[bool] = None
    request: Maybe[RequestConfig] = None
    models: list[ModelDefinition]

    @property
    def allows_private_network(self) -> bool:
        """Whether ``request.allowPrivateNetwork`` is set and true."""
        return self.request is not None and self.request.allow_private_network is True

    def model(self, model_id: str) -> ModelDefinition | None:
        """The definition of a model, by its exact id."""
        return next((model for model in self.models if model.id == model_id), None)


class ModelsConfig(Strict):
    """``models``."""

    mode: Maybe[Literal["merge", "replace"]] = None
    providers: Maybe[dict[str, ProviderConfig]] = None
    bedrock_discovery: Maybe[dict[str, Any]] = None
