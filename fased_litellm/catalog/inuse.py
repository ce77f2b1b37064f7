"""Which models the config's agents refer to, and where. Pure; reads the tree as it stands in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..config.agents import section
from ..errors import InvalidRef
from ..refs import DEFAULT_REF, PROVIDER, ModelRef, normalize_provider

# Fact: Fased's src/config/types.agent-defaults.ts and types.agents.ts. Each may be a reference or {primary, fallbacks}.
_MODEL_KEYS = (
    "model",
    "imageModel",
    "imageGenerationModel",
    "videoGenerationModel",
    "musicGenerationModel",
    "pdfModel",
)
_NESTED_KEYS = ("subagents", "heartbeat")

Uses = dict[ModelRef, list[str]]


def refs_in_use(source: Mapping[str, Any]) -> Uses:
    """References of all agents → dotted paths where they stand. The profile of a reference is dropped.

    Without any config the implied ``litellm/default`` is in use. Keys of ``agents.defaults.models`` are a list of what
    is allowed, not of what is used.
    """
    if not source:
        return {DEFAULT_REF: ["(no config: implied)"]}
    agents, defaults = section(source, "agents"), section(source, "agents", "defaults")
    aliases = aliases_of(source)
    uses: Uses = {}
    for path, text in _texts(agents, defaults):
        ref = read_ref(text, aliases)
        if ref is not None:
            uses.setdefault(ModelRef(ref.provider, ref.model), []).append(path)
    return uses


def aliases_of(source: Mapping[str, Any]) -> dict[str, str]:
    """Aliases, lower-cased → reference (``agents.defaults.models[*].alias``)."""
    models = section(source, "agents", "defaults", "models")
    found = {}
    for key in models:
        alias = section(models, key).get("alias")
        if isinstance(alias, str) and alias.strip():
            found[alias.strip().lower()] = str(key)
    return found


def read_ref(text: Any, aliases: Mapping[str, str]) -> ModelRef | None:
    """A reference as it stands in the config; None for what is none, or holds a ``${VAR}``."""
    if not isinstance(text, str) or "${" in text:
        return None
    target = aliases.get(text.strip().lower(), text) if "/" not in text else text
    try:
        return ModelRef.parse(target)
    except InvalidRef:
        return None


def provider_key(source: Mapping[str, Any], provider: str = PROVIDER) -> str | None:
    """The key of a provider in ``models.providers`` as it is written there; None where it is not configured."""
    providers = section(source, "models", "providers")
    if provider in providers:
        return provider
    return next((key for key in providers if normalize_provider(str(key)) == normalize_provider(provider)), None)


def definitions_of(source: Mapping[str, Any], provider: str = PROVIDER) -> list[Any]:
    """``models.providers.<provider>.models`` as it stands, with its indexes; empty where there is none."""
    key = provider_key(source, provider)
    if key is None:
        return []
    models = section(source, "models", "providers", key).get("models")
    return list(models) if isinstance(models, list) else []


def _texts(agents: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from _of_agent("agents.defaults", defaults)
    listed = agents.get("list")
    for index, agent in enumerate(listed if isinstance(listed, list) else ()):
        entry = _mapping(agent)
        yield from _of_agent(f"agents.list[{index}]", entry)
        # Written by older releases and still read (Fased's src/agents/agent-scope.ts).
        for name, scoped in _mapping(entry.get("modelProviders")).items():
            path = f"agents.list[{index}].modelProviders.{name}"
            yield from _of_choice(path, _mapping(scoped))
            yield from _of_roles(path, _mapping(scoped))


def _of_agent(path: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in _MODEL_KEYS:
        yield from _of_choice(f"{path}.{key}", entry.get(key))
    for key in _NESTED_KEYS:
        yield from _of_choice(f"{path}.{key}.model", _mapping(entry.get(key)).get("model"))
    yield from _of_roles(path, entry)


def _of_choice(path: str, choice: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(choice, str):
        yield path, choice
    elif isinstance(choice, Mapping):
        yield f"{path}.primary", choice.get("primary")
        fallbacks = choice.get("fallbacks")
        if isinstance(fallbacks, Sequence) and not isinstance(fallbacks, str):
            yield from ((f"{path}.fallbacks[{index}]", item) for index, item in enumerate(fallbacks))


def _of_roles(path: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for role, text in _mapping(entry.get("taskModels")).items():
        yield f"{path}.taskModels.{role}", text


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
