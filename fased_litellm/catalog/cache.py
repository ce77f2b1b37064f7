"""The last good list of models, one file per proxy, for when the proxy cannot be asked.

The file holds nothing of the key, not even a hash: a short key could be guessed from one. So it may have been fetched
with another key, and whoever refuses a model on its word must ask the proxy first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import atomicfile, jsontext, statefile
from ..errors import CatalogError
from ..paths import Paths
from ..proxy.pricing.card import RateCard
from ..proxy.pricing.prices import Prices
from ..redaction import redact
from . import values
from .definitions import cost_of, cost_per_million
from .facts import CAPABILITIES, Catalog, ModelFacts

_VERSION = 2
_READABLE = (1, 2)
"""Version 1 had four prices of each model and no more."""
_THEN = "`fased providers refresh` fetches the list of models again."
_MOST_EARLIER = 8
_MOST_BYTES = 32 * 1024 * 1024
_FLAG_KEYS = {name: name.replace("_input", "Input").replace("_output", "Output") for name in CAPABILITIES}
_PRICE_KEYS = {"input": "input", "output": "output", "cache_read": "cacheRead", "cache_write": "cacheWrite"}


def file_of(paths: Paths, base_url: str) -> Path:
    """The cache file of a proxy; its name tells nothing of the address."""
    return paths.catalogs / f"{hashlib.sha256(base_url.encode()).hexdigest()[:16]}.json"


def save(paths: Paths, catalog: Catalog) -> Path:
    """Keep a catalog as the last good one of its proxy; mode 0600, replaced as a whole.

    Raises:
        CatalogError: the file cannot be written; the old one stands.
    """
    path = file_of(paths, catalog.base_url)
    catalog = with_history(catalog, read(paths, catalog.base_url)[0])
    try:
        atomicfile.replace(path, json.dumps(_to_json(catalog), separators=(",", ":")).encode())
    except OSError as error:
        raise CatalogError(f"The list of models could not be kept in {path}: {error.strerror}.") from error
    return path


def with_history(catalog: Catalog, before: Catalog | None) -> Catalog:
    """A catalog whose models know what they cost before, so that definitions which were written then are known for ours."""
    if before is None:
        return catalog
    models = []
    for model in catalog.models:
        was = before.by_id.get(model.id)
        costs: list[Mapping[str, int | float]] = list(model.earlier_costs)
        if was is not None:
            costs += [cost for cost in (cost_of(was.prices), cost_per_million(was.prices), *was.earlier_costs) if cost]
        now = (cost_of(model.prices), cost_per_million(model.prices))
        kept = [cost for number, cost in enumerate(costs) if cost not in now and cost not in costs[:number]]
        models.append(replace(model, earlier_costs=tuple(kept[:_MOST_EARLIER])))
    return replace(catalog, models=tuple(models))


def load_last_good(paths: Paths, base_url: str) -> Catalog | None:
    """The last good catalog of a proxy, None where there is none that can be read, which is logged; never raises."""
    catalog, problem = read(paths, base_url)
    if problem:
        statefile.say(problem)
    return catalog


def read(paths: Paths, base_url: str) -> tuple[Catalog | None, str | None]:
    """The last good catalog of a proxy, or None; and a note where a file is there but cannot be read.

    A damaged one is set aside, which is logged and needs no note.
    """
    path = file_of(paths, base_url)
    try:
        return statefile.read(path, _MOST_BYTES, lambda data: _parsed(data, base_url), then=_THEN), None
    except _OtherReleaseError:
        return None, f"The kept list of models in {path} is of another release of fased-litellm and was ignored."
    except OSError as error:
        return None, f"The kept list of models could not be read from {path}: {error.strerror}."


def age_text(seconds: float) -> str:
    """An age for people: ``5 s``, ``12 min``, ``3 h``, ``2 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def _to_json(catalog: Catalog) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "baseUrl": redact(catalog.base_url),
        "fetchedAt": catalog.fetched_at.astimezone(UTC).isoformat(),
        "singleModel": catalog.single_model,
        "patterns": [redact(pattern) for pattern in catalog.patterns],
        "sources": list(catalog.sources),
        "inherited": list(catalog.inherited),
        "notes": [redact(note) for note in catalog.notes],
        "models": [_model_to_json(model) for model in catalog.models],
    }


def _model_to_json(model: ModelFacts) -> dict[str, Any]:
    prices = {key: getattr(model.prices, field) for field, key in _PRICE_KEYS.items()}
    row = {
        "id": redact(model.id),
        "mode": model.mode and redact(model.mode),
        "contextWindow": model.context_window,
        "maxOutputTokens": model.max_output_tokens,
        "usdPerToken": {key: str(price) for key, price in prices.items() if price is not None} or None,
        "rates": [_card_to_json(card) for card in model.prices.cards] or None,
        "earlierCosts": [dict(cost) for cost in model.earlier_costs] or None,
        "providers": [redact(name) for name in model.providers] or None,
        "deployments": model.deployments or None,
    }
    row |= {key: getattr(model, field) for field, key in _FLAG_KEYS.items()}
    return {key: value for key, value in row.items() if value is not None}


class _OtherReleaseError(Exception):
    """The file is not damaged; the next list takes its place."""


def _parsed(data: bytes, base_url: str) -> Catalog:
    body = jsontext.loads(data)
    if isinstance(body, dict) and type(body.get("version")) is int and body["version"] not in _READABLE:
        raise _OtherReleaseError
    try:
        return _from_json(body, base_url)
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"it is not a list of models ({type(error).__name__}: {error})") from None


def _from_json(body: Any, base_url: str) -> Catalog:
    if body["version"] not in _READABLE:
        raise ValueError("it has no version")
    fetched_at = datetime.fromisoformat(body["fetchedAt"])
    if fetched_at.tzinfo is None:
        raise ValueError("no time zone")
    return Catalog(
        base_url=base_url,
        fetched_at=fetched_at.astimezone(UTC),
        models=tuple(_model_from_json(row) for row in body["models"]),
        patterns=tuple(_text(item) for item in body["patterns"]),
        single_model=body["singleModel"] is True,
        notes=tuple(_text(item) for item in body["notes"]),
        sources=tuple(_text(item) for item in body["sources"]),
        inherited=tuple(_text(item) for item in body.get("inherited", ())),
    )


def _model_from_json(row: Any) -> ModelFacts:
    name = values.model_id(row["id"])
    if name is None:
        raise ValueError("a model without an id")
    return ModelFacts(
        id=name,
        mode=values.text(row.get("mode")),
        context_window=values.tokens(row.get("contextWindow")),
        max_output_tokens=values.tokens(row.get("maxOutputTokens")),
        prices=_prices_from_json(row),
        earlier_costs=_costs_from_json(row.get("earlierCosts", ())),
        providers=tuple(_text(item) for item in row.get("providers", ())),
        deployments=values.tokens(row.get("deployments")) or 0,
        **{field: values.flag(row.get(key)) for field, key in _FLAG_KEYS.items()},
    )


def _card_to_json(card: RateCard) -> dict[str, Any]:
    document = card.as_dict()
    return {key: redact(value) if isinstance(value, str) else value for key, value in document.items()}


def _prices_from_json(row: Mapping[str, Any]) -> Prices:
    cards = row.get("rates", ())
    if cards:
        return Prices.of(RateCard.from_dict(card) for card in cards)
    prices = row.get("usdPerToken", {})
    plain, output, read, write = (values.price(prices.get(key)) for key in _PRICE_KEYS.values())
    return Prices(plain, output, read, write)


def _costs_from_json(rows: Any) -> tuple[Mapping[str, int | float], ...]:
    return tuple(
        {
            str(key): number
            for key, number in row.items()
            if isinstance(number, int | float) and not isinstance(number, bool)
        }
        for row in rows
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
