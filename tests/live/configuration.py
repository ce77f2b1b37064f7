"""The config of the proxy which the live tests start where none is given to them."""

from __future__ import annotations

from typing import Any

MOCKED = {"default": "openai/gpt-5.5", "gpt-5.5": "openai/gpt-5.5", "fast-cheap-chat": "openai/gpt-4o-mini"}
"""Alias → model whose price is taken; the text is ``Hello from mock ALIAS``."""

UPSTREAM = {
    "upstream": "gpt-4o-mini",
    "upstream-reason": "fake-reason",
    "upstream-tool": "fake-tool",
    "upstream-drip": "fake-drip",
    "upstream-slow": "fake-slow30",
    "upstream-flaky": "fake-flaky",
    "upstream-400": "fake-e400",
    "upstream-401": "fake-e401",
    "upstream-403": "fake-e403",
    "upstream-404": "fake-e404",
    "upstream-429": "fake-e429",
    "upstream-quota": "fake-equota",
    "upstream-500": "fake-e500",
    "upstream-503": "fake-e503",
    "upstream-html": "fake-html",
    "upstream-ctx": "fake-ctx",
    "upstream-filter": "fake-filter",
    "upstream-midstream": "fake-midstream",
    "upstream-cut": "fake-cut",
    "upstream-fallback": "fake-e500",
}
"""Alias → id at the upstream, which picks the behaviour (``tests.live.upstream``)."""

_KNOWN_TO_THE_PROXY = {
    "max_input_tokens": 50000,
    "max_output_tokens": 4000,
    "input_cost_per_token": 0.000001,
    "output_cost_per_token": 0.000002,
    "supports_vision": True,
    "supports_reasoning": True,
    "supports_function_calling": True,
}


def config(upstream_url: str) -> dict[str, Any]:
    """LiteLLM's config: mocked models, one whose address is dead, and those which the upstream answers."""
    models: list[dict[str, Any]] = []
    for alias, model in MOCKED.items():
        parameters = {"model": model, "api_key": "sk-test-none", "mock_response": f"Hello from mock {alias}"}
        models.append({"model_name": alias, "litellm_params": parameters})
    dead = {"model": "openai/gpt-5.5", "api_key": "sk-test-broken", "api_base": "http://127.0.0.1:9"}
    models.append({"model_name": "broken", "litellm_params": dead})
    for alias, id in UPSTREAM.items():
        entry: dict[str, Any] = {"model": f"openai/{id}", "api_key": "sk-test-fake", "api_base": f"{upstream_url}/v1"}
        if alias == "upstream-slow":
            entry["timeout"] = 2
        row: dict[str, Any] = {"model_name": alias, "litellm_params": entry}
        if alias == "upstream-reason":
            row["model_info"] = _KNOWN_TO_THE_PROXY
        models.append(row)
    return {"model_list": models, "router_settings": {"fallbacks": [{"upstream-fallback": ["upstream"]}]}}
