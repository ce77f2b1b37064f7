"""One call with its attempts, without a network."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.config.load import load
from fased_litellm.context import CallContext
from fased_litellm.errors import CallError, ConnectFailed, ModelNotAllowed, ProxyError, UnknownModel
from fased_litellm.net.messages import Response
from fased_litellm.paths import Paths
from fased_litellm.provider.call import Call, CallOptions, attribution
from fased_litellm.provider.settings import Settings
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage

MODELS = [
    {"id": "a", "name": "A", "compat": {"supportsReasoningEffort": False, "maxTokensField": "max_completion_tokens"}},
    {"id": "b", "name": "B", "cost": {"input": 1, "output": 2}, "headers": {"X-Team": "model"}},
]
CONFIG: dict[str, Any] = {
    "models": {
        "providers": {
            "litellm": {
                "baseUrl": "http://localhost:4000/v1",
                "api": "openai-completions",
                "headers": {"x-team": "provider", "X-Site": "s"},
                "request": {"allowPrivateNetwork": True},
                "models": MODELS,
            }
        }
    },
    "agents": {
        "defaults": {"model": {"primary": "litellm/a", "fallbacks": ["litellm/b"]}},
        "list": [{"id": "ops", "model": "litellm/b", "taskModels": {"coding": "litellm/openai/code"}}],
    },
}


def settings(tmp_path: Path, config: dict[str, Any] = CONFIG) -> Settings:
    (tmp_path / "fased.json").write_text(json.dumps(config))
    env = {"HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path)}
    paths = Paths.from_env(env)
    return Settings.of(load(paths, env).require_valid(), paths)


def call(tmp_path: Path, options: CallOptions, *, agent: str = "main", role: str | None = None) -> Call:
    found = settings(tmp_path)
    return Call(found, found.choose(model=None, agent=agent, role=role), options)


def sent(found: Call) -> tuple[dict[str, Any], dict[str, str]]:
    request = found.exchange().request({})
    assert request.body is not None
    return json.loads(request.body), dict(request.headers)


HELLO = CallOptions([{"role": "user", "content": "hi"}], CallContext())
REPLY = Response(
    200,
    {"content-type": "application/json", "x-litellm-model-group": "b"},
    json.dumps(
        {
            "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        }
    ).encode(),
)


def refused(status: int, message: str) -> Response:
    return Response(status, {}, json.dumps({"error": {"message": message, "type": None}}).encode())


def failure(found: Call, answer: Response) -> CallError:
    with pytest.raises(ProxyError) as caught:
        found.exchange().whole(answer)
    return caught.value


def test_the_config_shapes_the_request(tmp_path: Path) -> None:
    options = CallOptions(HELLO.messages, CallContext(), {"reasoning_effort": "low", "top_p": 0.5}, max_tokens=9)
    body, headers = sent(call(tmp_path, options))
    assert (body["model"], body["max_completion_tokens"], body["top_p"]) == ("a", 9, 0.5)
    assert "reasoning_effort" not in body
    assert (headers["x-team"], headers["x-site"]) == ("provider", "s")
    body, headers = sent(call(tmp_path, options, agent="ops"))
    assert (body["model"], body["max_tokens"], body["reasoning_effort"]) == ("b", 9, "low")
    assert headers["x-team"] == "model"


def test_a_role_picks_its_model(tmp_path: Path) -> None:
    assert sent(call(tmp_path, HELLO, agent="ops", role="coding"))[0]["model"] == "openai/code"


def test_the_provider_failing_leads_to_the_one_fallback(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    assert found.fail(failure(found, refused(500, "litellm.InternalServerError: no")))
    exchange = found.exchange()
    request = exchange.request({})
    assert json.loads(request.body or b"")["model"] == "b"
    reply = found.succeed(exchange.whole(REPLY))
    attempts = [(attempt.model, attempt.ok, attempt.cause) for attempt in reply.receipt.attempts]
    assert attempts == [("litellm/a", False, "provider-error"), ("litellm/b", True, None)]
    assert reply.receipt.model == "litellm/a"
    # Priced by the config: 10 tokens at 1 USD and 5 at 2 USD per million.
    assert (reply.receipt.cost_usd, reply.receipt.cost_source) == (Decimal("0.00002"), "price-table")
    assert found.record is not None
    assert (found.record.model, found.record.requested_model, found.record.status) == ("b", "a", "ok")
    # Each attempt has a spend row of its own at the proxy, so each has an id of its own.
    assert request.headers["x-litellm-call-id"] == f"{found.call_id}-2" == found.record.call_id


@pytest.mark.parametrize(
    ("status", "message", "tried"),
    [
        (400, "litellm.BadRequestError: Litellm_proxyException - Budget has been exceeded!", True),
        (400, "litellm.BadRequestError: AzureException - Something of its own.", True),
        (400, "Budget has been exceeded!", False),
        (400, "Violated guardrail policy", False),
        (503, "The guardrail is unreachable", False),
        (400, "litellm.BadRequestError: Litellm_proxyException - Violated guardrail policy", False),
        (500, "litellm.ContentPolicyViolationError: flagged", False),
    ],
)
def test_whether_the_fallback_is_tried(status: int, message: str, tried: bool, tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    assert found.fail(failure(found, refused(status, message))) is tried


def test_a_name_that_a_pattern_alone_took_is_unknown_in_the_row_too(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO, agent="ops")
    catalog = Catalog(
        "http://localhost:4000", datetime.now(UTC), (ModelFacts("a"),), patterns=("*",), sources=("/v1/models",)
    )
    cache.save(found.settings.paths, catalog)
    error = failure(found, refused(404, "litellm.NotFoundError: OpenAIException - The model `b` does not exist"))
    assert error.cause == "provider-model"
    assert not found.fail(error)
    assert (error.cause, error.origin) == ("unknown-model", "caller")
    assert found.record is not None
    assert found.record.cause == "unknown-model"


def test_the_row_has_our_id_and_the_proxys_beside_it(tmp_path: Path) -> None:
    for told, kept in (("made-by-the-proxy", "made-by-the-proxy"), (None, None)):
        found = call(tmp_path, HELLO)
        exchange = found.exchange()
        exchange.request({})
        headers = {**REPLY.headers, "x-litellm-call-id": told or found.call_id}
        found.succeed(exchange.whole(replace(REPLY, headers=headers)))
        assert found.record is not None
        assert (found.record.call_id, found.record.proxy_call_id) == (found.call_id, kept)


def test_an_attempt_that_is_left_alone_has_the_id_that_was_sent(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    assert found.fail(failure(found, refused(500, "litellm.InternalServerError: no")))
    sent_id = found.exchange().request({}).headers["x-litellm-call-id"]
    found.cancel(None)
    assert found.record is not None
    assert found.record.call_id == sent_id == f"{found.call_id}-2"


def test_ids_of_forked_processes_differ(tmp_path: Path) -> None:
    """Whoever carries random numbers across a fork gives the same ids twice."""
    first = call(tmp_path, HELLO).call_id
    ids = [first]
    for _ in range(3):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.write(writer, call(tmp_path, HELLO).call_id.encode())
            os._exit(0)
        os.close(writer)
        ids.append(os.read(reader, 100).decode())
        os.close(reader)
        os.waitpid(child, 0)
    assert len({*ids, call(tmp_path, HELLO).call_id}) == 5


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "litellm.ContextWindowExceededError: too long"),
        (401, "Authentication Error, Invalid proxy server token passed."),
        (422, "Budget has been exceeded! Current cost: 1"),
    ],
)
def test_what_is_the_callers_own_fault_is_not_tried_again(tmp_path: Path, status: int, message: str) -> None:
    found = call(tmp_path, HELLO)
    error = failure(found, refused(status, message))
    assert not found.fail(error)
    assert found.record is not None
    assert (found.record.status, found.record.cause, found.record.http_status) == ("error", error.cause, status)
    assert error.receipt.attempts[0].cause == error.cause


def test_an_unreachable_proxy_is_not_asked_for_another_model(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    error = ConnectFailed("no", cause="connect-refused")
    assert not found.fail(error)
    assert error.receipt.call_id == found.call_id


def test_a_failed_fallback_ends_it(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    assert found.fail(failure(found, refused(500, "litellm.InternalServerError: a")))
    error = failure(found, refused(500, "litellm.InternalServerError: b"))
    assert not found.fail(error)
    assert [attempt.model for attempt in error.receipt.attempts] == ["litellm/a", "litellm/b"]
    assert found.record is not None
    assert found.record.model == "b"


def test_a_call_that_is_left_alone_is_recorded_once(tmp_path: Path) -> None:
    found = call(tmp_path, HELLO)
    found.exchange()
    found.cancel(None)
    first = found.record
    found.cancel(None)
    assert first is not None
    assert found.record is first
    assert (first.status, first.cost) == ("cancelled", None)


def test_a_model_that_is_asked_for_has_no_fallback(tmp_path: Path) -> None:
    choice = settings(tmp_path).choose(model="b", agent="main", role=None)
    assert (str(choice.primary), choice.fallback) == ("litellm/b", None)


def test_another_providers_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="anthropic"):
        settings(tmp_path).choose(model="anthropic/claude", agent="main", role=None)


def test_the_allow_list_holds(tmp_path: Path) -> None:
    config = json.loads(json.dumps(CONFIG))
    config["agents"]["defaults"]["models"] = {"litellm/a": {"alias": "fast"}}
    found = settings(tmp_path, config)
    assert str(found.choose(model="fast", agent="main", role=None).primary) == "litellm/a"
    with pytest.raises(ModelNotAllowed):
        found.choose(model="litellm/secret", agent="main", role=None)


def test_zeros_in_the_config_mean_a_free_model_unless_the_proxy_names_a_price(tmp_path: Path) -> None:
    config = json.loads(json.dumps(CONFIG))
    config["models"]["providers"]["litellm"]["models"][1]["cost"] = {"input": 0, "output": 0}
    found = settings(tmp_path, config)
    assert found.prices("a") is None
    free = found.prices("b")
    assert free is not None
    assert free.free
    named = Prices(Decimal("1e-6"), Decimal("2e-6"))
    cache.save(found.paths, Catalog(found.base_url, datetime.now(UTC), (ModelFacts("b", prices=named),)))
    assert found.prices("b") == named


ROW = {
    "key": "some-model",
    "litellm_provider": "openai",
    "input_cost_per_token": 3e-06,
    "output_cost_per_token": 1.5e-05,
    "cache_read_input_token_cost": 3e-07,
    "input_cost_per_token_above_200k_tokens": 6e-06,
    "cache_creation_input_token_cost": None,
    "pricing_overrides": [],
}


@pytest.mark.parametrize(
    ("cost", "whole"),
    [
        ({"input": 3, "output": 15, "cacheRead": 0.3}, True),  # as an earlier release wrote it
        ({"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3}, True),
        ({"input": 3, "output": 15}, True),
        ({"input": 2, "output": 15, "cacheRead": 0.3}, False),  # the user has another price
        ({"input": 3, "output": 15, "cacheRead": 0.2}, False),
        ({"input": 3}, False),
    ],
)
def test_the_prices_of_the_config_stand_for_all_of_the_proxys_if_they_are_the_same(
    tmp_path: Path, cost: dict[str, float], whole: bool
) -> None:
    config = json.loads(json.dumps(CONFIG))
    config["models"]["providers"]["litellm"]["models"][1]["cost"] = cost
    found = settings(tmp_path, config)
    listed = Prices.of([card.read(ROW)])
    cache.save(found.paths, Catalog(found.base_url, datetime.now(UTC), (ModelFacts("b", prices=listed),)))
    got = found.prices("b")
    assert got is not None
    assert (got == listed) is whole
    long = TokenUsage(300_000, 100)
    charge = got.charge(long)
    if cost == {"input": 3}:
        assert charge is None
    else:
        assert charge is not None
        assert (charge.doubt is None) is whole
        assert not whole or charge.usd == Decimal("1.8015")


def test_the_names_of_a_call_become_tags() -> None:
    context = CallContext("main", "digest", "telegram", "s1", "cli", "coding")
    names = attribution("c", context)
    assert (names.session_id, names.agent_id) == ("s1", "main")
    assert names.tags == ("agent:main", "task:digest", "channel:telegram", "role:coding", "source:cli")
