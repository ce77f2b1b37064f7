"""Where a deployment's requests go: addresses that end beside what answers there. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..findings import Finding
from .parts import Deployment
from .spellings import VARIABLE, inside, whole

_OLLAMA = {"ollama": "/api/generate", "ollama_chat": "/api/chat"}
"""Fact: LiteLLM appends this to ``api_base``, unless it ends so (1.108.7, ``llms/ollama``)."""
_NOT_OLLAMA = ("/v1", "/api", "/chat", "/chat/completions", "/completions", "/generate", "/api/tags", "/models")


def findings(deployments: tuple[Deployment, ...]) -> Iterator[Finding]:
    """What is wrong with the addresses."""
    for deployment in deployments:
        base = deployment.api_base or ""
        if VARIABLE in base or whole(base) or inside(base) or "://" not in base:
            continue
        try:
            path = urlsplit(base).path.rstrip("/")
        except ValueError:
            continue
        if deployment.provider == "openai" and not path:
            yield Finding(
                "api-base-path",
                "warning",
                f"{deployment.alias}: api_base {base} has no path; LiteLLM asks for {base.rstrip('/')}/chat/completions, which most"
                " OpenAI-compatible servers have below /v1.",
                f"Write {base.rstrip('/')}/v1, unless that server has none.",
                deployment.file,
                deployment.line,
            )
        own = _OLLAMA.get(deployment.provider or "")
        if own is not None and path.lower().endswith(_NOT_OLLAMA) and not path.endswith(own):
            bare = base[: base.lower().rindex(_first_part(path))]
            yield Finding(
                "api-base-path",
                "error",
                f"{deployment.alias}: LiteLLM asks an {deployment.provider}/ model at {base.rstrip('/')}{own}, which Ollama does not"
                " have.",
                f"Write api_base: {bare}, or model: openai/{deployment.model} with api_base: {bare}/v1.",
                deployment.file,
                deployment.line,
            )


def _first_part(path: str) -> str:
    """Where Ollama's own part of a path begins: what is before it may be that of a reverse proxy."""
    lowered = path.lower()
    places = [place for part in ("/v1", "/api") if (place := lowered.find(part)) >= 0]
    return lowered[min(places) :] if places else lowered
