"""``fased usage reprice``."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.cli import main
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.schemas import schemas
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import rows
from tests.usage.samples import sample

CONFIG: dict[str, Any] = {
    "models": {
        "providers": {
            "litellm": {
                "baseUrl": "http://localhost:4000",
                "api": "openai-completions",
                "models": [
                    {"id": "default", "name": "D"},
                    {"id": "local", "name": "L", "cost": {"input": 0, "output": 0}},
                ],
            }
        }
    }
}
NEVER_ASKED = "the config has no price for it, and the proxy at http://localhost:4000 was never asked"
PRICES = Prices(Decimal("0.000001"), Decimal("0.000002"))


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.from_env({"HOME": str(home)})
    found.state.mkdir()
    found.config.write_text(json.dumps(CONFIG))
    return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, status: int = 0) -> str:
        found = main(["usage", "reprice", *words])
        out, err = capsys.readouterr()
        assert found == status, err or out
        return out if status == 0 else err

    return run


def fill(paths: Paths, *models: str, **changes: Any) -> None:
    now = time.time_ns() // 1_000_000
    with Ledger(paths.ledger) as ledger:
        for model in models:
            values = {"cost": None, "cost_source": "unknown", "model": model, **changes}
            assert ledger.record(sample(f"{model}-{sorted(changes.items())}", now, **values))


def ask_proxy(paths: Paths, *models: ModelFacts) -> None:
    cache.save(paths, Catalog("http://localhost:4000", datetime.now(UTC), models))


def test_without_a_ledger_there_is_nothing_to_do(run: Any, paths: Paths) -> None:
    assert run() == "All calls have a price.\n"
    assert not paths.ledger.exists()
    assert json.loads(run("--json"))["pricedCalls"] == 0


def test_what_is_priced_and_what_is_not(run: Any, paths: Paths) -> None:
    fill(paths, "default", "local", "other")
    fill(paths, "broken", status="interrupted", total_tokens=0, input_tokens=0, output_tokens=0)
    assert run("--dry-run", "--model", "default").splitlines() == [
        "No call would be priced.",
        "",
        "Still without a price:",
        f"  litellm/default, 1 call (30 tokens): {NEVER_ASKED}.",
        "    → `fased providers refresh` asks the proxy.",
    ]
    ask_proxy(paths, ModelFacts("default", prices=PRICES), ModelFacts("local", prices=PRICES))
    shown = run()
    assert shown.startswith("2 calls priced: $0.00005\n\nModel")
    assert "litellm/default      1      30  $0.00005  catalog of http://localhost:4000 of " in shown
    assert re.search(r", as the proxy said \d+ s ago\n", shown)
    assert "config models.providers.litellm.models[1].cost" in shown
    assert "litellm/local is free by the zeros of the config, though the proxy tells a price." in shown
    assert "  litellm/other, 1 call (30 tokens): the config has no price for it, and the proxy's list of" in shown
    assert "`fased providers models add --provider litellm --model other` defines it" in shown
    assert "  1 call: no tokens are known of them" in shown
    sql = "SELECT model, cost_pico, cost_source FROM call JOIN dimension ON dimension.id = dimension WHERE cost_pico IS NOT NULL"
    assert sorted(rows(paths.ledger, sql)) == [("default", 50_000_000, "catalog"), ("local", 0, "config")]


def test_json(run: Any, paths: Paths) -> None:
    fill(paths, "local", "other")
    document = json.loads(run("--json", "--dry-run"))
    Draft202012Validator(schemas()["usage-reprice.schema.json"]).validate(document)
    assert (document["dryRun"], document["pricedCalls"], document["unpricedCalls"]) == (True, 1, 1)
    assert json.loads(run("--json"))["dryRun"] is False
    assert json.loads(run("--json"))["pricedCalls"] == 0


def test_what_waits_in_the_spool_is_priced_too(run: Any, paths: Paths) -> None:
    record = sample("a", time.time_ns() // 1_000_000, model="local", cost=None)
    Spool.beside(paths.ledger).append(record)
    assert run().startswith("1 call priced: $0.00")


def test_the_whole_history_unless_a_time_is_given(run: Any, paths: Paths) -> None:
    with Ledger(paths.ledger) as ledger:
        ledger.record(sample("old", 1_700_000_000_000, model="local", cost=None))
    assert json.loads(run("--json", "--days", "3"))["pricedCalls"] == 0
    assert json.loads(run("--json"))["pricedCalls"] == 1


def test_wrong_words_and_a_broken_config(run: Any, paths: Paths) -> None:
    assert "--days cannot be combined with --month" in run("--days", "3", "--month", "2026-11", status=2)
    assert "agnet" in run("--filter", "agnet:main", status=2)
    paths.config.write_text("{")
    assert "fased.json:1:" in run(status=1)
