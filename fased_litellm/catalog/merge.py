"""From LiteLLM's three answers about models to one catalog. Pure.

What each answer is good for:

- ``/v1/models`` alone says which ids this key may use. Mode and limits are there in some releases.
- ``/model_group/info`` has one row per id, with the BEST of its deployments (Fact: LiteLLM 1.106,
  ``Router._set_model_group_info``: the largest limit, a capability if any deployment has it), and ``false`` where a
  capability is not known. It has neither cache prices nor ``supports_response_schema``.
- ``/model/info`` has one row per deployment, and null where something is not known.

A request may land on any deployment of an alias, so deployments are merged to the worst case, and where their rows
are at hand, they go before the group's row.

What kind of model it is, its mode, is said by the first of these that says something:

1. the rows of its deployments;
2. its row of the list, which has a mode only where LiteLLM knows one (Fact: from 1.104 on);
3. the row of its group, if that names a provider. Fact: where LiteLLM knows nothing of a group it says ``chat``, and of a
   name that only a wildcard of the key covers it knows no deployment, and so names no provider.

Where none does, the mode is not known; the model is offered for chat, and marked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import CatalogError
from ..formatting import count
from ..proxy.pricing import card
from ..proxy.pricing.card import RateCard
from ..proxy.pricing.prices import Prices
from . import values
from .facts import INHERITED, Catalog, ModelFacts

MOST_MODELS = 10_000

_CAPABILITY_KEYS = {
    "vision": "supports_vision",
    "reasoning": "supports_reasoning",
    "tools": "supports_function_calling",
    "json": "supports_response_schema",
    "audio_input": "supports_audio_input",
    "audio_output": "supports_audio_output",
}
Row = Mapping[str, Any]


class Listed(NamedTuple):
    """What ``/v1/models`` says.

    Attributes:
        rows: by the id of the model.
        patterns: wildcard names.
        inherited: names that stand for the models which a key inherits, and are none; see ``INHERITED``.
        notes: what is to be said of it.
    """

    rows: Mapping[str, Row]
    patterns: tuple[str, ...]
    inherited: tuple[str, ...]
    notes: tuple[str, ...]


def listed_ids(body: Any) -> Listed:
    """Read ``/v1/models``.

    Fased reads ``data``, ``models``, ``items`` or a bare array here, and so do we. Ids that differ in case are
    different models. Rows without a usable id are skipped with a note.

    Raises:
        CatalogError: it is not a list of models, or has more than 10,000.
    """
    rows = _rows(body)
    if rows is None:
        raise CatalogError(
            "The answer to /v1/models is not a list of models.",
            hint="Is this address a LiteLLM proxy? The list is expected under `data`.",
        )
    if len(rows) > MOST_MODELS:
        raise CatalogError(
            f"The proxy lists {len(rows):,} models; at most {MOST_MODELS:,} are read.",
            hint="Use a key that is restricted to the models which you need.",
        )
    found: dict[str, Row] = {}
    patterns: dict[str, None] = {}
    inherited: dict[str, None] = {}
    unusable = 0
    for row in rows:
        entry: Row = row if isinstance(row, Mapping) else {"id": row}
        name = values.model_id(entry.get("id"))
        if name is None:
            unusable += 1
        elif name in INHERITED:
            inherited[name] = None
        elif "*" in name:
            patterns[name] = None
        else:
            found.setdefault(name, entry)
    notes = [f"{count(unusable, 'row')} of /v1/models without a usable id skipped."] if unusable else []
    notes += [
        f"{name} is not a model: the key may use {INHERITED[name]}, and this proxy does not list them all."
        for name in inherited
    ]
    return Listed(found, tuple(patterns), tuple(inherited), tuple(notes))


def merge(
    base_url: str,
    fetched_at: datetime,
    models_body: Any,
    group_body: Any = None,
    info_body: Any = None,
    *,
    notes: Sequence[str] = (),
    sources: Sequence[str] = ("/v1/models",),
) -> Catalog:
    """Put the answers together.

    Args:
        base_url: the proxy.
        fetched_at: when it answered.
        models_body: the JSON of ``/v1/models``.
        group_body: the JSON of ``/model_group/info``, None if it was unavailable.
        info_body: the JSON of ``/model/info``, None if it was unavailable.
        notes: what is to be said besides.
        sources: the routes that answered.

    Raises:
        CatalogError: ``models_body`` is not a list of models, or has too many. The other two never fail it.
    """
    listing = listed_ids(models_body)
    listed = listing.rows
    said = [*notes, *listing.notes]
    single = is_single_model(info_body)
    groups: dict[str, Row] = {}
    for row in _info_rows(group_body, "/model_group/info", said):
        name = row.get("model_group")
        if isinstance(name, str):
            groups.setdefault(name, row)
    deployments: dict[str, list[Row]] = {}
    cards: dict[str, list[RateCard]] = {}
    for row in _info_rows(info_body, "/model/info", said):
        name, info = row.get("model_name"), row.get("model_info")
        if isinstance(name, str) and isinstance(info, Mapping):
            deployments.setdefault(name, []).append(info)
            params = row.get("litellm_params")
            cards.setdefault(name, []).append(card.read(info, params if isinstance(params, Mapping) else {}))
    if single and len(listed) == 1:
        # The one deployment goes by the name "*" and serves the one id that is listed, and every other name.
        only = next(iter(listed))
        deployments = {only: [info for infos in deployments.values() for info in infos]}
        cards = {only: [one for some in cards.values() for one in some]}
    models = tuple(
        _model(name, row, groups.get(name), deployments.get(name, ()), cards.get(name, ()))
        for name, row in listed.items()
    )
    said += _about(models)
    return Catalog(
        base_url, fetched_at, models, listing.patterns, single, tuple(said), tuple(sources), listing.inherited
    )


def is_single_model(info_body: Any) -> bool:
    """Whether the proxy was started as ``litellm --model X`` and so takes any name.

    Fact: ``data`` of ``/model/info`` is then one object with the name ``*``, in LiteLLM 1.61 to 1.106. A config with
    a model called ``*`` gives a list.
    """
    if not isinstance(info_body, Mapping):
        return False
    data = info_body.get("data")
    return isinstance(data, Mapping) and data.get("model_name") == "*"


def _model(
    name: str, listed: Row, group: Row | None, deployments: Sequence[Row], cards: Sequence[RateCard]
) -> ModelFacts:
    group = group or {}
    # The rows that count, worst case first; LiteLLM's own best case only where there is nothing better.
    context = _least(values.tokens(row.get("max_input_tokens")) for row in deployments)
    # Fact: `max_tokens` is the output limit of LiteLLM's cost map, whatever its name says.
    output = _least(
        values.tokens(row.get("max_output_tokens")) or values.tokens(row.get("max_tokens")) for row in deployments
    )
    for row in (group, listed):
        context = context or values.tokens(row.get("max_input_tokens"))
        output = output or values.tokens(row.get("max_output_tokens"))
    if deployments:
        prices = Prices.of(cards)
        flags: dict[str, Any] = {
            field: _all_of([values.flag(row.get(key)) for row in deployments])
            for field, key in _CAPABILITY_KEYS.items()
        }
    else:
        # Fact: the row of a group has none of the other prices, so that these two are not all that is billed.
        prices = Prices(values.price(group.get(card.INPUT)), values.price(group.get(card.OUTPUT)))
        flags = {field: values.flag(group.get(key)) or None for field, key in _CAPABILITY_KEYS.items()}
    return ModelFacts(
        id=name,
        mode=_mode([*deployments, listed, *([group] if _providers(group, ()) else [])]),
        context_window=context,
        max_output_tokens=output,
        prices=prices,
        providers=_providers(group, deployments),
        deployments=len(deployments),
        **flags,
    )


def _least(limits: Iterable[int | None]) -> int | None:
    # A deployment whose limit is unknown does not hide the limit of another, which holds in any case.
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _all_of(flags: Sequence[bool | None]) -> bool | None:
    if False in flags:
        return False
    return True if flags and None not in flags else None


def _mode(rows: Sequence[Row]) -> str | None:
    for row in rows:
        mode = values.text(row.get("mode"))
        if mode is not None:
            return mode
    return None


def _providers(group: Row, deployments: Sequence[Row]) -> tuple[str, ...]:
    named = group.get("providers")
    texts = [values.text(item) for item in (named if isinstance(named, list) else ())]
    texts += [values.text(row.get("litellm_provider")) for row in deployments]
    return tuple(dict.fromkeys(item for item in texts if item))


def _rows(body: Any) -> list[Any] | None:
    if isinstance(body, list):
        return body
    if isinstance(body, Mapping):
        for key in ("data", "models", "items"):
            if isinstance(body.get(key), list):
                return list(body[key])
    return None


def _info_rows(body: Any, route: str, said: list[str]) -> list[Row]:
    if body is None:
        return []
    rows = _rows(body)
    if rows is None and isinstance(body, Mapping) and isinstance(body.get("data"), Mapping):
        rows = [body["data"]]
    if rows is None:
        said.append(f"The answer to {route} has an unknown form and was not used.")
        return []
    return [row for row in rows if isinstance(row, Mapping)]


def _about(models: Sequence[ModelFacts]) -> list[str]:
    others = Counter(model.mode for model in models if not model.chat_capable)
    if not others:
        return []
    kinds = ", ".join(f"{count} {mode}" for mode, count in sorted(others.items(), key=str))
    total = sum(others.values())
    return [f"{count(total, 'model')} not for chat, not offered: {kinds}."]
