"""What the provider knows of the proxy's models. Apart from the calls, which need nothing of it to begin."""

from __future__ import annotations

from typing import Any

from ..catalog import cache
from ..catalog import discover as ask
from ..catalog.definitions import default_definition, to_definition
from ..catalog.facts import Catalog
from ..catalog.selection import nearest_ids
from ..errors import CallError, CatalogError
from ..paths import Paths
from ..proxy.causes.rule import SHOW_MODELS
from ..proxy.client import AsyncProxyClient, ProxyClient
from ..proxy.urls import written_base_url
from ..redaction import logger
from ..refs import DEFAULT_MODEL_ID, PROVIDER
from .settings import Settings

_log = logger("catalog")


def discover(client: ProxyClient, paths: Paths) -> Catalog:
    """Ask the proxy for its models, and keep the answer as last good."""
    return _kept(ask.discover(client), paths)


async def adiscover(client: AsyncProxyClient, paths: Paths) -> Catalog:
    """As ``discover``, for asyncio."""
    import asyncio  # here, since it takes 14 ms and the blocking half does not need it

    return await asyncio.to_thread(_kept, await ask.adiscover(client), paths)


def _kept(catalog: Catalog, paths: Paths) -> Catalog:
    try:
        cache.save(paths, catalog)
    except CatalogError as error:
        # The answer is there; only the next start has to ask again.
        _log.warning("%s", error.message)
    return catalog


def last_good(settings: Settings) -> Catalog | None:
    """What the proxy said when it was last asked, None if it never was."""
    return cache.load_last_good(settings.paths, settings.base_url)


def model_ids(settings: Settings) -> list[str]:
    """The registered models: ``default`` always, those of the config, and those which the proxy last listed."""
    catalog = last_good(settings)
    listed = [facts.id for facts in catalog.chat_models] if catalog else []
    configured = [definition.id for definition in settings.provider.models]
    return list(dict.fromkeys([DEFAULT_MODEL_ID, *configured, *listed]))


def provider_entry(settings: Settings, catalog: Catalog) -> dict[str, Any]:
    """The entry for ``models.providers.litellm`` with the models of a catalog."""
    definitions = {DEFAULT_MODEL_ID: default_definition()}
    definitions.update((facts.id, to_definition(facts)) for facts in catalog.chat_models)
    entry: dict[str, Any] = {"baseUrl": written_base_url(settings.base_url), "api": "openai-completions"}
    if settings.provider.allows_private_network:
        entry["request"] = {"allowPrivateNetwork": True}
    return {**entry, "models": list(definitions.values())}


def enrich(settings: Settings, error: CallError) -> CallError:
    """A failure with the nearest ids, for a model that the proxy does not have."""
    catalog = last_good(settings)
    if catalog is not None and error.receipt is not None:
        # Behind the attempt that failed there may be a fallback which a budget did not let begin.
        failed = next(attempt for attempt in reversed(error.receipt.attempts) if attempt.cause == error.cause)
        near = nearest_ids(catalog, failed.model.partition("/")[2])
        if near:
            error.hint = f"Nearest: {', '.join(f'{PROVIDER}/{name}' for name in near)}. {error.hint or ''}".rstrip()
    return error


def reclassify_unknown_model(settings: Settings, model: str, error: CallError) -> None:
    """Make ``error`` one of an unknown model where a pattern of the proxy alone took the name (``openai/*``).

    The provider does not know the model then, and neither does the proxy's config: the name is wrong, not what it is mapped to.
    """
    catalog = last_good(settings)
    if catalog is None or model in catalog.by_id or catalog.single_model or not catalog.lists(model):
        return
    error.cause, error.origin = "unknown-model", "caller"
    error.hint = (
        f"The proxy does not list {model!r}: a pattern in its config took the name, and the provider has no such model."
        f" {SHOW_MODELS}"
    )
