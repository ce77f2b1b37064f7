from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.catalog.selection import check_ref, nearest_ids
from fased_litellm.errors import UnknownModel
from fased_litellm.refs import ModelRef

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def catalog(*ids: str, patterns: tuple[str, ...] = (), single: bool = False) -> Catalog:
    models = tuple(ModelFacts(item, mode="embedding" if "embed" in item else "chat") for item in ids)
    return Catalog("http://localhost:4000", NOW, models, patterns, single)


def check(offered: Catalog | None, text: str, *, force: bool = False) -> None:
    check_ref(offered, ModelRef.parse(text), force=force)


def test_listed_and_other_providers_pass() -> None:
    check(catalog("a"), "litellm/a")
    check(catalog("a"), "openai/x")
    check(None, "litellm/x")


def test_unknown_names_the_nearest() -> None:
    offered = catalog("openai/gpt-5.5", "GPT-5.5", "fast-cheap-chat")
    with pytest.raises(UnknownModel) as caught:
        check(offered, "litellm/gpt-5.5")
    assert caught.value.nearest == ("GPT-5.5", "openai/gpt-5.5")
    assert "litellm/GPT-5.5" in str(caught.value.hint)
    assert "--force" in str(caught.value.hint)
    check(offered, "litellm/gpt-5.5", force=True)


def test_typing_errors() -> None:
    assert nearest_ids(catalog("default", "fast-cheap-chat"), "defualt") == ("default",)
    assert nearest_ids(catalog("a", "b"), "zzz") == ()


def test_nothing_alike_lists_what_there_is() -> None:
    with pytest.raises(UnknownModel) as caught:
        check(catalog(*(f"m{n}" for n in range(9))), "litellm/something")
    assert "m0, m1, m2, m3, m4 and 4 more" in str(caught.value.hint)
    with pytest.raises(UnknownModel) as caught:
        check(catalog(), "litellm/something")
    assert "no chat model" in str(caught.value.hint)


def test_wildcards_and_single_model() -> None:
    check(catalog(patterns=("openai/*",)), "litellm/openai/anything")
    with pytest.raises(UnknownModel):
        check(catalog(patterns=("openai/*",)), "litellm/anthropic/x")
    check(catalog("x", single=True), "litellm/default")


def test_not_for_chat() -> None:
    with pytest.raises(UnknownModel, match="not a chat model"):
        check(catalog("embed", "chat"), "litellm/embed")


def test_an_at_sign_names_a_profile() -> None:
    with pytest.raises(UnknownModel, match="names an auth profile"):
        check(catalog("claude@20260101"), "litellm/claude@20260101")
    check(catalog("claude"), "litellm/claude@litellm:team")


def test_ten_thousand_models() -> None:
    offered = catalog(*(f"provider{n % 7}/model-{n}" for n in range(10_000)))
    with pytest.raises(UnknownModel) as caught:
        check(offered, "litellm/model-99999")
    assert len(caught.value.nearest) == 5
