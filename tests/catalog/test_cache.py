from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.errors import CatalogError
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices

URL = "http://localhost:4000"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MODEL = ModelFacts(
    "a/b",
    mode="chat",
    context_window=10,
    max_output_tokens=5,
    prices=Prices(Decimal("1.5E-7"), None, Decimal("1E-8")),
    vision=True,
    reasoning=False,
    audio_input=True,
    providers=("openai",),
    deployments=2,
)
CATALOG = Catalog(
    URL, NOW, (MODEL, ModelFacts("plain")), ("x/*",), single_model=True, notes=("n",), sources=("/v1/models",)
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(state=tmp_path, config=tmp_path / "fased.json", home=tmp_path)


def test_what_is_kept_is_what_is_read(paths: Paths) -> None:
    path = cache.save(paths, CATALOG)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cache.load_last_good(paths, URL) == CATALOG


CARD = card.read(
    {
        "key": "m",
        "litellm_provider": "openai",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 0.0,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "input_cost_per_token_above_272k_tokens_priority": 2e-05,
        "input_cost_per_query": 0.01,
        "tiered_pricing": [{"range": [0, 32000.0], "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}],
        "off_peak_pricing": {"input_cost_per_token": 1e-7, "windows": [{"hours_utc": "01:00-03:00", "weekdays": [1]}]},
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
        "provider_specific_entry": {"us": 1.1},
        "pricing_overrides": [],
    },
    {"model": "openai/m", "api_base": "https://eu.api.openai.com/v1"},
)


def test_all_prices_are_kept(paths: Paths) -> None:
    assert CARD.off_peak is not None
    assert len(CARD.rates) == 6
    free = card.read({"input_cost_per_token": 0, "output_cost_per_token": 0, "pricing_overrides": []})
    models = (ModelFacts("a", prices=Prices.of([CARD, free])), ModelFacts("b", prices=Prices.of([free])))
    cache.save(paths, replace(CATALOG, models=models))
    loaded = cache.load_last_good(paths, URL)
    assert loaded is not None
    assert loaded.models == models


def test_a_list_of_the_version_before_has_four_prices(paths: Paths) -> None:
    path = cache.save(paths, CATALOG)
    body = json.loads(path.read_text())
    assert body["version"] == 2
    path.write_text(json.dumps({**body, "version": 1}))
    assert cache.load_last_good(paths, URL) == CATALOG


def test_what_models_cost_before_is_kept(paths: Paths) -> None:
    for price in ("1e-6", "2e-6", "2e-6", "3e-6"):
        cache.save(paths, replace(CATALOG, models=(replace(MODEL, prices=Prices(Decimal(price), Decimal(price))),)))
    loaded = cache.load_last_good(paths, URL)
    assert loaded is not None
    assert loaded.models[0].earlier_costs == ({"input": 2, "output": 2}, {"input": 1, "output": 1})
    for number in range(4, 20):
        new = Prices(Decimal(number), Decimal(number))
        cache.save(paths, replace(CATALOG, models=(replace(MODEL, prices=new), ModelFacts("new"))))
    loaded = cache.load_last_good(paths, URL)
    assert loaded is not None
    assert len(loaded.models[0].earlier_costs) == 8
    assert loaded.models[1].earlier_costs == ()


def test_one_file_per_proxy(paths: Paths) -> None:
    cache.save(paths, CATALOG)
    assert cache.load_last_good(paths, "http://localhost:4001") is None


def test_nothing_secret_in_the_file(paths: Paths) -> None:
    url = "http://user:sk-test-abcdef@proxy.example"
    noted = Catalog(url, NOW, notes=("refused sk-test-abcdefgh",))
    text = cache.save(paths, noted).read_text()
    assert "sk-test" not in text
    loaded = cache.load_last_good(paths, url)
    assert loaded is not None
    assert loaded.base_url == url


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "{}", '{"version": 1, "fetchedAt": "x"}', "[" * 100_000, "\udcff"]
)
def test_a_damaged_file_is_set_aside_and_told(paths: Paths, text: str, caplog: pytest.LogCaptureFixture) -> None:
    path = cache.file_of(paths, URL)
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert cache.read(paths, URL) == (None, None)
    (aside,) = path.parent.iterdir()
    assert aside.name.startswith(f"{path.name}.damaged-")
    assert aside.read_bytes() == text.encode(errors="surrogateescape")
    (record,) = caplog.records
    assert f"{path} is damaged: " in record.getMessage()
    assert str(aside) in record.getMessage()
    cache.save(paths, CATALOG)
    assert cache.read(paths, URL) == (CATALOG, None)


def test_the_file_of_another_release_stays_until_the_next_list(paths: Paths) -> None:
    path = cache.save(paths, CATALOG)
    path.write_text('{"version": 99}')
    catalog, note = cache.read(paths, URL)
    assert catalog is None
    assert note is not None
    assert "another release" in note
    assert path.read_text() == '{"version": 99}'


def test_no_file_no_note(paths: Paths) -> None:
    assert cache.read(paths, URL) == (None, None)


def test_a_folder_in_the_way(paths: Paths) -> None:
    cache.file_of(paths, URL).mkdir(parents=True)
    assert cache.read(paths, URL)[1] is not None
    with pytest.raises(CatalogError):
        cache.save(paths, CATALOG)


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "usdPerToken"]), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["models", "patterns", "notes", "sources", "fetchedAt", "singleModel"]), garbage)
)
def test_any_content_is_read_or_set_aside(tmp_path_factory: pytest.TempPathFactory, damage: dict[str, object]) -> None:
    state = tmp_path_factory.mktemp("state")
    paths = Paths(state=state, config=state / "fased.json", home=state)
    path = cache.save(paths, CATALOG)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    catalog, note = cache.read(paths, URL)
    assert note is None
    assert (catalog is None) == (not path.exists())


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2, hours=1), "2 days"),
    ],
)
def test_age(age: timedelta, text: str) -> None:
    assert cache.age_text(CATALOG.age_s(NOW + age)) == text
    assert CATALOG.age_s(NOW - age) == 0
