"""What an error's text means: the forms in which it turns up, logs of any size, and texts of no meaning."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.doctor.atlas import CASES, Case
from fased_litellm.doctor.explain.explain import Explained, explain
from fased_litellm.redaction import remember

LOG = Path(__file__).parent / "data" / "proxy-1.106.log"
REFUSED = "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-bad***."
BODY = {"error": {"message": REFUSED, "type": "authentication_error", "param": None, "code": "401"}}
OPENAIS = {
    "error": {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}
}


def found(text: str) -> list[Explained]:
    return list(explain(text.splitlines()).failures)


def causes(text: str) -> list[tuple[str, int]]:
    return [(failure.cause, failure.count) for failure in found(text)]


SDK = f"""\
Traceback (most recent call last):
  File "/app/ask.py", line 7, in <module>
    client.chat.completions.create(model="default", messages=[])
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/openai/_base_client.py", line 1034, in _request
    raise self._make_status_error_from_response(err.response) from None
openai.AuthenticationError: Error code: 401 - {BODY}
"""
NO_WAY = """\
Traceback (most recent call last):
  File "/venv/httpx/_transports/default.py", line 101, in map_httpcore_exceptions
    yield
httpcore.ConnectError: [Errno -2] Name or service not known

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/venv/openai/_base_client.py", line 1000, in request
    response = self._client.send(
httpx.ConnectError: [Errno -2] Name or service not known

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/ask.py", line 7, in <module>
    raise APIConnectionError(request=request) from err
openai.APIConnectionError: Connection error.
"""
CURL = """\
HTTP/1.1 429 Too Many Requests
date: Sun, 22 Nov 2026 07:51:30 GMT
retry-after: 60
rate_limit_type: requests
content-type: application/json

{"error":{"message":"slow","type":"throttling_error","param":null,"code":"429"}}
"""
OWN_JSON = {"error": {"code": "proxy", "message": "The proxy answered HTTP 401: x", "hint": "y", "cause": "key-unknown", "origin": "caller-key", "status": 401}}  # fmt: skip
OWN_TEXT = """\
The proxy answered HTTP 400: No connected db.
  Failed on your side: the key (key-no-database)
→ This proxy has no database, so it knows no virtual keys: only its master key is accepted.
"""

FORMS: dict[str, tuple[str, str]] = {
    "a JSON body": (json.dumps(BODY), "provider-key"),
    "a JSON body over several lines": (json.dumps(BODY, indent=2), "provider-key"),
    "a list of bodies": (json.dumps([BODY], indent=2), "provider-key"),
    "FastAPI's form": ('{"detail":"Virtual key is not allowed to call this route."}', "key-route-denied"),
    "FastAPI's other form": ('{"detail":{"error":"Model id = x not found on litellm proxy"}}', "unknown-model"),
    "Python's spelling": (f"Error code: 401 - {BODY}", "provider-key"),
    "an exception's text": ("400: {'error': '/chat/completions: Invalid model name passed in model=x.'}", "unknown-model"),
    "a traceback of the SDK": (SDK, "provider-key"),
    "a chain of exceptions": (NO_WAY, "dns"),
    "a message alone": (REFUSED, "provider-key"),
    "a message whose status is told apart": ("HTTP 403: litellm.NotFoundError: no access", "provider-permission"),
    "a line of a log": (f"2026-11-22 07:48:36,123 ERROR agent: call failed: {json.dumps(BODY)} (1 of 3)", "provider-key"),
    "a line of a log in JSON": (json.dumps({"level": "ERROR", "message": f"Exception occured - {REFUSED}"}), "provider-key"),
    "a cut line of a log": (json.dumps(BODY)[:90], "provider-key"),
    "an event of a stream": (f'data: {{"error": {{"message": "{REFUSED}", "type": null, "code": "401"}}}}', "provider-key"),
    "Anthropic's form": ('{"type":"error","error":{"type":"x","message":"Budget has been exceeded!"}}', "budget-exceeded"),
    "curl -i": (CURL, "key-rate-limit"),
    "curl -v": ("\n".join(f"< {line}" if ":" in line or line.startswith("HTTP") else line for line in CURL.splitlines()[:5]), "key-rate-limit"),
    "a status line": ("HTTP/1.1 429", "rate-limit"),
    "a status": ("503 Service Unavailable", "gateway-down"),
    "the web server's line": ('INFO:     127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 401 Unauthorized', "unauthorized"),
    "httpx's line": ('HTTP Request: POST http://x/v1/chat/completions "HTTP/1.1 404 Not Found"', "not-litellm"),
    "Node's fetch": ("TypeError: fetch failed\n  [cause]: Error: connect ECONNREFUSED 127.0.0.1:4000", "connect-refused"),
    "Node's DNS": ("Error: getaddrinfo ENOTFOUND litellm.example.com", "dns"),
    "the SDK's timeout": ("openai.APITimeoutError: Request timed out.", "timeout"),
    "a certificate": ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "tls"),
    "this program's words": (OWN_TEXT, "key-no-database"),
    "this program's JSON": (json.dumps(OWN_JSON, indent=2), "key-unknown"),
    "the name of a cause": ("provider-quota", "provider-quota"),
    "a start that failed": ("LiteLLM proxy refused to start: no master key is set, so", "start-master-key"),
    "fallbacks that the router refuses": ("ValueError: Item 'a' is not a dictionary.", "start-fallbacks"),
    "a port that is taken": ("ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', 4000)", "start-port"),
    "a provider's own answer": (f"Error code: 401 - {OPENAIS}", "provider-key"),
    "openai 3's words for it": ("openai.AuthenticationError: Error code: 401 - Incorrect API key provided: sk-bad***.", "provider-key"),
    "openai 3 before the proxy": (f"openai.AuthenticationError: Error code: 401 - {REFUSED}", "provider-key"),
    "openai 3, the proxy's own refusal": ("openai.AuthenticationError: Error code: 401 - Authentication Error, No api key passed in.", "key-missing"),
    "openai 3, a refused prompt": ("openai.BadRequestError: Error code: 400 - Your request was flagged by the content policy.", "content-policy"),
    "openai 3, a model": ("openai.NotFoundError: Error code: 404 - The model `x` does not exist.", "provider-model"),
    "openai 3, an address": ("openai.NotFoundError: Error code: 404", "provider-route"),
    "openai 3, no access": ("openai.PermissionDeniedError: Error code: 403 - Project `p` does not have access to model `m`", "provider-permission"),
    "openai 3, LiteLLM's log of that": ("litellm.APIError: APIError: OpenAIException - Project `p` does not have access to model `m`", "provider-permission"),
    "openai 3, a stream that was cut": ("litellm.APIConnectionError: APIConnectionError: OpenAIException - Connection error.", "provider-stream-broke"),
    "openai 3, a status alone": ("litellm.APIError: APIError: OpenAIException - Error code: 402", "provider-quota"),
    "colours and a container's name": ("litellm-1  | \x1b[92m07:49:15 - LiteLLM Proxy:ERROR\x1b[0m: x.py:1 - " + REFUSED, "provider-key"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_in_which_an_error_turns_up(form: str) -> None:
    text, cause = FORMS[form]
    assert causes(text) == [(cause, 1)]


@pytest.mark.parametrize("case", [case for case in CASES if case.status not in (None, 200)], ids=lambda case: case.name)
def test_every_answer_of_the_atlas_is_recognised(case: Case) -> None:
    if case.cause == "unknown":
        assert found(json.dumps(case.body())) == []
        return
    headers = "".join(f"{name}: {value}\n" for name, value in case.headers)
    head = f"HTTP/1.1 {case.status} X\ncontent-type: application/json\n{headers}\n"
    (failure,) = found(head + json.dumps(case.body()))
    wanted = "gateway-error" if case.keyless and case.status == 500 else case.cause  # a text does not tell of keys
    wanted = "parameter-refused" if wanted == "parameter-of-config" else wanted  # nor of what was sent
    wanted = "bad-request" if case.probe else wanted  # nor whose request it was
    assert (failure.cause, failure.status) == (wanted, case.status)


def test_status_type_and_message_are_told() -> None:
    (failure,) = found(f"Error code: 401 - {BODY}")
    assert (failure.status, failure.type, failure.message) == (401, "authentication_error", REFUSED)
    assert (failure.origin, failure.line) == ("provider-key", 1)
    assert "provider refused the key" in failure.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "\n\n",
        "Set models: default",
        "INFO: Application startup complete.",
        'INFO:     127.0.0.1:5 - "GET /favicon.ico HTTP/1.1" 404 Not Found',
        'INFO:     127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
        "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{}",
        '{"id": "chatcmpl-1", "choices": [{"message": {"content": "Budget has been exceeded!"}}]}',
        "port 4000 litellm_settings drop_params true max_parallel_requests=None",
        "{'error'",
        '{"error": null}',
    ],
)
def test_what_tells_of_no_failure(text: str) -> None:
    assert found(text) == []


def test_a_real_log_of_the_proxy() -> None:
    with LOG.open(encoding="utf-8") as lines:
        explanation = explain(lines)
    assert {failure.cause: (failure.count, failure.status) for failure in explanation.failures} == {
        "unknown-model": (1, 400),
        "provider-unreachable": (1, 500),
        "provider-key": (1, 401),
        "cooldown": (1, None),
        "key-missing": (2, None),
        "provider-stream-broke": (1, 500),
    }
    assert explanation.lines == len(LOG.read_text(encoding="utf-8").splitlines())


def test_the_same_failure_counts_once_per_time() -> None:
    line = 'x ERROR {"error":{"message":"No deployments available for selected model, Try again in %s seconds.","code":"429"}}'
    text = "\n".join([line % 5, line % 4, json.dumps(BODY), line % 3])
    assert causes(text) == [("cooldown", 3), ("provider-key", 1)]


def test_a_status_in_the_access_log_is_not_counted_again() -> None:
    access = 'INFO:     127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" {} X'
    text = f"{json.dumps(BODY)}\n{access.format(401)}\n{access.format(503)}"
    assert causes(text) == [("provider-key", 1), ("gateway-down", 1)]


def test_no_secret_comes_out() -> None:
    remember("my-own-secret-value")
    text = json.dumps({"error": {"message": "Invalid proxy server token passed. Received API Key = abcd1234, my-own-secret-value sk-test-0123456789", "code": "401"}})  # fmt: skip
    (failure,) = found(text)
    assert "my-own" not in failure.message
    assert "sk-test" not in failure.message
    assert "abcd1234" not in failure.message


def test_a_log_of_many_failures_keeps_no_more_than_some() -> None:
    lines = (f"ERROR litellm.APIError: failure {'ghijklmnop'[n % 10] * (n // 10 + 1)}" for n in range(3000))
    explanation = explain(lines)
    assert len(explanation.failures) == 200
    assert explanation.more == 2800
    assert explanation.lines == 3000


def test_a_log_of_megabytes_takes_little_memory() -> None:
    block = LOG.read_text(encoding="utf-8").splitlines()
    times = 150

    def lines() -> Any:
        for _ in range(times):
            yield from block

    explain(block)  # what is imported on first use is not counted
    tracemalloc.start()
    try:
        explanation = explain(lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert explanation.lines * 100 > 1_500_000  # some megabytes of text
    assert {failure.count for failure in explanation.failures} == {times, 2 * times}
    assert peak < 1_000_000


HOSTILE = [
    "{'" * 30_000,
    '{"a":' * 30_000,
    '{"error":' * 5_000 + "1" + "}" * 5_000,
    "{'error': " + "[" * 5_000 + "]" * 5_000 + "}",
    "Traceback (most recent call last):\n" * 2_000,
    "litellm.AuthenticationError: " * 5_000,
    " " * 200_000 + "error",
    "x" * 1_000_000 + " error",
    "07:48:36 - LiteLLM Proxy:ERROR: " + "a.py:1 - " * 20_000,
    "model=" + "a" * 60_000 + ". x_fallbacks=",
    "Key with alias " * 5_000,
    "HTTP/1.1 500 \n" * 3_000,
    "{\n" * 50_000,
    "The connection to " * 5_000,
    "\x00\ud800 error",
    "Error code: 401 - {'error': {'message': " + "9" * 6_000 + "}}",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_texts_are_read_to_their_end(text: str) -> None:
    assert explain(text.split("\n")).lines == text.count("\n") + 1


PIECES = st.sampled_from(
    [json.dumps(BODY), str(BODY), SDK, NO_WAY, CURL, OWN_TEXT, REFUSED, "{", "}", "[", "{'error': ", '{"error": ', "401: ", "\n", "\n\n", "HTTP/1.1 ", "429", "07:48:36 - LiteLLM Proxy:ERROR: ", "Traceback (most recent call last):\n", "data: ", '"', "'", "\\", "error "]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=12), max_size=12).map("".join))
@example("Error code: 401 - {'error': {'message': '\\ud800'}}")
@example("{'error': {'message': 1j, 'code': 401}}")
def test_any_text_is_read(text: str) -> None:
    explanation = explain(text.split("\n"))
    for failure in explanation.failures:
        assert failure.cause
        assert failure.remedy
        assert failure.count >= 1
        assert 1 <= failure.line <= explanation.lines
        assert len(failure.message) <= 600
    json.dumps(explanation.as_dict())


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 3))
def test_an_error_is_found_wherever_it_stands(before: str, after: str, breaks: int) -> None:
    text = before.replace("{", "").replace("litellm.", "") + "\n" * breaks + json.dumps(BODY) + after
    assert any(failure.cause == "provider-key" for failure in found(text))


STARTED = """\
ERROR:    Traceback (most recent call last):
  File "/venv/starlette/routing.py", line 694, in lifespan
    async with self.lifespan_context(app) as maybe_state:
  File "/venv/litellm/proxy/proxy_server.py", line 1473, in proxy_startup_event
    await initialize_from_worker_config(decoded_worker_config)
  File "/venv/litellm/router.py", line 2594, in {function}
    for one in many:
{error}

ERROR:    Application startup failed. Exiting.
"""


@pytest.mark.parametrize(
    ("function", "error", "cause"),
    [
        ("validate_fallbacks", "TypeError: 'int' object is not iterable", "start-fallbacks"),
        ("validate_fallbacks", "TypeError: 'bool' object is not iterable", "start-fallbacks"),
        ("validate_fallbacks", "ValueError: Item 'a' is not a dictionary.", "start-fallbacks"),
        ("get_instance_fn", "ImportError: Could not import Guard from nofile", "start-no-code"),
        ("load_config", "KeyError: 'litellm_params'", "start-not-a-config"),
        ("load_config", "AttributeError: 'int' object has no attribute 'items'", "start-not-a-config"),
        ("load_config", "RuntimeError: boom", None),
    ],
)
def test_the_whole_log_of_a_start_that_failed(function: str, error: str, cause: str | None) -> None:
    log = STARTED.format(function=function, error=error)
    assert causes(log) == ([(cause, 1)] if cause else [])
    if cause == "start-fallbacks":
        # The last lines alone, as `fased litellm logs` may show them.
        (failure,) = found(log.partition("initialize_from_worker_config(decoded_worker_config)\n")[2])
        assert failure.cause == cause
        assert "File" not in failure.message
    if cause == "start-not-a-config" or error.startswith("TypeError"):
        # The same words mean something else where no start failed.
        other = log.replace("proxy_startup_event", "chat_completion")
        assert not [name for name, _ in causes(other) if name.startswith("start-")]


UNTRUSTED = """\
14:42:31 - LiteLLM Proxy:ERROR: common_request_processing.py:1839 - litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - litellm_call_id=3a4e - litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.

LiteLLM: model group 'badssl' failed with the error above. No fallback was attempted.
Traceback (most recent call last):
  File "/venv/aiohttp/connector.py", line 1337, in _wrap_create_connection
    return await self._loop.create_connection(*args, **kwargs, sock=sock)
{reason}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/venv/openai/_base_client.py", line 2044, in request
    raise APIConnectionError(request=request) from err
openai.APIConnectionError: Connection error.

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/venv/litellm/main.py", line 765, in acompletion
    raise exception_type(
litellm.exceptions.InternalServerError: litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.
"""
_VERIFY = "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (f"{_VERIFY} self-signed certificate (_ssl.c:1006)", "provider-certificate"),
        (f"{_VERIFY} certificate has expired (_ssl.c:1006)", "provider-certificate"),
        (f"{_VERIFY} Hostname mismatch, certificate is not valid for 'gpu.corp'.", "provider-certificate"),
        ("ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 4198)", "provider-unreachable"),
    ],
)
def test_the_log_knows_why_there_was_no_connection(reason: str, cause: str) -> None:
    log = UNTRUSTED.format(reason=reason)
    assert causes(log) == [(cause, 1)]
    assert causes(log[log.index("Traceback") :]) == [(cause, 1)]
    (failure,) = found(log)
    if cause == "provider-certificate":
        assert failure.origin == "gateway"
        assert "certificate" in failure.message
        assert ("expired" in failure.remedy) == ("expired" in reason)
        assert ("host name" in failure.remedy) == ("Hostname" in reason)
    else:
        assert "CERTIFICATE_VERIFY_FAILED" in failure.remedy
