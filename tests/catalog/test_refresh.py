from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import json5
import jsonschema
import pytest

from fased_litellm.catalog import cache
from fased_litellm.catalog import report as reports
from fased_litellm.catalog.configured import Uses, uses_of
from fased_litellm.catalog.difference import compare
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.catalog.refresh import Apply, plan_apply
from fased_litellm.catalog.snapshot import MissingSource, from_definitions, from_file
from fased_litellm.config.document import Document
from fased_litellm.config.edits import apply
from fased_litellm.config.load import load
from fased_litellm.config.schema.models import ModelDefinition
from fased_litellm.errors import CatalogError, ConfigError, UnknownModel
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.schemas import schemas

URL = "http://localhost:4000"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
A = ModelFacts("a", "chat", 1000, 100, Prices(Decimal("1E-6"), Decimal("2E-6")), vision=True, reasoning=True)
B = ModelFacts("b")
EMBED = ModelFacts("embed", "embedding")
CATALOG = Catalog(URL, NOW, (A, B, EMBED), notes=("a note",), sources=("/v1/models",))

TEXT = """{
  // the proxy
  models: { providers: { litellm: { baseUrl: '${URL}', models: [
    { id: 'a', name: 'Mine', contextWindow: 500, headers: { x: '1' }, compat: { supportsUsageInStreaming: false, }, },
    { id: "old", name: "Old" },
  ] } } },
  agents: { defaults: { model: { primary: "litellm/gone", fallbacks: ["litellm/b"] } } },
}
"""
SOURCE: dict[str, Any] = json5.loads(TEXT)


def uses(source: dict[str, Any]) -> Uses:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fased.json"
        config.write_text(json.dumps(source))
        return uses_of(load(Paths(state=Path(folder), config=config, home=Path(folder)), {"URL": URL}))


def build(source: dict[str, Any], catalog: Catalog | MissingSource) -> reports.RefreshReport:
    compared = compare(
        source,
        uses(source),
        catalog if isinstance(catalog, Catalog) else from_definitions(source, base_url=URL, now=NOW),
    )
    return reports.build(source=reports.OFFICIAL, base_url=URL, now=NOW, catalog=catalog, difference=compared)


def planned(source: dict[str, Any], catalog: Catalog, *wanted: str) -> Apply:
    return plan_apply(source, uses(source), catalog, compare(source, uses(source), catalog), wanted)


def test_difference() -> None:
    found = compare(SOURCE, uses(SOURCE), CATALOG)
    assert found.current == ("default", "a", "old")
    assert found.discovered == ("a", "b")
    assert found.additions == ("b",)
    assert found.removals == ("default", "old")
    assert [(item.ref.key, item.used_by) for item in found.vanished] == [
        ("litellm/gone", ("agents.defaults.model.primary",))
    ]
    assert [change.id for change in found.changed] == ["a"]
    fields = {item.field: (item.before, item.after) for item in found.changed[0].fields}
    assert fields["contextWindow"] == (500, 1000)
    assert fields["reasoning"] == (False, True)
    assert fields["cost"] == (None, {"input": 1, "output": 2})
    assert fields["compat.supportsStore"] == (None, False)
    assert "compat.supportsUsageInStreaming" not in fields  # set by hand, and kept
    assert "name" not in fields
    assert found.silent == ("a",)


DEPLOYMENT = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "pricing_overrides": []}


def offered(before: Catalog | None = None, **rates: Any) -> Catalog:
    """What the proxy says of ``a`` now, after it said something else ``before``."""
    prices = Prices.of([card.read({**DEPLOYMENT, **rates})])
    catalog = Catalog(URL, NOW, (ModelFacts("a", "chat", prices=prices),), sources=("/v1/models",))
    return cache.with_history(catalog, before)


def costing(**cost: Any) -> dict[str, Any]:
    return {"models": {"providers": {"litellm": {"baseUrl": URL, "models": [{"id": "a", "name": "a", "cost": cost}]}}}}


def cost_after(source: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """``cost`` after ``--apply``; applied twice, nothing is left to do."""
    plan = planned(source, catalog)
    document = apply(Document.parse(json.dumps(source)), plan.edits)
    assert planned(document.value, catalog).edits == ()
    found: dict[str, Any] = document.value["models"]["providers"]["litellm"]["models"][0]["cost"]
    return found


WRITTEN = {"input": 1, "output": 2, "cacheRead": 1, "cacheWrite": 1}


@pytest.mark.parametrize(
    ("cost", "after"),
    [
        ({"input": 1, "output": 2}, WRITTEN),  # as it was written before
        (WRITTEN, WRITTEN),
        ({"input": 1, "output": 2, "cacheRead": 1}, WRITTEN),
        (
            {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
            WRITTEN,
        ),  # as the Node agent writes what it does not know
        ({}, WRITTEN),
        ({"input": 0, "output": 0}, None),  # a user says that the model is free
        ({"input": 1, "output": 2, "cacheRead": 0.5}, None),
        ({"input": 9, "output": 9}, None),
    ],
)
def test_prices_which_are_ours_are_mended_and_those_of_the_user_kept(cost: dict[str, Any], after: Any) -> None:
    source = costing(**cost)
    assert cost_after(source, offered()) == (cost if after is None else after)
    difference = compare(source, uses(source), offered())
    assert difference.own_prices == (("a",) if after is None else ())
    notes = build(source, offered())["notes"]
    assert any("left as they are" in note and "a" in note for note in notes) is (after is None)


def test_prices_that_the_proxy_named_before_are_ours() -> None:
    first = offered()
    second = offered(first, input_cost_per_token=2e-6, cache_read_input_token_cost=1e-7)
    third = offered(second, input_cost_per_token=3e-6)
    new = {"input": 3, "output": 2, "cacheRead": 3, "cacheWrite": 3}
    for cost in (WRITTEN, {"input": 1, "output": 2}, {"input": 2, "output": 2, "cacheRead": 0.1}, new):
        assert cost_after(costing(**cost), third) == new
    kept = {"input": 2.5, "output": 2}
    assert cost_after(costing(**kept), third) == kept
    # Without the history nobody can know.
    assert cost_after(costing(**WRITTEN), offered(input_cost_per_token=3e-6)) == WRITTEN


def test_the_config_alone_changes_no_prices() -> None:
    source = costing(input=1, output=2)
    local = from_definitions(source, base_url=URL, now=NOW)
    assert cost_after({**source}, local) == {"input": 1, "output": 2}


def test_apply_keeps_the_text_around() -> None:
    plan = planned(SOURCE, CATALOG)
    document = apply(Document.parse(TEXT), plan.edits)
    entries = document.value["models"]["providers"]["litellm"]["models"]
    assert [entry["id"] for entry in entries] == ["a", "old", "b"]
    assert entries[0]["name"] == "Mine"
    assert entries[0]["headers"] == {"x": "1"}
    assert entries[0]["contextWindow"] == 1000
    assert entries[0]["compat"]["supportsUsageInStreaming"] is False
    assert entries[1] == {"id": "old", "name": "Old"}
    assert "// the proxy" in document.text
    assert "'${URL}'" in document.text
    for entry in entries:
        ModelDefinition.model_validate(entry)
    # Done twice, nothing is left to do.
    assert planned(document.value, CATALOG).edits == ()


def test_more_than_fifty_only_those_in_use_and_those_named() -> None:
    many = Catalog(URL, NOW, tuple(ModelFacts(f"m{n}") for n in range(60)))
    source = {**SOURCE, "agents": {"defaults": {"model": "litellm/m5"}}}
    plan = planned(source, many, "m7", "litellm/m9")
    assert plan.added == ("m5", "m7", "m9")
    assert plan.left_out == 57
    assert "57" in str(plan.note())
    with pytest.raises(UnknownModel):
        planned(source, many, "nope")
    few = replace(many, models=many.models[:50])
    assert planned(source, few).left_out == 0
    assert len(planned(source, few).added) == 50


def test_single_model_mode_describes_the_names_in_use() -> None:
    source = {**SOURCE, "agents": {"defaults": {"model": "litellm/default"}}}
    plan = planned(source, Catalog(URL, NOW, (A,), single_model=True))
    assert plan.added == ("default",)
    new = next(edit.value for edit in plan.edits if isinstance(edit.value, dict) and edit.value.get("id") == "default")
    assert new["contextWindow"] == 1000


def test_no_definition_for_what_is_not_for_chat() -> None:
    source = {**SOURCE, "agents": {"defaults": {"imageGenerationModel": "litellm/embed"}}}
    assert "embed" not in planned(source, CATALOG).added


def test_a_provider_that_is_not_configured() -> None:
    with pytest.raises(ConfigError, match="not configured"):
        planned({}, CATALOG)


def test_a_provider_without_models() -> None:
    source = {"models": {"providers": {"litellm": {"baseUrl": URL}}}}
    document = apply(Document.parse(json.dumps(source)), planned(source, CATALOG).edits)
    assert [entry["id"] for entry in document.value["models"]["providers"]["litellm"]["models"]] == ["a", "b"]


def test_report_shape() -> None:
    report = build(SOURCE, CATALOG)
    jsonschema.validate(json.loads(json.dumps(report)), schemas()["refresh-report.schema.json"])
    assert list(report)[:3] == ["generatedAt", "source", "routes"]
    assert report["generatedAt"] == "2026-11-22T03:00:00.000Z"
    route = report["routes"][0]
    assert (route["brandId"], route["route"], route["missingSource"]) == ("litellm", "litellm", False)
    assert route["modelMetadata"][1]["reasoning"] is None
    assert route["capabilityMetadata"]["vision"] == 1
    assert report["unpricedModels"] == ["b"]
    assert report["vanishedRefs"] == [
        {"ref": "litellm/gone", "usedBy": ["agents.defaults.model.primary"], "nearest": []}
    ]


def test_text() -> None:
    text = "\n".join(reports.lines(build(SOURCE, CATALOG)))
    assert "no central catalog" in text
    assert (
        "litellm/litellm: 3 current -> 2 discovered · 1 additions · 2 source gaps preserved · capabilities 1/2" in text
    )
    assert "  next fased providers refresh --apply" in text
    assert "  add b" in text
    assert "  preserve curated default, old" in text
    assert "  change a: " in text
    assert "contextWindow 500 -> 1000" in text
    assert "  vanished litellm/gone, used by agents.defaults.model.primary" in text


def test_what_the_text_says_of_default_wildcards_and_single_models() -> None:
    plain = reports.lines(build(SOURCE, CATALOG))
    assert any("does not list a model called default" in line and "litellm/a, litellm/b" in line for line in plain)
    listed = reports.lines(build(SOURCE, Catalog(URL, NOW, (ModelFacts("default"),), ("groq/*",))))
    assert "  accepts groq/*" in listed
    assert not any("called default" in line for line in listed)
    single = reports.lines(build(SOURCE, Catalog(URL, NOW, (A,), single_model=True)))
    assert any("answers to any name" in line for line in single)
    assert not any("called default" in line for line in single)


def test_missing_source() -> None:
    report = build(SOURCE, MissingSource("credential-missing", "No key."))
    jsonschema.validate(report, schemas()["refresh-report.schema.json"])
    assert "litellm/litellm: source missing (credential-missing), kept 3 · No key." in reports.lines(report)


def test_local_registry() -> None:
    catalog = from_definitions(SOURCE, base_url=URL, now=NOW)
    assert [model.id for model in catalog.models] == ["default", "a", "old"]
    assert catalog.by_id["a"].context_window == 500
    assert compare(SOURCE, uses(SOURCE), catalog).additions == ()
    assert compare(SOURCE, uses(SOURCE), catalog).removals == ()


def test_snapshot_file() -> None:
    entry = {"id": "gpt-b", "contextWindow": 128000, "capabilities": {"tools": True}, "cost": {"input": 3}}
    body = {"providers": {"litellm": {"routes": {"litellm": ["gpt-a", entry, 5]}, "missing": {}}}}
    catalog = from_file(body, path="f.json", base_url=URL, now=NOW)
    assert isinstance(catalog, Catalog)
    assert [model.id for model in catalog.models] == ["gpt-a", "gpt-b"]
    assert (catalog.by_id["gpt-b"].tools, catalog.by_id["gpt-b"].prices.input) == (True, Decimal("0.000003"))
    flat = from_file({"providers": {"litellm": {"models": ["x"]}}}, path="f", base_url=URL, now=NOW)
    assert isinstance(flat, Catalog)
    assert flat.accepts("x")


def test_snapshot_file_with_a_gap() -> None:
    gap = {"reason": "base-url-missing", "detail": "Set it."}
    body: dict[str, Any] = {"providers": {"litellm": {"missing": {"litellm": gap}}}}
    assert from_file(body, path="f", base_url=URL, now=NOW) == MissingSource("base-url-missing", "Set it.")
    other = from_file({"providers": {"openai": {}}}, path="f", base_url=URL, now=NOW)
    assert isinstance(other, MissingSource)
    assert other.reason == "catalog-unsupported"


@pytest.mark.parametrize(
    "body", [[], {}, {"providers": []}, {"providers": {"litellm": {"routes": {}}}}, {"providers": {"litellm": 5}}]
)
def test_snapshot_file_of_another_shape(body: Any) -> None:
    with pytest.raises(CatalogError):
        from_file(body, path="f", base_url=URL, now=NOW)
