"""An OpenAI-compatible server for the proxy to call; the model id picks what it does.

It stands in for a model provider, nothing else: what is tested is the real LiteLLM proxy in front of it. The ids and
answers are described in ``behave``; every request is kept in ``Upstream.log``.
"""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import trustme

TEXT: Final = "Hello from the fake upstream."
THOUGHT: Final = "I thought about it."
USAGE: Final = {
    "prompt_tokens": 120,
    "completion_tokens": 8,
    "total_tokens": 128,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that refuses the request."""

    status: int
    code: str | None
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


ON_DEMAND: Final = (
    "Invocation of model ID anthropic.claude-3-7-sonnet-20250219-v1:0 with on-demand throughput isn\N{RIGHT SINGLE QUOTATION MARK}t "
    "supported. Retry your request with the ID or ARN of an inference profile that contains this model."
)
_BROKEN = "server_error"
FAILURES: Final = {
    "fake-e400": Failure(
        400,
        "unsupported_parameter",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        param="max_tokens",
    ),
    "fake-e401": Failure(401, "invalid_api_key", "Incorrect API key provided: sk-bad***."),
    "fake-e403": Failure(403, "model_not_found", "Project does not have access to model"),
    "fake-e404": Failure(404, "model_not_found", "The model `fake-e404` does not exist."),
    "fake-e429": Failure(429, "rate_limit_exceeded", "Rate limit reached.", "tokens", headers={"retry-after": "7"}),
    "fake-equota": Failure(429, "insufficient_quota", "You exceeded your current quota.", "insufficient_quota"),
    "fake-e500": Failure(500, None, "The server had an error while processing your request.", _BROKEN),
    "fake-e503": Failure(503, None, "The engine is overloaded.", _BROKEN, headers={"retry-after": "3"}),
    "fake-e402": Failure(402, None, "Payment required.", "payment_required"),
    "fake-e409": Failure(409, "conflict", "There is a conflict.", "conflict"),
    "fake-e413": Failure(413, None, "Request entity too large.", "request_too_large"),
    "fake-e501": Failure(501, None, "Not implemented.", _BROKEN),
    "fake-e504": Failure(504, None, "The gateway timed out.", _BROKEN),
    "fake-e529": Failure(529, None, "Overloaded.", "overloaded_error"),
    "fake-credit": Failure(400, None, "Your credit balance is too low to access the API."),
    "fake-ctx": Failure(
        400,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens.",
        param="messages",
    ),
    "fake-context": Failure(
        400, "context_length_exceeded", "Your input exceeds the context window of this model. Please shorten it."
    ),
    "fake-model400": Failure(400, "model_not_found", "The requested model 'fake-model400' does not exist."),
    "fake-azurefilter": Failure(
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    ),
    "fake-moderation": Failure(403, None, "This model requires moderation. Your input was flagged.", "forbidden"),
    "fake-temperature": Failure(
        400,
        "unsupported_value",
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
        param="temperature",
    ),
    "fake-minimum": Failure(
        400,
        "integer_below_min_value",
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 32, but got 16 instead.",
        param="max_output_tokens",
    ),
    "fake-not-today": Failure(400, "odd", "Not today."),
    # As another LiteLLM answers.
    "fake-inner-budget": Failure(
        400, "400", "Budget has been exceeded! Current cost: 0.0002, Max budget: 0.0001", "budget_exceeded"
    ),
    "fake-inner-key": Failure(
        401, "401", "Authentication Error, Invalid proxy server token passed.", "token_not_found_in_db", "key"
    ),
    "fake-inner-denied": Failure(
        403,
        "403",
        "key not allowed to access model. This key can only access models=['a']. Tried to access b",
        "key_model_access_denied",
        "model",
    ),
    "fake-inner-rate": Failure(
        429,
        "429",
        "Rate limit exceeded for api_key: 88dc28. Limit type: requests. Current limit: 1.",
        "throttling_error",
    ),
    "fake-inner-cooldown": Failure(
        429,
        "429",
        "No deployments available for selected model, Try again in 5 seconds. Passed model=x.",
        "all_deployments_in_cooldown",
    ),
    "fake-inner-model": Failure(
        400,
        "400",
        "/chat/completions: Invalid model name passed in model=b. Call `/v1/models` to view available models.",
    ),
    "fake-inner-guard": Failure(400, "400", "Violated guardrail policy", "None"),
    # As Azure, OpenRouter and Bedrock answer.
    "fake-azure-deployment": Failure(
        404,
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created it, please wait.",
    ),
    "fake-azure-key": Failure(401, "401", "Access denied due to invalid subscription key or wrong API endpoint."),
    "fake-key-limit": Failure(
        403, None, "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys"
    ),
    "fake-filter": Failure(400, "content_policy_violation", "Your request was flagged by the content policy."),
}


class Upstream:
    """The running server.

    Attributes:
        url: without ``/v1``.
        log: one dict for each request: time, method, url, headers (lower case), body.
    """

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.flaky_calls = itertools.count(1)
        self.completions = itertools.count(1)
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self._secure: _Server | None = None

    @property
    def secure_url(self) -> str:
        """The same with TLS, and a certificate which nobody trusts."""
        if self._secure is None:
            self._secure = _Server(("127.0.0.1", 0), self)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("localhost").configure_cert(context)
            self._secure.socket = context.wrap_socket(self._secure.socket, server_side=True)
            threading.Thread(target=self._secure.serve_forever, args=(0.05,), daemon=True).start()
        return f"https://localhost:{self._secure.server_address[1]}"

    def close(self) -> None:
        """Stop; open answers are cut."""
        self.closing.set()
        if self._secure is not None:
            self._secure.shutdown()
            self._secure.server_close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], upstream: Upstream) -> None:
        self.upstream = upstream
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A proxy that hangs up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._note({})
        if self.path.endswith("/models"):
            ids = ["gpt-4o-mini", "only-on-upstream"]
            self._json(200, {"object": "list", "data": [{"id": id, "object": "model", "created": 1} for id in ids]})
        else:
            self._error(Failure(404, "unknown_url", f"Unknown request URL: GET {self.path}."))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
        self._note(body)
        self.behave(body, str(body.get("model")))

    def behave(self, body: dict[str, Any], model: str) -> None:
        """Answer as the model id says.

        The ids of ``FAILURES`` fail before the first byte; ``fake-html`` is a gateway's error page, ``fake-page`` a page with
        status 200, ``fake-garbage`` no JSON; ``fake-notfound`` and ``fake-refused`` answer in FastAPI's form; ``fake-reset`` cuts the connection instead; ``fake-flaky`` fails twice out of three; ``fake-slowN`` takes N seconds; ``fake-drip`` streams a word every half second;
        ``fake-reason`` thinks aloud; ``fake-tool`` calls the first tool; ``fake-midstream`` and ``fake-cut`` break off
        while they stream, ``fake-stall`` stops for 30 s. Any other id answers ``TEXT``.
        """
        if self.path.startswith("/model/"):  # Bedrock
            self._send(400, "application/json", json.dumps({"message": ON_DEMAND}).encode())
        elif "/deployments/" in self.path:  # Azure
            self._error(FAILURES[self.path.split("/deployments/")[1].split("/")[0]])
        elif not self.path.startswith("/v1/"):
            self._send(404, "text/html", b"<html><body><h1>404 Not Found</h1></body></html>")
        elif model in FAILURES:
            self._error(FAILURES[model])
        elif model == "fake-page":
            self._send(200, "text/html", b"<html><body><h1>Welcome</h1></body></html>")
        elif model == "fake-garbage":
            self._send(200, "application/json", b"{garbage")
        elif model == "fake-reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif model == "fake-notfound":
            self._send(404, "application/json", b'{"detail":"Not Found"}')
        elif model == "fake-refused":
            self._send(422, "application/json", b'{"detail":"This cannot be done."}')
        elif model == "fake-html":
            self._send(502, "text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>")
        elif model == "fake-flaky" and next(self.server.upstream.flaky_calls) % 3:
            self._error(Failure(500, None, "flaky", _BROKEN))
        elif not self.path.endswith("/chat/completions"):
            self._error(Failure(404, "unknown_url", f"Unknown request URL: POST {self.path}."))
        else:
            if model.startswith("fake-slow"):
                self.server.upstream.closing.wait(float(model.removeprefix("fake-slow")))
            if body.get("stream"):
                self._stream(body, model)
            else:
                self._chat(body, model)

    # ---- answers

    def _chat(self, body: dict[str, Any], model: str) -> None:
        tool = tool_to_call(body, model)
        message: dict[str, Any] = {"role": "assistant", "content": None if tool else TEXT, "refusal": None}
        if tool:
            function = {"name": tool, "arguments": '{"city":"Paris"}'}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        if model == "fake-reason":
            message["reasoning_content"] = THOUGHT
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls" if tool else "stop"}
        self._json(200, {**self._base("chat.completion", model), "choices": [choice], "usage": USAGE})

    def _stream(self, body: dict[str, Any], model: str) -> None:
        base = self._base("chat.completion.chunk", model)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        tool = tool_to_call(body, model)

        def event(value: Any) -> None:
            text = value if isinstance(value, str) else json.dumps(value)
            self._chunk(f"data: {text}\n\n".encode())

        def send(delta: dict[str, Any], finish_reason: str | None = None) -> None:
            event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

        send({"role": "assistant", "content": None if tool else ""})
        if model in ("fake-midstream", "fake-cut", "fake-stall"):
            send({"content": "partial "})
            # Else a busy proxy may meet the failure before it has answered with status 200.
            self.server.upstream.closing.wait(0.5)
            if model == "fake-stall":
                self.server.upstream.closing.wait(30)
            if model == "fake-midstream":
                event({"error": {"message": "The server had an error mid stream", "type": "server_error"}})
                self._chunk(b"")
            self.close_connection = True
            return
        if model == "fake-reason":
            send({"reasoning_content": THOUGHT})
        if tool:
            function = {"name": tool, "arguments": ""}
            send({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
            for part in ('{"city"', ':"Paris"}'):
                send({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        else:
            for word in TEXT.split(" "):
                send({"content": word if word == TEXT.rpartition(" ")[2] else word + " "})
                self.server.upstream.closing.wait(0.5 if model == "fake-drip" else 0.005)
        send({}, "tool_calls" if tool else "stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            event({**base, "choices": [], "usage": USAGE})
        event("[DONE]")
        self._chunk(b"")

    def _base(self, object: str, model: str) -> dict[str, Any]:
        number = next(self.server.upstream.completions)
        return {
            "id": f"chatcmpl-fake{id(self.server)}n{number}",
            "object": object,
            "created": int(time.time()),
            "model": f"{model}-2025-01-01",
        }

    def _error(self, failure: Failure) -> None:
        error = {"message": failure.message, "type": failure.type, "param": failure.param, "code": failure.code}
        self._json(failure.status, {"error": error}, failure.headers)

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, "application/json", json.dumps(value).encode(), headers)

    def _send(self, status: int, kind: str, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _note(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        now = datetime.now(UTC).isoformat()
        entry = {"time": now, "method": self.command, "url": self.path, "headers": headers, "body": body}
        self.server.upstream.log.append(entry)


def tool_to_call(body: dict[str, Any], model: str) -> str | None:
    """The tool which the answer calls: the first one offered, until the last message is a tool's result.

    ``fake-tool`` always calls; any other model does for a message with "use the tool".
    """
    messages = body.get("messages") or [{}]
    tools = body.get("tools") or []
    if messages[-1].get("role") == "tool":
        return None
    asked = bool(tools) and "use the tool" in json.dumps(messages).lower()
    if model != "fake-tool" and not asked:
        return None
    return str(tools[0]["function"]["name"]) if tools else "get_weather"
