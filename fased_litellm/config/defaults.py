"""Which provider is meant where the config has none: a LiteLLM proxy on this machine.

Fact: Fased's ``src/providers/litellm-models.ts`` has these defaults. There the default URL has ``/v1`` behind it, and
``LITELLM_BASE_URL`` counts for the catalog alone; here it counts wherever the config has no base URL.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..refs import DEFAULT_MODEL_ID, PROVIDER, normalize_provider
from .agents import section

if TYPE_CHECKING:
    from .load import ConfigSnapshot
    from .schema.models import ProviderConfig

DEFAULT_BASE_URL = "http://localhost:4000"
BASE_URL_VARIABLE = "LITELLM_BASE_URL"
DEFAULT_MODEL_NAME = "LiteLLM proxy default"
DEFAULT_CONTEXT_WINDOW = 128_000
"""Tokens; what Fased assumes of ``litellm/default``."""
DEFAULT_MAX_TOKENS = 8_192
"""Tokens; what Fased assumes of ``litellm/default``."""


def provider_of(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> ProviderConfig:
    """The provider of that id: the configured one, or for ``litellm`` the implied one.

    Raises:
        ConfigInvalid: the config is not valid.
        ConfigError: the provider is not configured, and is not ``litellm``.
    """
    configured = configured_provider(snapshot, provider)
    if configured is not None:
        return configured
    if normalize_provider(provider) == PROVIDER:
        return implied_provider(snapshot)
    raise ConfigError(
        f"{snapshot.path} has no provider {provider!r}.",
        hint=f"Add models.providers.{provider}, or use a model of {PROVIDER}.",
    )


def configured_provider(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> ProviderConfig | None:
    """The provider in the config whose id is ``provider``, or normalises to the same; None if there is none.

    Raises:
        ConfigInvalid: the config is not valid.
    """
    models = snapshot.config.models
    providers = (models.providers if models else None) or {}
    if provider in providers:
        return providers[provider]
    wanted = normalize_provider(provider)
    return next((entry for name, entry in providers.items() if normalize_provider(name) == wanted), None)


def entry_place(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> str:
    """The dotted path of the provider's entry in the config, as it is written there; that of a new one, where there is none."""
    providers = section(snapshot.source, "models", "providers")
    if provider in providers:
        return f"models.providers.{provider}"
    wanted = normalize_provider(provider)
    return f"models.providers.{next((name for name in providers if normalize_provider(name) == wanted), provider)}"


def address_of(snapshot: ConfigSnapshot) -> str:
    """The base URL of the provider ``litellm``, configured or implied, as written: ``proxy.urls`` normalises it.

    Raises:
        ConfigInvalid: the config does not hold.
        MissingVariable: the URL refers to a variable that is not set.
    """
    url = provider_of(snapshot).base_url
    snapshot.need(f"{entry_place(snapshot)}.baseUrl")
    return url


def implied_provider(snapshot: ConfigSnapshot) -> ProviderConfig:
    """The provider ``litellm`` of a config without one.

    Its URL is that of ``LITELLM_BASE_URL``, else the default; the private network is allowed on loopback alone; it has
    no key of its own, so that ``LITELLM_API_KEY`` or a profile gives it; ``litellm/default`` is its model.
    """
    from .schema.models import ProviderConfig

    url = implied_base_url(snapshot.env)
    definition = {
        "id": DEFAULT_MODEL_ID,
        "name": DEFAULT_MODEL_NAME,
        "reasoning": False,
        "input": ["text"],
        "contextWindow": DEFAULT_CONTEXT_WINDOW,
        "maxTokens": DEFAULT_MAX_TOKENS,
        # Fased has false here, and then shows no usage for streams; a LiteLLM proxy does send it.
        "compat": {"supportsUsageInStreaming": True, "supportsReasoningEffort": False},
    }
    return ProviderConfig.model_validate(
        {
            "baseUrl": url,
            "api": "openai-completions",
            "request": {"allowPrivateNetwork": is_loopback(url)},
            "models": [definition],
        }
    )


def base_urls(config: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """The base URLs of all providers, by their normalised ids, as written; also that which is implied for ``litellm``.

    Args:
        config: the config's value.
        env: its environment.
    """
    urls = {PROVIDER: implied_base_url(env)}
    for name, entry in section(config, "models", "providers").items():
        url = entry.get("baseUrl") if isinstance(entry, Mapping) else None
        if isinstance(url, str):
            urls[normalize_provider(str(name))] = url
    return urls


def implied_base_url(env: Mapping[str, str]) -> str:
    """The base URL where the config has none, as written: ``proxy.urls`` normalises it."""
    return env.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL


def is_loopback(url: str) -> bool:
    """Whether the host of a URL is this machine by its very name: ``localhost`` or a loopback address."""
    try:
        host = (urlsplit(url if "://" in url else f"http://{url}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
