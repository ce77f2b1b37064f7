"""Debugging a call against servers that answer as told: what is seen, what is waited for, what is hidden."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.doctor.debug.direct import DirectProvider, Mapped
from fased_litellm.doctor.debug.run import Debugged, Debugger, DebugRequest
from fased_litellm.errors import AddressBlocked, MissingKey, UsageError
from fased_litellm.provider import LiteLLMProvider
from fased_litellm.usage.query.calendar.windows import window
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.store.ledger import Ledger
from tests.servers import READ, RESET, STREAM_HEAD, FaultServer, FaultServers, answer_json, event, free_port

KEY = "sk-test-debug-0123456789"
PROVIDERS = "sk-test-provider-0123456789"
REPLY = {
    "choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 1},
}
OK = answer_json(200, REPLY, {"x-litellm-version": "1.106.2", "x-litellm-attempted-fallbacks": "0"})
BY_FALLBACK = answer_json(200, REPLY, {"x-litellm-attempted-fallbacks": "1"})


def refusal(status: int, message: str, type: str | None = None, headers: dict[str, str] | None = None) -> bytes:
    return answer_json(status, {"error": {"message": message, "type": type, "code": str(status)}}, headers)


COOLING = refusal(429, "No deployments available for selected model, Try again in 5 seconds.", "None")
WRONG = refusal(401, "litellm.AuthenticationError: OpenAIException - Incorrect API key", headers={"server": "uvicorn"})
FAILED = refusal(500, "litellm.InternalServerError: OpenAIException - The server had an error")

MakeDebugger = Callable[..., Debugger]


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def debugger(
    monkeypatch: pytest.MonkeyPatch, waited: list[float], told: list[str]
) -> Iterator[Callable[[FaultServer | str], MakeDebugger]]:
    """Make a debugger of a provider at a server; nothing is really waited for."""
    providers: list[LiteLLMProvider] = []

    def at(server: FaultServer | str) -> MakeDebugger:
        monkeypatch.setenv("LITELLM_API_KEY", KEY)
        monkeypatch.setenv("LITELLM_BASE_URL", server if isinstance(server, str) else server.url)
        providers.append(LiteLLMProvider.from_config())
        return lambda **question: Debugger(providers[-1], DebugRequest(**question), told.append, waited.append)

    yield at
    for provider in providers:
        provider.close()


def test_the_request_the_answer_and_the_verdict(debugger: Any, fault_server: FaultServers, told: list[str]) -> None:
    server = fault_server(WRONG)
    found: Debugged = debugger(server)().run()
    document = found.as_dict()
    assert list(document) == ["ok", "alias", "cause", "origin", "remedy", "request", "response", "attempts"]
    assert (document["ok"], document["alias"]) == (False, "default")
    assert (document["cause"], document["origin"]) == ("provider-key", "provider-key")
    assert "provider refused the key" in str(document["remedy"])
    assert document["response"] == {
        "status": 401,
        "type": None,
        "message": "litellm.AuthenticationError: OpenAIException - Incorrect API key",
    }
    request = document["request"]
    assert (request["method"], request["url"]) == ("POST", f"{server.url}/v1/chat/completions")
    assert request["headers"]["authorization"] == "Bearer ***"
    assert request["body"] == server.json_bodies()[0]
    assert (request["body"]["num_retries"], request["body"]["max_tokens"]) == (0, 16)
    (attempt,) = document["attempts"]
    assert (attempt["purpose"], attempt["ok"], attempt["headers"]["server"]) == ("call", False, "uvicorn")
    assert KEY not in json.dumps(document)
    assert f"Bearer {KEY}".encode() in server.requests[0]
    assert told == []


def test_a_call_that_works(debugger: Any, fault_server: FaultServers) -> None:
    found = debugger(fault_server(OK))().run()
    document = found.as_dict()
    assert (document["ok"], document["cause"], document["origin"], document["remedy"]) == (True, None, None, None)
    assert document["response"] == {"status": 200, "type": None, "message": None}
    assert document["attempts"][0]["text"] == "ok"
    assert document["attempts"][0]["headers"]["x-litellm-version"] == "1.106.2"
    assert found.notes == ()


def test_a_cooldown_is_waited_out_to_see_the_real_cause(
    debugger: Any, fault_server: FaultServers, waited: list[float], told: list[str]
) -> None:
    found = debugger(fault_server([COOLING], [WRONG]))().run()
    assert waited == [5.5]
    assert "waiting 5.5 s" in told[0]
    assert [shot.error.cause for shot in found.shots] == ["cooldown", "provider-key"]
    assert found.as_dict()["cause"] == "provider-key"
    assert [attempt["purpose"] for attempt in found.as_dict()["attempts"]] == ["call", "after-cooldown"]
    assert "hid this failure" in found.notes[0]


def test_a_header_says_how_long_it_is(debugger: Any, fault_server: FaultServers, waited: list[float]) -> None:
    cooling = refusal(429, "No deployments available", "all_deployments_in_cooldown", {"retry-after": "12"})
    debugger(fault_server([cooling], [OK]))().run()
    assert waited == [12.5]


def test_a_cooldown_that_is_not_named_takes_litellms_five_seconds(
    debugger: Any, fault_server: FaultServers, waited: list[float]
) -> None:
    debugger(fault_server([refusal(429, "No deployments available")], [OK]))().run()
    assert waited == [5.5]


def test_a_long_cooldown_is_not_waited_for(debugger: Any, fault_server: FaultServers, waited: list[float]) -> None:
    cooling = refusal(429, "No deployments available", headers={"retry-after": "3600"})
    found = debugger(fault_server(cooling))(max_wait_s=30).run()
    assert waited == []
    assert (found.as_dict()["cause"], len(found.shots)) == ("cooldown", 1)
    assert "--max-wait" in found.notes[0]


def test_what_recovers_in_the_cooldown(debugger: Any, fault_server: FaultServers) -> None:
    found = debugger(fault_server([COOLING], [OK]))().run()
    assert found.ok
    assert "has passed" in found.notes[0]


def test_a_cooldown_that_others_renew(debugger: Any, fault_server: FaultServers, waited: list[float]) -> None:
    found = debugger(fault_server(COOLING))().run()
    assert len(waited) == 1
    assert found.as_dict()["cause"] == "cooldown"
    assert "Try once more" in found.notes[0]


def test_a_fallback_hides_a_failure(debugger: Any, fault_server: FaultServers) -> None:
    server = fault_server([BY_FALLBACK], [FAILED])
    found = debugger(server)().run()
    assert found.ok
    assert [shot.purpose for shot in found.shots] == ["call", "without-fallbacks"]
    assert server.json_bodies()[1]["disable_fallbacks"] is True
    assert "provider-error" in found.notes[0]
    assert found.as_dict()["attempts"][1]["cause"] == "provider-error"


def test_a_stream_that_breaks_off(debugger: Any, fault_server: FaultServers) -> None:
    chunk = event({"choices": [{"index": 0, "delta": {"content": "part"}}]})
    broken = event({"error": {"message": "litellm.APIConnectionError: error mid stream", "type": None, "code": "500"}})
    server = fault_server(STREAM_HEAD + chunk + broken)
    found = debugger(server)(stream=True).run()
    document = found.as_dict()
    assert (document["cause"], document["origin"]) == ("provider-stream-broke", "provider")
    assert document["response"]["status"] == 200
    assert "error mid stream" in document["response"]["message"]
    assert document["attempts"][0]["text"] == "part"
    assert server.json_bodies()[0]["stream"] is True


def test_a_stream_that_is_refused_before_it_begins(debugger: Any, fault_server: FaultServers) -> None:
    document = debugger(fault_server(WRONG))(stream=True).run().as_dict()
    assert (document["cause"], document["response"]["status"]) == ("provider-key", 401)


def test_an_empty_stream_is_pointed_out(debugger: Any, fault_server: FaultServers) -> None:
    end = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}) + event("[DONE]")
    found = debugger(fault_server(STREAM_HEAD + end))(stream=True).run()
    assert found.ok
    assert "empty" in found.notes[0]


@pytest.mark.parametrize(("script", "cause"), [([RESET], "connection-lost"), ([b"SSH-2.0\r\n\r\n"], "not-http")])
def test_the_way_to_the_proxy(script: Any, cause: str, debugger: Any, fault_server: FaultServers) -> None:
    document = debugger(fault_server(script))().run().as_dict()
    assert (document["cause"], document["origin"], document["response"]["status"]) == (cause, "network", None)
    assert document["response"]["message"]


def test_nothing_listens(debugger: Any) -> None:
    document = debugger(f"http://127.0.0.1:{free_port()}")().run().as_dict()
    assert (document["cause"], document["origin"]) == ("connect-refused", "network")


def test_a_body_which_no_proxy_sends(debugger: Any, fault_server: FaultServers) -> None:
    document = debugger(fault_server(answer_json(200, {"hello": 1})))().run().as_dict()
    assert (document["cause"], document["origin"], document["response"]["status"]) == ("not-litellm", "caller", 200)


def test_secrets_of_the_config_and_of_the_answer_stay_hidden(home: Path, fault_server: FaultServers) -> None:
    server = fault_server(refusal(401, f"Received API Key = {KEY} and {PROVIDERS}"))
    entry = {
        "baseUrl": server.url,
        "api": "openai-completions",
        "apiKey": KEY,
        "headers": {"X-Tenant": "the tenant's secret", "Cookie": "session=1"},
        "request": {"allowPrivateNetwork": True},
        "models": [],
    }
    state = home / ".fased"
    state.mkdir()
    (state / "fased.json").write_text(json.dumps({"models": {"providers": {"litellm": entry}}}))
    with LiteLLMProvider.from_config() as provider:
        document = Debugger(provider, DebugRequest(), print).run().as_dict()
    assert document["request"]["headers"]["x-tenant"] == "***"
    assert document["request"]["headers"]["cookie"] == "***"
    text = json.dumps(document)
    for secret in (KEY, PROVIDERS, "tenant's", "session=1"):
        assert secret not in text


def test_long_texts_are_cut(debugger: Any, fault_server: FaultServers) -> None:
    server = fault_server(refusal(400, "x" * 100_000))
    question = DebugRequest().saying("y" * 50_000)
    document = debugger(server)(messages=question.messages).run().as_dict()
    assert len(json.dumps(document)) < 20_000
    assert "(100000 characters)" in document["response"]["message"]
    assert len(server.json_bodies()[0]["messages"][0]["content"]) == 50_000


def test_each_attempt_has_its_row(debugger: Any, fault_server: FaultServers, home: Path) -> None:
    debugger(fault_server([COOLING], [WRONG]))(model="litellm/other").run()
    first, last = window(time.time_ns() // 1_000_000, days=1)
    with Ledger(home / ".fased" / "litellm" / "usage.sqlite3") as ledger:
        (row,) = ledger.report(Query(first, last, ("model", "task", "source"))).as_dict()["groups"]
    assert (row["model"], row["task"], row["source"], row["calls"], row["failed"]) == ("other", "debug", "cli", 2, 2)


def test_a_fallback_of_the_config_does_not_come_to_the_rescue(home: Path, fault_server: FaultServers) -> None:
    server = fault_server(WRONG)
    litellm = {
        "baseUrl": server.url,
        "api": "openai-completions",
        "apiKey": KEY,
        "request": {"allowPrivateNetwork": True},
        "models": [],
    }
    model = {"primary": "litellm/first", "fallbacks": ["litellm/second"]}
    config = {"models": {"providers": {"litellm": litellm}}, "agents": {"defaults": {"model": model}}}
    (home / ".fased").mkdir()
    (home / ".fased" / "fased.json").write_text(json.dumps(config))
    with LiteLLMProvider.from_config() as provider:
        Debugger(provider, DebugRequest(), print).run()
    assert [body["model"] for body in server.json_bodies()] == ["first"]


def test_what_it_will_cost_is_asked_of_the_proxy(debugger: Any, fault_server: FaultServers) -> None:
    models = answer_json(200, {"data": [{"id": "default", "mode": "chat"}]})
    group = {"model_group": "default", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    groups, info = answer_json(200, {"data": [group]}), answer_json(200, {"data": []})
    server = fault_server([models, READ, groups, READ, info])
    foretold = debugger(server)().foretold()
    assert foretold.output_tokens == 16
    assert float(foretold.cost_usd) == pytest.approx(foretold.input_tokens * 1e-6 + 16 * 2e-6)
    assert all(request.startswith(b"GET") for request in server.requests)


def test_a_price_that_nobody_knows(debugger: Any, fault_server: FaultServers) -> None:
    assert debugger(fault_server(WRONG))().foretold().cost_usd is None


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        DebugRequest().saying(" \n")


# ---- without the proxy


PROVIDER_OK = answer_json(200, REPLY)
PROVIDER_401 = answer_json(401, {"error": {"message": f"Incorrect API key provided: {PROVIDERS}", "type": "invalid_request_error", "code": "invalid_api_key"}})  # fmt: skip
PROVIDER_404 = answer_json(404, {"error": {"message": "no such model", "type": "x", "code": "model_not_found"}})


@pytest.fixture
def both(debugger: Any, fault_server: FaultServers) -> Any:
    def compared(proxys: bytes, providers: bytes | None, **question: Any) -> tuple[Any, FaultServer | None]:
        server = fault_server(providers) if providers is not None else None
        url = server.url if server else f"http://127.0.0.1:{free_port()}"
        made = debugger(fault_server(proxys))(**question)
        mapped = Mapped("openai/gpt-4o-mini", f"{url}/v1")
        target = DirectProvider(
            f"{url}/v1", PROVIDERS, "PROVIDER_KEY", "gpt-4o-mini", allow_private_network=True, mapped=mapped
        )
        return made.directly(made.run(), target), server

    return compared


@pytest.mark.parametrize(
    ("proxys", "providers", "verdict", "meaning"),
    [
        (OK, PROVIDER_OK, "both-work", "both ways now"),
        (WRONG, PROVIDER_OK, "only-proxy-fails", "uses another key"),
        (refusal(404, "litellm.NotFoundError: OpenAIException - no"), PROVIDER_OK, "only-proxy-fails", "litellm_params.model"),
        (refusal(500, "litellm.InternalServerError: OpenAIException - Connection error."), PROVIDER_OK, "only-proxy-fails", "proxy's network"),
        (refusal(401, "x", "token_not_found_in_db"), PROVIDER_OK, "only-proxy-fails", "refuses the agent's key"),
        (refusal(400, "Invalid model name passed in model=x"), PROVIDER_OK, "only-proxy-fails", "no alias"),
        (refusal(429, "litellm.RateLimitError: OpenAIException - slow"), PROVIDER_OK, "only-proxy-fails", "recovered"),
        (refusal(500, "Database not connected"), PROVIDER_OK, "only-proxy-fails", "itself fails"),
        (OK, PROVIDER_401, "only-direct-fails", "another key than $PROVIDER_KEY"),
        (OK, PROVIDER_404, "only-direct-fails", "another model than gpt-4o-mini"),
        (BY_FALLBACK, PROVIDER_401, "only-direct-fails", "a fallback of the proxy"),
        (WRONG, PROVIDER_401, "both-fail", "the same way"),
        (WRONG, None, "both-fail", "the same way"),
        (refusal(400, "Invalid model name passed in model=x"), PROVIDER_401, "both-fail", "two reasons"),
    ],
)  # fmt: skip
def test_both_ways(both: Any, proxys: bytes, providers: bytes | None, verdict: str, meaning: str) -> None:
    comparison, _ = both(proxys, providers)
    assert comparison.verdict == verdict
    assert meaning in comparison.meaning
    assert PROVIDERS not in json.dumps(comparison.as_dict())
    assert KEY not in json.dumps(comparison.as_dict())


def test_the_provider_gets_nothing_of_litellms(both: Any) -> None:
    comparison, server = both(WRONG, PROVIDER_OK)
    request = server.requests[0]
    assert request.startswith(b"POST /v1/chat/completions ")
    assert f"Bearer {PROVIDERS}".encode() in request
    assert b"x-litellm" not in request.lower()
    assert server.json_bodies() == [
        {
            "model": "gpt-4o-mini",
            "messages": [{"role": "user", "content": "Answer with the word: ok"}],
            "max_tokens": 16,
        }
    ]
    marked = {row.name for row in comparison.rows if row.differs}
    assert {"URL", "key", "model", "num_retries", "status", "cause"} <= marked
    assert not {"messages", "max_tokens", "goes to"} & marked


def test_a_stream_of_the_provider_is_read_too(both: Any) -> None:
    stream = STREAM_HEAD + event({"choices": [{"index": 0, "delta": {"content": "ok"}}]}) + event("[DONE]")
    comparison, server = both(stream, stream, stream=True)
    assert comparison.verdict == "both-work"
    assert server.json_bodies()[0]["stream_options"] == {"include_usage": True}


def test_the_model_is_asked_of_the_proxy(debugger: Any, fault_server: FaultServers) -> None:
    row = {"model_name": "default", "litellm_params": {"model": "together_ai/meta/llama-3", "api_base": "http://x/v1"}}
    server = fault_server(answer_json(200, {"data": [{"model_name": "other"}, row]}))
    target = debugger(server)().provider("https://api.example.com/v1", "P", {"P": PROVIDERS})
    assert (target.model, target.mapped.api_base) == ("meta/llama-3", "http://x/v1")


def test_a_model_that_the_proxy_does_not_tell(debugger: Any, fault_server: FaultServers) -> None:
    made = debugger(fault_server(answer_json(200, {"data": {"model_name": "*"}})))()
    with pytest.raises(UsageError) as caught:
        made.provider("https://api.example.com/v1", "P", {"P": PROVIDERS})
    assert "--provider-model" in str(caught.value.hint)
    assert made.provider("https://api.example.com", "P", {"P": PROVIDERS}, model="m").model == "m"


def test_the_providers_key_comes_from_the_named_variable_alone(debugger: Any, fault_server: FaultServers) -> None:
    made = debugger(fault_server(OK))()
    with pytest.raises(MissingKey, match="NOT_SET"):
        made.provider("https://api.example.com/v1", "NOT_SET", {"OPENAI_API_KEY": PROVIDERS}, model="m")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://192.168.1.4:11434/v1", "http://box.local/v1"])
def test_a_private_provider_has_to_be_allowed(url: str, debugger: Any, fault_server: FaultServers) -> None:
    server = fault_server(OK)
    made = debugger(server)()
    with pytest.raises(AddressBlocked) as caught:
        made.provider(url, "P", {"P": PROVIDERS}, model="m")
    assert "--provider-allow-private-network" in str(caught.value.hint)
    assert server.requests == []
    allowed = made.provider(url, "P", {"P": PROVIDERS}, model="m", allow_private_network=True)
    assert allowed.allow_private_network


def test_a_metadata_service_is_never_asked(debugger: Any, fault_server: FaultServers) -> None:
    made = debugger(fault_server(OK))()
    with pytest.raises(AddressBlocked, match="metadata"):
        made.provider("http://169.254.169.254/v1", "P", {"P": PROVIDERS}, model="m", allow_private_network=True)
