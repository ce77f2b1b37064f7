from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fased_litellm.catalog.discover import MOST_BYTES, adiscover, discover
from fased_litellm.catalog.facts import Catalog
from fased_litellm.errors import BadAnswer, CallError, CatalogError, ProxyError, TimedOut

MODELS = {"data": [{"id": "m"}]}
GROUP = {"data": [{"model_group": "m", "max_input_tokens": 10.0}]}
INFO = {"data": [{"model_name": "m", "model_info": {"supports_response_schema": True}}]}
SINGLE = {"data": {"model_name": "*", "model_info": {"max_input_tokens": 7}}}


@dataclass
class Answer:
    body: Any


class Proxy:
    base_url = "http://localhost:4000"

    def __init__(self, models: Any, group: Any, info: Any) -> None:
        self.answers = {"/v1/models": models, "/model_group/info": group, "/model/info": info}
        self.asked: list[str] = []

    def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, timeout_s: float = 0, max_bytes: int = 0
    ) -> Answer:
        assert timeout_s == 5.0
        assert max_bytes == MOST_BYTES
        self.asked.append(path)
        answer = self.answers[path]
        if isinstance(answer, CallError):
            raise answer
        return Answer(answer)


class AsyncProxy:
    base_url = "http://localhost:4000"

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    async def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, timeout_s: float = 0, max_bytes: int = 0
    ) -> Answer:
        await asyncio.sleep(0)
        return self.proxy.get_json(path, params=params, timeout_s=timeout_s, max_bytes=max_bytes)


def refusal(status: int) -> ProxyError:
    return ProxyError("refused", cause="forbidden", status=status)


def run(proxy: Proxy, mode: str) -> Catalog:
    return discover(proxy) if mode == "sync" else asyncio.run(adiscover(AsyncProxy(proxy)))


both = pytest.mark.parametrize("mode", ["sync", "async"])


@both
def test_all_three_routes(mode: str) -> None:
    proxy = Proxy(MODELS, GROUP, INFO)
    catalog = run(proxy, mode)
    assert proxy.asked == ["/v1/models", "/model_group/info", "/model/info"]
    assert catalog.sources == ("/v1/models", "/model_group/info", "/model/info")
    assert (catalog.by_id["m"].context_window, catalog.by_id["m"].json) == (10, True)
    assert catalog.notes == ()


@both
def test_a_refused_list_is_an_error(mode: str) -> None:
    with pytest.raises(ProxyError):
        run(Proxy(refusal(401), GROUP, INFO), mode)


@both
def test_a_list_of_another_form_is_an_error(mode: str) -> None:
    with pytest.raises(CatalogError):
        run(Proxy({"detail": "x"}, GROUP, INFO), mode)


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (refusal(403), "may not ask"),
        (refusal(500), "HTTP 500"),
        (TimedOut("No answer within 5 s.", cause="timeout"), "No answer within 5 s"),
        (BadAnswer("The answer is larger than 4 MiB.", cause="too-large"), "4 MiB"),
    ],
)
def test_refused_details_become_a_note(failure: CallError, word: str) -> None:
    catalog = discover(Proxy(MODELS, failure, failure))
    assert [model.id for model in catalog.models] == ["m"]
    assert len(catalog.notes) == 2
    assert all(word in note for note in catalog.notes)
    assert catalog.sources == ("/v1/models",)


def test_single_model_mode_up_to_1_77() -> None:
    catalog = discover(Proxy(MODELS, refusal(500), SINGLE))
    assert catalog.single_model
    assert catalog.notes == ()
    assert catalog.by_id["m"].context_window == 7


def test_no_models_no_further_questions() -> None:
    proxy = Proxy({"data": []}, GROUP, INFO)
    assert discover(proxy).models == ()
    assert proxy.asked == ["/v1/models"]


def test_many_models_are_read_without_their_deployments() -> None:
    many = {"data": [{"id": f"m{n}"} for n in range(501)]}
    proxy = Proxy(many, GROUP, INFO)
    assert "501 models" in discover(proxy).notes[0]
    assert "/model/info" not in proxy.asked
    # Without the rows per alias, the rows per deployment are asked for all the same.
    proxy = Proxy(many, refusal(404), INFO)
    discover(proxy)
    assert "/model/info" in proxy.asked
