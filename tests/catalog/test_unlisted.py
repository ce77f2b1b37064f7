"""Names that the proxy takes and does not list. ``tests/live/test_names.py`` has a real proxy answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.catalog.selection import check_ref, unlisted
from fased_litellm.catalog.unlisted import with_unlisted
from fased_litellm.errors import ProxyError, UnknownModel
from fased_litellm.proxy.client import JsonResponse
from fased_litellm.refs import ModelRef


class Proxy:
    """Answers as LiteLLM's token counter does."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def post_json(self, path: str, body: Mapping[str, Any]) -> JsonResponse:
        assert path == "/utils/token_counter"
        self.asked.append(body["model"])
        answer = self.answers.get(body["model"], {"model_used": body["model"]})
        if isinstance(answer, Exception):
            raise answer
        return JsonResponse(200, {}, answer)


def catalog(*ids: str, **more: Any) -> Catalog:
    return Catalog("http://127.0.0.1:4000", datetime.now(UTC), tuple(map(ModelFacts, ids)), **more)


def test_a_name_that_leads_to_a_deployment_is_accepted_and_told() -> None:
    proxy = Proxy({"hidden": {"total_tokens": 8, "request_model": "hidden", "model_used": "gpt-4o"}})
    found = with_unlisted(proxy, catalog("plain"), ["hidden", "typo", "plain", "hidden"])
    assert proxy.asked == ["hidden", "typo"]
    assert (found.unlisted, found.accepts("hidden"), found.accepts("typo")) == (("hidden",), True, False)
    assert not found.lists("hidden")
    check_ref(found, ModelRef("litellm", "hidden"))
    assert "does not list it" in str(unlisted(found, ModelRef("litellm", "hidden")))
    assert unlisted(found, ModelRef("litellm", "plain")) is None
    with pytest.raises(UnknownModel):
        check_ref(found, ModelRef("litellm", "typo"))


@pytest.mark.parametrize(
    "answer",
    [
        ProxyError("No.", cause="key-model-denied", origin="caller", status=403),
        ProxyError("No such route.", cause="not-litellm", origin="caller", status=404),
        {},
        [],
        "text",
        None,
        {"model_used": None},
        {"model_used": ""},
        {"model_used": 5},
    ],
)
def test_what_does_not_say_so_changes_nothing(answer: Any) -> None:
    before = catalog("plain")
    assert with_unlisted(Proxy({"x": answer}), before, ["x"]) is before


def test_nobody_is_asked_without_need() -> None:
    for known in (catalog(single_model=True), catalog(patterns=("*",)), catalog(inherited=("all-team-models",))):
        proxy = Proxy({})
        assert with_unlisted(proxy, known, ["a", "all-team-models"]) is known
        assert set(proxy.asked) <= {"all-team-models"}
    proxy = Proxy({})
    with_unlisted(proxy, catalog(), (f"m{number}" for number in range(500)))
    assert len(proxy.asked) <= 20
