from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.catalog.typed import read_ref
from fased_litellm.refs import ModelRef
from tests.roles.configs import snapshot_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CONFIG: dict[str, Any] = {
    "agents": {"defaults": {"models": {"litellm/quick": {"alias": "fast"}}}},
    "auth": {"profiles": {"work": {"provider": "litellm", "mode": "api_key"}}},
}


def listing(*ids: str, patterns: tuple[str, ...] = ()) -> Catalog:
    return Catalog("http://localhost:4000", NOW, tuple(map(ModelFacts, ids)), patterns)


@pytest.mark.parametrize(
    ("text", "listed", "meant"),
    [
        ("fast", ["fast"], ("litellm", "quick", None)),
        ("fast@work", ["quick"], ("litellm", "quick", "work")),
        ("fast@work", ["fast@work"], ("litellm", "fast@work", None)),
        ("GPT", [], ("litellm", "GPT", None)),
        ("GPT@work", [], ("litellm", "GPT", "work")),
        ("GPT@2025", [], ("litellm", "GPT@2025", None)),
        ("a name", ["a name"], ("litellm", "a name", None)),
        ("litellm/inner", ["inner", "litellm/inner"], ("litellm", "inner", None)),
        ("litellm/inner", ["litellm/inner"], ("litellm", "litellm/inner", None)),
        ("litellm/litellm/inner", ["litellm/inner"], ("litellm", "litellm/inner", None)),
        ("litellm/inner", ["other"], ("litellm", "inner", None)),
        ("openai/gpt", ["openai/gpt"], ("litellm", "openai/gpt", None)),
        ("openai/gpt", ["gpt"], ("openai", "gpt", None)),
        ("@cf/meta/llama", ["@cf/meta/llama"], ("litellm", "@cf/meta/llama", None)),
    ],
)
def test_what_is_meant(tmp_path: Path, text: str, listed: list[str], meant: tuple[str, str, str | None]) -> None:
    assert read_ref(snapshot_of(tmp_path, CONFIG), text, lambda: listing(*listed)) == ModelRef(*meant)


def test_a_pattern_of_the_list_counts(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, CONFIG)
    offered = listing("gpt", patterns=("openai/*", "litellm/*"))
    assert read_ref(snapshot, "openai/new", lambda: offered) == ModelRef("litellm", "openai/new")
    assert read_ref(snapshot, "litellm/new", lambda: offered) == ModelRef("litellm", "litellm/new")


def test_another_provider_that_is_there_keeps_its_name(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, CONFIG, OPENAI_API_KEY="sk-test-other")
    offered = listing("openai/gpt")
    assert read_ref(snapshot, "openai/gpt", lambda: offered) == ModelRef("openai", "gpt")
    assert read_ref(snapshot, "openai/gpt", lambda: offered, only_proxy=True) == ModelRef("litellm", "openai/gpt")


def test_the_proxy_is_not_asked_where_it_makes_no_difference(tmp_path: Path) -> None:
    def asked() -> Catalog | None:
        raise AssertionError("it was asked")

    snapshot = snapshot_of(tmp_path, CONFIG, OPENAI_API_KEY="sk-test-other")
    for text in ("fast", "GPT", "litellm/default", "litellm/quick", "openai/gpt"):
        read_ref(snapshot, text, asked)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from([*"ab@@:/ Aé模.%#?$-", "litellm/", "openai/"]), min_size=1, max_size=24).map("".join))
def test_every_id_of_the_list_can_be_typed_as_a_reference(tmp_path: Path, model_id: str) -> None:
    model_id = model_id.strip()
    assume(model_id)
    snapshot = snapshot_of(tmp_path, CONFIG)
    wanted = ModelRef("litellm", model_id)
    assert read_ref(snapshot, f"litellm/{model_id}", lambda: listing(model_id)) == wanted
    if model_id not in ("fast", "litellm/quick", "litellm/default"):
        assert read_ref(snapshot, model_id, lambda: listing(model_id), only_proxy=True) == wanted
