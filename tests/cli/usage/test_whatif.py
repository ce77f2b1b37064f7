"""``fased usage what-if``: what it prints, its JSON, and what it says of a model that it cannot price."""

from __future__ import annotations

import json
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
from tests.usage.samples import START_MS, sample

SCHEMA = schemas()["usage-what-if.schema.json"]
MODELS = (
    ModelFacts("small", prices=Prices(Decimal("0.000001"), Decimal("0.000002"))),
    ModelFacts("Vendor/Big-Model", prices=Prices(Decimal("0.0001"), Decimal("0.0002"))),
    ModelFacts("unpriced-one"),
)


@pytest.fixture
def history(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(time, "time_ns", lambda: START_MS * 1_000_000)
    paths = Paths.from_env({"HOME": str(home)})
    paths.state.mkdir()
    paths.config.write_text(json.dumps({"agents": {"defaults": {"models": {"litellm/small": {"alias": "tiny"}}}}}))
    cache.save(paths, Catalog("http://localhost:4000", datetime(2026, 11, 21, tzinfo=UTC), MODELS))
    with Ledger(paths.ledger) as ledger:
        ledger.record_many(
            [
                sample("a", cost=Decimal("0.001"), role="coding"),
                sample("b", cost=Decimal("0.002"), agent="ops"),
                sample("c", cost=None, cost_source="unknown", agent="ops"),
            ]
        )
    return paths.ledger


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", "what-if", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.usefixtures("history")
def test_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--model", "litellm/small", "--by", "agent")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Usage, 2026-11-15 to 2026-11-21 (UTC), as if by litellm/small"
    assert lines[1] == "3 calls · 90 tokens · ≥ $0.003 → $0.00015 (-$0.0029, -97 %)"
    shown = [line.split() for line in lines]
    assert ["ops", "2", "60", "≥", "$0.002", "$0.0001", "-$0.00195"] in shown
    assert ["main", "1", "30", "$0.001", "$0.00005", "-$0.00095"] in shown
    assert "1 call has no known cost so far, and is not in the change." in lines
    assert any(line.startswith("Prices: catalog of http://localhost:4000 of 2026-11-21") for line in lines)


@pytest.mark.usefixtures("history")
def test_json_meets_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--model", "small", "--by", "agent,role", "--json")
    assert (status, err) == (0, "")
    document: dict[str, Any] = json.loads(out)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["model"] == "litellm/small"
    assert document["totals"]["thereUsd"] == 0.00015
    assert document["totals"]["changeUsd"] == -0.0029
    assert {"agent": "main", "role": "coding"} in [group["key"] for group in document["groups"]]
    assert json.loads(run(capsys, "--model", "small", "--by", "agent", "--json", "--top", "1")[1])["more"] == 1


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("name", ["litellm/small", "small", "tiny", "  small "])
def test_a_model_may_be_named_by_reference_id_or_alias(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert json.loads(run(capsys, "--model", name, "--json", "--role", "coding")[1])["totals"]["thereUsd"] == 0.00005


@pytest.mark.usefixtures("history")
def test_an_id_with_a_slash_is_one_of_the_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run(capsys, "--model", "Vendor/Big-Model", "--json")[1])["model"] == "litellm/Vendor/Big-Model"


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (
            "litellm/smal",
            "litellm/smal cannot be priced: the proxy at http://localhost:4000 does not offer it.",
            "Nearest: litellm/small",
        ),
        ("big-model", "litellm/big-model cannot be priced", "Nearest: litellm/Vendor/Big-Model"),
        ("unpriced-one", "the proxy reported none on 2026-11-21", "defines it; then give the definition a `cost`"),
        (
            "openai/gpt-5.5",
            "openai/gpt-5.5 cannot be priced: the config has no price for it.",
            "Nearest: litellm/small",
        ),
    ],
)
def test_a_model_without_a_price_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str], name: str, message: str, hint: str
) -> None:
    status, out, err = run(capsys, "--model", name)
    assert (status, out) == (1, "")
    assert message in err
    assert hint in err
    error = json.loads(run(capsys, "--model", name, "--json")[1])["error"]
    assert error["code"] == "unknown-model"


@pytest.mark.usefixtures("history")
def test_wrong_questions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys)[0] == 2
    status, _, err = run(capsys, "--model", "small", "--by", "day")
    assert (status, err.splitlines()[0]) == (2, "--by day is not possible here.")


@pytest.mark.usefixtures("history")
def test_an_older_history_is_shown_by_its_newest_week(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: (START_MS + 40 * 86_400_000) * 1_000_000)
    lines = run(capsys, "--model", "small")[1].splitlines()
    assert lines[0] == "No calls in the last 7 days. The newest week that has some:"
    assert lines[1] == "Usage, 2026-11-15 to 2026-11-21 (UTC), as if by litellm/small"
    assert run(capsys, "--model", "small", "--today")[1] == "No calls, 2026-12-31 (UTC).\n"


def test_without_a_history(home: Path, history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del home
    history.unlink()
    assert run(capsys, "--model", "small")[1].startswith("No calls, 2026-11-15 to 2026-11-21")
