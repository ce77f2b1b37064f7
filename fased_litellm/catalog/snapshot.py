"""Catalogs that do not come from the proxy: a file given by hand, or the definitions of the config itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .. import jsontext
from ..config.agents import section
from ..errors import CatalogError
from ..proxy.pricing.prices import Prices
from ..refs import DEFAULT_MODEL_ID, PROVIDER
from . import configured, values
from .definitions import default_definition
from .discover import MOST_BYTES
from .facts import Catalog, ModelFacts
from .merge import MOST_MODELS


@dataclass(frozen=True, slots=True)
class MissingSource:
    """Why there is nothing to compare with: ``credential-missing``, ``base-url-missing``, ``catalog-unsupported``."""

    reason: str
    detail: str


def read(path: Path) -> Any:
    """The JSON of a snapshot file.

    Raises:
        CatalogError: it cannot be read, is larger than 4 MiB or is not JSON.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}.", hint="Give a snapshot file.") from error
    if len(data) > MOST_BYTES:
        raise CatalogError(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MiB.", hint="Split it.")
    try:
        return jsontext.loads(data)
    except jsontext.NotJson as error:
        raise CatalogError(f"{path} cannot be read: {error}.", hint="A snapshot is plain JSON.") from error


def from_file(body: Any, *, path: str, base_url: str, now: datetime) -> Catalog | MissingSource:
    """Read a snapshot in the shape of ``fased providers refresh --from-file``.

    ``{"providers": {"litellm": {"routes": {"litellm": ["a", {"id": "b", "contextWindow": 128000}]}, "missing": {}}}}``,
    or ``models: […]`` instead of ``routes``.

    Raises:
        CatalogError: it has another shape.
    """
    providers = body.get("providers") if isinstance(body, Mapping) else None
    if not isinstance(providers, Mapping):
        raise CatalogError(
            f"{path}: `providers` is missing.", hint='Expected: {"providers": {"litellm": {"models": […]}}}'
        )
    brand = section(providers, PROVIDER)
    if PROVIDER not in providers:
        return MissingSource("catalog-unsupported", f"{path} has nothing about {PROVIDER}.")
    missing = section(brand, "missing", PROVIDER)
    if missing:
        reason, detail = values.text(missing.get("reason")), values.text(missing.get("detail"))
        return MissingSource(reason or "catalog-unsupported", detail or "")
    entries = section(brand, "routes").get(PROVIDER, brand.get("models"))
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise CatalogError(f"{path}: providers.{PROVIDER} has neither `routes.{PROVIDER}` nor `models`.")
    if len(entries) > MOST_MODELS:
        raise CatalogError(f"{path} lists {len(entries):,} models; at most {MOST_MODELS:,} are read.")
    return _catalog(entries, base_url, now, (path,))


def from_definitions(source: Mapping[str, Any], *, base_url: str, now: datetime) -> Catalog:
    """What is known without asking anybody: the definitions in the config, and ``litellm/default``."""
    entries = configured.definitions_of(source)
    known = {entry.get("id") for entry in entries if isinstance(entry, Mapping)}
    own = [] if DEFAULT_MODEL_ID in known else [default_definition()]
    return _catalog([*own, *entries], base_url, now, ("config",))


def facts_of(entry: Any) -> ModelFacts | None:
    """One entry, an id or an object; capabilities may stand beside the id or under ``capabilities``."""
    fields: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {"id": entry}
    name = values.model_id(fields.get("id"))
    if name is None:
        return None
    capabilities = {**fields, **section(fields, "capabilities")}
    cost = section(fields, "cost") or section(fields, "price")
    kinds = fields.get("input")
    return ModelFacts(
        id=name,
        mode=values.text(fields.get("mode")),
        context_window=values.tokens(fields.get("contextWindow")),
        max_output_tokens=values.tokens(fields.get("maxTokens")),
        prices=Prices(
            input=_per_token(cost.get("input")),
            output=_per_token(cost.get("output")),
            cache_read=_per_token(cost.get("cacheRead")),
            cache_write=_per_token(cost.get("cacheWrite")),
        ),
        vision="image" in kinds if isinstance(kinds, list) else None,
        reasoning=values.flag(fields.get("reasoning")),
        tools=values.flag(capabilities.get("tools")),
        json=values.flag(capabilities.get("json")),
        audio_input=values.flag(capabilities.get("audio")),
        audio_output=values.flag(capabilities.get("speech")),
    )


def _catalog(entries: Sequence[Any], base_url: str, now: datetime, sources: tuple[str, ...]) -> Catalog:
    found: dict[str, ModelFacts] = {}
    for entry in entries:
        facts = facts_of(entry)
        if facts is not None:
            found.setdefault(facts.id, facts)
    skipped = sum(1 for entry in entries if facts_of(entry) is None)
    notes = (f"{skipped} entries without a usable id skipped.",) if skipped else ()
    return Catalog(base_url, now, tuple(found.values()), notes=notes, sources=sources)


def _per_token(per_million: Any) -> Decimal | None:
    read = values.number(per_million)
    return None if read is None else values.price(Decimal(str(read)) / 1_000_000)
