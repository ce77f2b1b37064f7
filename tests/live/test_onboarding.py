"""Onboarding against real proxies, and each of its explained failures, produced for real."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import json5
import pytest

from fased_litellm.errors import AddressBlocked, CallError, CatalogError, FasedError, UnknownModel
from fased_litellm.keys.check import check
from fased_litellm.onboarding import NonInteractive, OnboardingOutcome, OnboardingRequest, onboard
from fased_litellm.paths import Paths
from tests.live.proxies import Proxy
from tests.servers import UNREAD, FaultServers, Script, answer, answer_json, free_port

Onboard = Callable[..., OnboardingOutcome]
WRONG = "sk-test-wrong-0123456789"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def onboarded(tmp_path: Path, state: Path) -> Onboard:
    """Onboarding without questions into an empty state folder."""
    env = {"HOME": str(tmp_path), "FASED_STATE_DIR": str(state)}

    def run(url: str, key: str, **options: Any) -> OnboardingOutcome:
        request = OnboardingRequest(key=key, base_url=url, **options)
        return onboard(request, NonInteractive(request), Paths.from_env(env), env)

    return run


def provider(state: Path) -> Any:
    return json5.loads((state / "fased.json").read_text())["models"]["providers"]["litellm"]


# ---- what works


def test_a_proxy_with_a_database(onboarded: Onboard, state: Path, proxy: Proxy) -> None:
    outcome = onboarded(proxy.url, proxy.master_key)
    assert str(outcome.plan.primary) == "litellm/default"
    described = provider(state)["models"]
    assert [model["id"] for model in described] == ["default"]
    assert described[0]["contextWindow"] > 100_000
    assert described[0]["cost"]["input"] > 0
    assert described[0]["compat"]["supportsUsageInStreaming"] is True
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file() and path.parent.name != "catalog"}
    assert not onboarded(proxy.url, proxy.master_key).plan.changed
    assert {path: path.read_bytes() for path in before} == before


def test_a_proxy_without_a_database(onboarded: Onboard, nodb_proxy: Proxy) -> None:
    assert str(onboarded(nodb_proxy.url, nodb_proxy.master_key, model="gpt-5.5").plan.primary) == "litellm/gpt-5.5"


def test_a_proxy_with_a_single_model(onboarded: Onboard, state: Path, single_model_proxy: Proxy) -> None:
    outcome = onboarded(single_model_proxy.url, single_model_proxy.master_key)
    assert str(outcome.plan.primary) == "litellm/default"
    assert provider(state)["models"][0]["id"] == "default"


# ---- what fails, and how it is explained


def failure(action: Callable[[], object], state: Path) -> FasedError:
    """The error of an onboarding, which must have written nothing and must say what to do."""
    with pytest.raises(FasedError) as caught:
        action()
    error = caught.value
    assert error.hint, error.message
    assert not state.exists()
    assert WRONG not in f"{error.as_dict()}"
    return error


def cause(error: FasedError) -> str:
    assert isinstance(error, CallError), type(error)
    return error.cause


def test_nothing_listens_there(onboarded: Onboard, state: Path) -> None:
    error = failure(lambda: onboarded(f"http://127.0.0.1:{free_port()}", WRONG), state)
    assert cause(error) == "connect-refused"
    assert "fased litellm up" in (error.hint or "")


@pytest.mark.parametrize("script", [[b"220 mail ready\r\n"], [UNREAD, b"SSH-2.0-OpenSSH_9.2p1\r\n"]])
def test_not_http(onboarded: Onboard, state: Path, fault_server: FaultServers, script: Script) -> None:
    error = failure(lambda: onboarded(fault_server(script).url, WRONG), state)
    # What speaks first and hangs up before it has read the request looks like a connection that broke.
    assert cause(error) in ("not-http", "connection-lost")
    assert "speak HTTP" in f"{error.message} {error.hint}"


def test_an_html_page(onboarded: Onboard, state: Path, fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "<!doctype html><html><title>Router</title>", {"content-type": "text/html"}))
    error = failure(lambda: onboarded(server.url, WRONG), state)
    assert cause(error) == "not-litellm"
    assert "HTML" in error.message


def test_the_pages_of_the_proxy_itself(onboarded: Onboard, state: Path, proxy: Proxy) -> None:
    error = failure(lambda: onboarded(f"{proxy.url}/ui", proxy.master_key), state)
    assert "base URL" in (error.hint or "")


@pytest.mark.parametrize(
    ("status", "body"), [(404, {"message": "no route"}), (200, {"hello": "world"}), (200, "just a text")]
)
def test_another_server_with_json(
    onboarded: Onboard, state: Path, fault_server: FaultServers, status: int, body: Any
) -> None:
    error = failure(lambda: onboarded(fault_server(answer_json(status, body)).url, WRONG), state)
    assert "LiteLLM" in f"{error.message} {error.hint}"


def test_an_openai_server_that_is_no_litellm_is_told(onboarded: Onboard, fault_server: FaultServers) -> None:
    models = answer_json(200, {"object": "list", "data": [{"id": "llama", "object": "model"}]})
    server = fault_server(models, answer_json(404, {"error": "no route"}))
    outcome = onboarded(server.url, WRONG)
    assert str(outcome.plan.primary) == "litellm/llama"
    assert any("not like a LiteLLM proxy" in warning for warning in outcome.plan.warnings)


def test_tls_where_plain_http_is_spoken(onboarded: Onboard, state: Path, proxy: Proxy) -> None:
    error = failure(lambda: onboarded(proxy.url.replace("http:", "https:"), WRONG), state)
    assert cause(error) == "tls"
    assert "http://" in (error.hint or "")


def test_a_certificate_that_nobody_trusts(onboarded: Onboard, state: Path, fault_server: FaultServers) -> None:
    error = failure(lambda: onboarded(fault_server(answer_json(200, {}), tls=True).url, WRONG), state)
    assert cause(error) == "tls"
    assert "SSL_CERT_FILE" in (error.hint or "")


def test_a_private_address_without_the_permission(onboarded: Onboard, proxy: Proxy, tmp_path: Path) -> None:
    config = tmp_path / "state" / "fased.json"
    config.parent.mkdir()
    text = f"{{models: {{providers: {{litellm: {{baseUrl: '{proxy.url}', request: {{allowPrivateNetwork: false}}, models: []}}}}}}}}"
    config.write_text(text)
    with pytest.raises(AddressBlocked) as caught:
        onboarded(proxy.url, proxy.master_key)
    assert "models.providers.litellm.request.allowPrivateNetwork" in (caught.value.hint or "")
    assert config.read_text() == text


def test_a_public_name_that_leads_to_a_private_address(
    onboarded: Onboard, state: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == "litellm.example.com" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://litellm.example.com:{proxy.port}"
    error = failure(lambda: onboarded(url, proxy.master_key), state)
    assert cause(error) == "address-blocked"
    assert "--allow-private-network" in (error.hint or "")
    onboarded(url, proxy.master_key, allow_private=True)
    assert provider(state)["request"] == {"allowPrivateNetwork": True}


def test_a_metadata_address_is_refused_under_any_setting(onboarded: Onboard, state: Path) -> None:
    error = failure(lambda: onboarded("http://169.254.169.254", WRONG, allow_private=True), state)
    assert cause(error) == "address-blocked"
    assert "--allow-private-network" not in (error.hint or "")


@pytest.mark.database
def test_a_wrong_key(onboarded: Onboard, state: Path, proxy: Proxy) -> None:
    error = failure(lambda: onboarded(proxy.url, WRONG), state)
    assert cause(error) == "key-unknown"
    assert getattr(error, "status", None) == 401


@pytest.mark.database
def test_the_key_of_a_provider(onboarded: Onboard, state: Path, proxy: Proxy) -> None:
    error = failure(lambda: onboarded(proxy.url, "AIza-not-a-litellm-key"), state)
    assert cause(error) == "key-wrong-kind"


def test_a_virtual_key_where_there_is_no_database(onboarded: Onboard, state: Path, nodb_proxy: Proxy) -> None:
    error = failure(lambda: onboarded(nodb_proxy.url, WRONG), state)
    assert cause(error) == "key-no-database"
    assert "master key" in (error.hint or "")


def test_no_key_where_the_prisma_package_is_missing(own_proxy: Proxy) -> None:
    status, _ = own_proxy.get("/v1/models", key="")
    with pytest.raises(CallError) as caught:
        check(own_proxy.url, None, allow_private=True)
    assert caught.value.status == status
    assert caught.value.cause == "key-missing"
    assert "wants a key" in (caught.value.hint or "")


def test_plain_text_500(onboarded: Onboard, state: Path, fault_server: FaultServers) -> None:
    error = failure(lambda: onboarded(fault_server(answer(500, "Internal Server Error")).url, WRONG), state)
    assert "log" in (error.hint or "")


@pytest.fixture
def virtual_key(proxy: Proxy) -> Iterator[Callable[..., str]]:
    """Make virtual keys; they are deleted afterwards."""
    made: list[str] = []

    def make(**options: Any) -> str:
        made.append(proxy.post("/key/generate", options)["key"])
        return made[-1]

    yield make
    if made:
        proxy.post("/key/delete", {"keys": made})


@pytest.mark.database
def test_a_key_of_the_wrong_type(
    onboarded: Onboard, state: Path, proxy: Proxy, virtual_key: Callable[..., str]
) -> None:
    key = virtual_key(key_type="management")
    error = failure(lambda: onboarded(proxy.url, key), state)
    assert cause(error) == "key-route-denied"
    assert "llm_api" in (error.hint or "")
    assert key not in f"{error.as_dict()}"


@pytest.mark.database
def test_a_key_for_calls_alone(onboarded: Onboard, proxy: Proxy, virtual_key: Callable[..., str]) -> None:
    assert onboarded(proxy.url, virtual_key(key_type="llm_api")).models


@pytest.mark.database
def test_default_is_not_among_the_models(
    onboarded: Onboard, state: Path, proxy: Proxy, virtual_key: Callable[..., str]
) -> None:
    key = virtual_key(models=["gpt-5.5", "upstream"])
    error = failure(lambda: onboarded(proxy.url, key), state)
    assert isinstance(error, UnknownModel)
    assert "gpt-5.5, upstream" in error.message
    assert "--model" in (error.hint or "")
    assert str(onboarded(proxy.url, key, model="upstream").plan.primary) == "litellm/upstream"


@pytest.mark.database
def test_a_key_for_one_model_takes_that_one(onboarded: Onboard, proxy: Proxy, virtual_key: Callable[..., str]) -> None:
    assert str(onboarded(proxy.url, virtual_key(models=["upstream"])).plan.primary) == "litellm/upstream"


@pytest.mark.database
def test_a_key_without_models(onboarded: Onboard, state: Path, proxy: Proxy, virtual_key: Callable[..., str]) -> None:
    key = virtual_key(models=["no-default-models"])
    error = failure(lambda: onboarded(proxy.url, key), state)
    assert isinstance(error, CatalogError | CallError), error


def test_an_empty_list_of_models(onboarded: Onboard, state: Path, fault_server: FaultServers) -> None:
    server = fault_server(answer_json(200, {"object": "list", "data": []}))
    error = failure(lambda: onboarded(server.url, WRONG), state)
    assert isinstance(error, CatalogError)
    assert "model_list" in (error.hint or "")
