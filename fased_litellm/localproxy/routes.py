"""Which models the local proxy offers, and the config by which LiteLLM does so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError

_KEY_VARIABLES = {
    "google": "GEMINI_API_KEY",
    "perplexity": "PERPLEXITYAI_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "azure_ai": "AZURE_AI_API_KEY",
    "text-completion-openai": "OPENAI_API_KEY",
    "cohere_chat": "COHERE_API_KEY",
}
"""Providers whose variable is not ``<PROVIDER>_API_KEY``. Fact: LiteLLM 1.106, ``validate_environment``."""

_WITHOUT_KEY = {
    "bedrock",
    "bedrock_converse",
    "github_copilot",
    "hosted_vllm",
    "lm_studio",
    "llamafile",
    "ollama",
    "ollama_chat",
    "oobabooga",
    "petals",
    "sagemaker",
    "sagemaker_chat",
    "vertex_ai",
    "vertex_ai_beta",
    "xinference",
}
"""Providers which run here, or which LiteLLM signs in to by other means than one key (AWS, Google Cloud, a login)."""


@dataclass(frozen=True, slots=True)
class ServedRoute:
    """One alias and where its requests go.

    Attributes:
        alias: the name by which callers ask.
        model: ``provider/model`` as LiteLLM writes it.
        mock: the text with which LiteLLM answers by itself; None sends requests to the provider.
        api_base: address of the provider, None for its usual one.
        key_variable: environment variable with the provider's key, None if it needs none.
    """

    alias: str
    model: str
    mock: str | None = None
    api_base: str | None = None
    key_variable: str | None = None

    def as_entry(self) -> dict[str, Any]:
        """The element of LiteLLM's ``model_list``; a key stands in it as a reference to its variable only."""
        parameters: dict[str, Any] = {"model": self.model}
        if self.api_base is not None:
            parameters["api_base"] = self.api_base
        if self.key_variable is not None:
            parameters["api_key"] = f"os.environ/{self.key_variable}"
        if self.mock is not None:
            parameters["mock_response"] = self.mock
        return {"model_name": self.alias, "litellm_params": parameters}


def _mock(alias: str, model: str) -> ServedRoute:
    return ServedRoute(alias, model, mock=f"Hello from the mock model {alias}: LiteLLM answered this by itself.")


MOCK_ROUTES = (
    _mock("default", "openai/gpt-5.5"),
    _mock("gpt-5.5", "openai/gpt-5.5"),
    _mock("fast-cheap-chat", "openai/gpt-4o-mini"),
)
"""Answered inside LiteLLM, without a provider; the prices are those of the models named here."""


def parse_route(text: str) -> ServedRoute:
    """Read ``ALIAS=PROVIDER/MODEL``, such as ``default=openai/gpt-5.5``.

    Raises:
        UsageError: it is not of that form.
    """
    alias, equals, model = (part.strip() for part in text.partition("="))
    provider, slash, name = model.partition("/")
    if not equals or not slash or not alias or not name or not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", provider):
        raise UsageError(
            f"--model {text}: this is not ALIAS=PROVIDER/MODEL.", hint="For example: --model default=openai/gpt-5.5"
        )
    return ServedRoute(alias, model, key_variable=key_variable(provider))


def key_variable(provider: str) -> str | None:
    """The variable which holds the key of a provider; None for one that needs no key."""
    if provider in _WITHOUT_KEY:
        return None
    return _KEY_VARIABLES.get(provider, re.sub(r"[^A-Z0-9]", "_", provider.upper()) + "_API_KEY")


def litellm_config(routes: Iterable[ServedRoute]) -> dict[str, Any]:
    """LiteLLM's config, as the tree of its YAML file. The master key is not part of it: it goes by the environment."""
    return {"model_list": [route.as_entry() for route in routes]}
