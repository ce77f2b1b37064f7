"""The edits behind ``fased providers models add`` and ``remove``: definitions made by hand. Pure.

Fact: options, defaults and messages are those of Fased's ``src/cli/providers-cli.ts``. There a new entry for a proxy on
this machine is blocked by its address and counts no tokens of streams; here it gets what a LiteLLM proxy needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..config.agents import section
from ..config.edits import DELETE, Edit
from ..errors import ConfigError
from ..net.addresses import is_private_url
from ..numerals import whole
from ..proxy.urls import written_base_url
from ..refs import PROVIDER, normalize_provider
from . import configured, definitions

DEFAULT_CONTEXT_WINDOW = 128_000
DEFAULT_MAX_TOKENS = 4_096
CAPABILITIES = ("tools", "json", "audio", "video", "speech")
API = "openai-completions"


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """What was typed for one model; None is "not typed". Capabilities that were not typed stay unknown."""

    provider: str
    model: str
    name: str | None = None
    base_url: str | None = None
    api: str | None = None
    context_window: int | None = None
    max_tokens: int | None = None
    reasoning: bool = False
    vision: bool = False
    capabilities: frozenset[str] = field(default_factory=frozenset)


def positive(option: str, text: str | None) -> int | None:
    """The value of an option that counts tokens.

    Raises:
        ConfigError: it is no positive whole number; message and exit status are Fased's.
    """
    if text is None:
        return None
    number = whole(text)
    if number is None or not 0 < number < 10**12:
        raise ConfigError(f"{option} must be a positive integer.", hint="It counts tokens.")
    return number


def add_edits(source: Mapping[str, Any], entry: ManualEntry) -> list[Edit]:
    """Add a definition, or renew the one with the same id (compared without case), keeping what was not typed.

    Raises:
        ConfigError: the provider is not configured, and there is no base URL to make it with.
        UsageError: the base URL is none.
    """
    provider = normalize_provider(entry.provider)
    key = configured.provider_key(source, provider)
    if key is None:
        if not entry.base_url:
            raise ConfigError(
                f'Provider "{provider}" is not configured. Pass --base-url or configure the provider first.',
                hint=f"For example: fased onboard --auth-choice {PROVIDER}-api-key" if provider == PROVIDER else None,
            )
        made = _provider(provider, entry.base_url, entry.api)
        made["models"] = [_definition(provider, entry, None, own_api="api" not in made)]
        return [Edit(("models", "providers", provider), made)]
    root = ("models", "providers", key)
    edits = []
    if entry.base_url:
        edits.append(Edit((*root, "baseUrl"), _base_url(provider, entry.base_url)))
    entries = configured.definitions_of(source, provider)
    index = _index(entries, entry.model, ignore_case=True)
    before = entries[index] if index is not None else None
    definition = _definition(provider, entry, before, own_api=True)
    if before is not None:
        edits += [
            Edit((*root, "models", index or 0, name), value)
            for name, value in definition.items()
            if name not in before or before[name] != value
        ]
    elif isinstance(section(source, *root).get("models"), list):
        edits.append(Edit((*root, "models", len(entries)), definition))
    else:
        edits.append(Edit((*root, "models"), [definition]))
    return edits


def remove_edits(source: Mapping[str, Any], provider: str, model: str) -> list[Edit]:
    """Remove a definition.

    Raises:
        ConfigError: provider or model are not configured; the messages are Fased's.
    """
    name = normalize_provider(provider)
    key = configured.provider_key(source, name)
    if key is None:
        raise ConfigError(f'Provider "{name}" is not configured.', hint="`fased providers models list` shows what is.")
    entries = configured.definitions_of(source, name)
    index = _index(entries, model, ignore_case=False)
    if index is None:
        index = _index(entries, model, ignore_case=True)
    if index is None:
        raise ConfigError(
            f'Model "{name}/{model.strip()}" is not configured.',
            hint=f"`fased providers models list --provider {name}`",
        )
    return [Edit(("models", "providers", key, "models", index), DELETE)]


def listing(source: Mapping[str, Any], provider: str | None = None) -> list[str]:
    """``provider/id`` of every definition: providers by name, models in file order."""
    wanted = normalize_provider(provider) if provider else None
    lines: list[str] = []
    for name, entry in sorted(section(source, "models", "providers").items()):
        if wanted is not None and normalize_provider(str(name)) != wanted:
            continue
        models = entry.get("models") if isinstance(entry, Mapping) else None
        ids = [model.get("id") for model in models if isinstance(model, Mapping)] if isinstance(models, list) else []
        lines += [f"{name}/{item}" for item in ids if isinstance(item, str)]
    return lines


def _definition(
    provider: str, entry: ManualEntry, before: Mapping[str, Any] | None, *, own_api: bool
) -> dict[str, Any]:
    model_id = entry.model.strip() if before is None else before["id"]
    made: dict[str, Any] = {"id": model_id, "name": (entry.name or "").strip() or model_id}
    if before is not None and not entry.name:
        made["name"] = before.get("name", model_id)
    if entry.api and own_api:
        made["api"] = entry.api
    if before is None or entry.reasoning:
        made["reasoning"] = entry.reasoning
    if before is None or entry.vision:
        made["input"] = ["text", "image"] if entry.vision else ["text"]
    if before is None or entry.context_window is not None:
        made["contextWindow"] = entry.context_window or DEFAULT_CONTEXT_WINDOW
    if before is None or entry.max_tokens is not None:
        window = made.get("contextWindow") or (before or {}).get("contextWindow") or DEFAULT_CONTEXT_WINDOW
        made["maxTokens"] = min(entry.max_tokens or DEFAULT_MAX_TOKENS, int(window))
    if entry.capabilities:
        known = section(before or {}, "capabilities")
        made["capabilities"] = {**known, **{name: True for name in CAPABILITIES if name in entry.capabilities}}
    if provider == PROVIDER and (before is None or "compat" not in before):
        effort = {"supportsReasoningEffort": True} if entry.reasoning else {}
        made["compat"] = {**definitions.COMPAT, **effort}
    return made


def _provider(provider: str, base_url: str, api: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"baseUrl": _base_url(provider, base_url)}
    if api or provider == PROVIDER:
        made["api"] = api or API
    if provider == PROVIDER and is_private_url(base_url):
        made["request"] = {"allowPrivateNetwork": True}
    return made


def _base_url(provider: str, text: str) -> str:
    return written_base_url(text) if provider == PROVIDER else text.strip()


def _index(entries: list[Any], model: str, *, ignore_case: bool) -> int | None:
    wanted = model.strip()
    for index, entry in enumerate(entries):
        found = entry.get("id") if isinstance(entry, Mapping) else None
        if isinstance(found, str) and (found == wanted or (ignore_case and found.casefold() == wanted.casefold())):
            return index
    return None
