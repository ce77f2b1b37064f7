"""The report of ``fased providers refresh``: Fased's JSON shape with more keys at its end, and the text for people.

Fact: the shape and the wording of the text are those of Fased's ``src/providers/refresh.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NotRequired

from ..documents import TypedDict
from ..refs import DEFAULT_MODEL_ID, DEFAULT_REF, PROVIDER
from .definitions import cost_per_million
from .difference import Difference
from .facts import Catalog, ModelFacts
from .snapshot import MissingSource

OFFICIAL = "official provider catalogs"
LOCAL = "local registry"
_SHOWN = 20


class ModelMetadata(TypedDict):
    """What is known of one model; null is unknown. ``price`` is USD per million tokens."""

    id: str
    input: list[str]
    reasoning: bool | None
    tools: bool | None
    json: bool | None
    audio: bool | None
    speech: bool | None
    contextWindow: int | None
    maxTokens: int | None
    price: dict[str, int | float] | None
    mode: str | None
    source: str


class CapabilityMetadata(TypedDict):
    """How many models are known to have something."""

    total: int
    reasoning: int
    thinking: int
    vision: int
    tools: int
    json: int
    audio: int
    video: int
    speech: int
    contextWindow: int
    maxTokens: int


class Route(TypedDict):
    """One provider of the report; the reason and the detail are there only with ``missingSource``."""

    brandId: str
    route: str
    currentModels: list[str]
    discoveredModels: list[str]
    additions: list[str]
    removals: list[str]
    missingSource: bool
    missingSourceReason: NotRequired[str]
    missingSourceDetail: NotRequired[str]
    modelMetadata: NotRequired[list[ModelMetadata]]
    capabilityMetadata: NotRequired[CapabilityMetadata]


FieldDelta = TypedDict("FieldDelta", {"field": str, "from": Any, "to": Any})
"""One value of a definition; ``from`` is null where it is not set. (Written as a call: ``from`` is a word of Python.)"""


class ChangedModel(TypedDict):
    """A defined model of which the proxy says something else."""

    id: str
    changes: list[FieldDelta]


class Vanished(TypedDict):
    """A reference in use which the proxy does not take."""

    ref: str
    usedBy: list[str]
    nearest: list[str]


class RefreshReport(TypedDict):
    """The JSON document of ``fased providers refresh --json``. The first three keys are Fased's;
    ``writtenModels`` are the new definitions of ``--apply``, ``review`` is the unified diff with ``--dry-run``."""

    generatedAt: str
    source: str
    routes: list[Route]
    baseUrl: str
    fetchedAt: str | None
    singleModel: bool
    patterns: list[str]
    changedModels: list[ChangedModel]
    vanishedRefs: list[Vanished]
    unpricedModels: list[str]
    notes: list[str]
    applied: bool
    writtenModels: list[str]
    review: str | None


def build(
    *, source: str, base_url: str, now: datetime, catalog: Catalog | MissingSource, difference: Difference
) -> RefreshReport:
    """The report of one comparison; ``applied`` is set by whoever writes."""
    route: Route = {
        "brandId": PROVIDER,
        "route": PROVIDER,
        "currentModels": list(difference.current),
        "discoveredModels": list(difference.discovered),
        "additions": list(difference.additions),
        "removals": list(difference.removals),
        "missingSource": isinstance(catalog, MissingSource),
    }
    report: RefreshReport = {
        "generatedAt": _iso(now),
        "source": source,
        "routes": [route],
        "baseUrl": base_url,
        "fetchedAt": None,
        "singleModel": False,
        "patterns": [],
        "changedModels": [],
        "vanishedRefs": [],
        "unpricedModels": [],
        "notes": [],
        "applied": False,
        "writtenModels": [],
        "review": None,
    }
    if isinstance(catalog, MissingSource):
        route["missingSourceReason"] = catalog.reason
        route["missingSourceDetail"] = catalog.detail
        return report
    offered = catalog.chat_models
    route["modelMetadata"] = [_metadata(model, catalog) for model in offered]
    route["capabilityMetadata"] = _capabilities(offered)
    report["fetchedAt"] = _iso(catalog.fetched_at)
    report["singleModel"] = catalog.single_model
    report["patterns"] = list(catalog.patterns)
    report["changedModels"] = [
        {
            "id": change.id,
            "changes": [{"field": item.field, "from": item.before, "to": item.after} for item in change.fields],
        }
        for change in difference.changed
    ]
    report["vanishedRefs"] = [
        {"ref": str(item.ref), "usedBy": list(item.used_by), "nearest": [f"{PROVIDER}/{near}" for near in item.nearest]}
        for item in difference.vanished
    ]
    report["unpricedModels"] = [model.id for model in offered if not model.prices.known]
    report["notes"] = list(catalog.notes)
    if catalog.single_model:
        report["notes"].append("The proxy serves one model (`litellm --model …`) and answers to any name.")
    if DEFAULT_MODEL_ID in difference.removals:
        known = _list([f"{PROVIDER}/{item}" for item in difference.discovered[:5]])
        report["notes"].append(
            f"The proxy does not list a model called {DEFAULT_MODEL_ID}; {DEFAULT_REF} stays registered, and a call to it"
            f" would fail. Choose another with `fased models set REF`{f', such as {known}' if known else ''}."
        )
    if difference.own_prices:
        report["notes"].append(
            f"The prices of {_list(difference.own_prices)} in the config are not the proxy's and never were: they were left"
            " as they are. Without its `cost`, a definition gets the proxy's."
        )
    if difference.silent:
        report["notes"].append(
            f"compat.supportsUsageInStreaming is false for {_list(difference.silent)}: Fased counts no tokens of streams"
            " there. It was left as it is."
        )
    return report


def _metadata(model: ModelFacts, catalog: Catalog) -> ModelMetadata:
    return {
        "id": model.id,
        "input": ["text", "image"] if model.vision else ["text"],
        "reasoning": model.reasoning,
        "tools": model.tools,
        "json": model.json,
        "audio": model.audio_input,
        "speech": model.audio_output,
        "contextWindow": model.context_window,
        "maxTokens": model.max_output_tokens,
        "price": cost_per_million(model.prices) or None,
        "mode": model.mode,
        "source": ", ".join(catalog.sources),
    }


def _capabilities(models: Sequence[ModelFacts]) -> CapabilityMetadata:
    return {
        "total": len(models),
        "reasoning": sum(model.reasoning is True for model in models),
        "thinking": 0,
        "vision": sum(model.vision is True for model in models),
        "tools": sum(model.tools is True for model in models),
        "json": sum(model.json is True for model in models),
        "audio": sum(model.audio_input is True for model in models),
        "video": 0,
        "speech": sum(model.audio_output is True for model in models),
        "contextWindow": sum(model.context_window is not None for model in models),
        "maxTokens": sum(model.max_output_tokens is not None for model in models),
    }


def lines(report: RefreshReport) -> list[str]:
    """The report for people."""
    text = ["Provider refresh review", f"Source: {report['source']}"]
    if report["source"] == OFFICIAL:
        text.append(f"  LiteLLM has no central catalog; the proxy at {report['baseUrl']} is the only source.")
    text.append(f"Generated: {report['generatedAt']}")
    text.append("")
    for route in report["routes"]:
        text += _route_lines(route, report)
    for vanished in report["vanishedRefs"]:
        text.append(f"  vanished {vanished['ref']}, used by {', '.join(vanished['usedBy'])}")
        if vanished["nearest"]:
            text.append(f"    nearest {', '.join(vanished['nearest'])}")
    if report["patterns"]:
        text.append(f"  accepts {_list(report['patterns'])}")
    if report["writtenModels"]:
        text.append(f"  define {_list(report['writtenModels'])}")
    unpriced = report["unpricedModels"]
    if unpriced:
        text.append(f"  unpriced {_list(unpriced)}")
    text += [f"  note {note}" for note in report["notes"]]
    return text


def _route_lines(route: Route, report: RefreshReport) -> list[str]:
    name = f"{route['brandId']}/{route['route']}"
    kept = len(route["currentModels"])
    if route["missingSource"]:
        reason, detail = route.get("missingSourceReason"), route.get("missingSourceDetail")
        tail = f" · {detail}" if detail else ""
        return [f"{name}: source missing ({reason}), kept {kept}{tail}"]
    head = (
        f"{name}: {kept} current -> {len(route['discoveredModels'])} discovered"
        f" · {len(route['additions'])} additions · {len(route['removals'])} source gaps preserved"
    )
    described = _described(route)
    if described:
        head += f" · capabilities {described}/{len(route['discoveredModels'])}"
    text = [head]
    if (route["additions"] or report["changedModels"]) and not report["applied"]:
        text.append("  next fased providers refresh --apply")
    if route["additions"]:
        text.append(f"  add {_list(route['additions'])}")
    if route["removals"]:
        text.append(f"  preserve curated {_list(route['removals'])}")
    for change in report["changedModels"]:
        items = [f"{item['field']} {_value(item['from'])} -> {_value(item['to'])}" for item in change["changes"]]
        text.append(f"  change {change['id']}: {', '.join(items)}")
    return text


def _described(route: Route) -> int:
    """How many of the discovered models come with more than a name."""
    keys = ("reasoning", "tools", "json", "audio", "speech", "contextWindow", "maxTokens", "price")
    return sum(any(model.get(key) is not None for key in keys) for model in route.get("modelMetadata", []))


def _list(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _value(value: Any) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "+".join(map(str, value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
