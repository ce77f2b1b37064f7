from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.catalog.selection import check_ref, nearest_ids, remarks, unlisted
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


def test_an_at_sign_may_be_part_of_a_name() -> None:
    check(catalog("claude@20260101"), "litellm/claude@20260101")
    with pytest.raises(UnknownModel, match="claude@20260102"):
        check(catalog("claude@20260101"), "litellm/claude@20260102")
    assert "Node agent" in remarks(ModelRef("litellm", "claude@20260101"))[0]
    for plain in ("claude", "@cf/meta/llama", "@cf"):
        assert remarks(ModelRef("litellm", plain)) == []
    assert remarks(ModelRef("openai", "a@b,c")) == []


def test_a_comma_makes_litellm_ask_several_models() -> None:
    assert "Latin-1" in remarks(ModelRef("litellm", "\u6a21\u578b"))[0]
    assert remarks(ModelRef("litellm", "caf\xe9")) == []
    assert "list of models" in remarks(ModelRef("litellm", "a,b"))[0]


@pytest.mark.parametrize("name", ["all-team-models", "all-proxy-models", "no-default-models"])
def test_names_that_stand_for_inherited_models(name: str) -> None:
    offered = replace(catalog("a"), inherited=(name,))
    with pytest.raises(UnknownModel, match="is not a model: it stands for"):
        check(offered, f"litellm/{name}")
    check(offered, "litellm/not-listed")
    assert "verify" in str(unlisted(offered, ModelRef("litellm", "not-listed")))
    assert unlisted(offered, ModelRef("litellm", "a")) is None
    assert unlisted(catalog("a"), ModelRef("litellm", "b")) is None
    assert nearest_ids(offered, name) == ()


def test_ten_thousand_models() -> None:
    offered = catalog(*(f"provider{n % 7}/model-{n}" for n in range(10_000)))
    with pytest.raises(UnknownModel) as caught:
        check(offered, "litellm/model-99999")
    assert len(caught.value.nearest) == 5
