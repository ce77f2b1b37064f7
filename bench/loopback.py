"""A server on 127.0.0.1 that answers at once as a LiteLLM proxy does: ``python -m bench.loopback MODELS [DELAY_MS]``.

It runs in a process of its own, so that it does not share the client's interpreter. Its first line on stdout is its port;
each chat request gives another line, the moment at which its last byte came (``time.monotonic()``, which all processes of
a machine share).
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any

VERSION = "1.106.2"
_HEAD = (
    "HTTP/1.1 200 OK\r\nserver: uvicorn\r\nx-litellm-model-id: 8f3c1a\r\nx-litellm-model-name: openai/gpt-5.5\r\n"
    f"x-litellm-model-group: default\r\nx-litellm-version: {VERSION}\r\nx-litellm-attempted-retries: 0\r\n"
    "x-litellm-attempted-fallbacks: 0\r\nx-litellm-overhead-duration-ms: 2.0\r\nx-litellm-response-cost: 0.00065\r\n"
)
_USAGE: dict[str, Any] = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def _completion(**parts: Any) -> dict[str, Any]:
    kind = "chat.completion" if "message" in parts else "chat.completion.chunk"
    choice = {"index": 0, "finish_reason": "stop" if "message" in parts else None, **parts}
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "gpt-5.5", "choices": [choice]}


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(value: dict[str, Any]) -> bytes:
    return _chunk(b"data: " + json.dumps(value).encode() + b"\n\n")


_WHOLE = json.dumps({**_completion(message={"role": "assistant", "content": "Hello"}), "usage": _USAGE}).encode()
_FIRST = _event(_completion(delta={"role": "assistant", "content": "Hel"}))
_REST = [
    *(_event(_completion(delta={"content": text})) for text in ("lo", ",", " you")),
    _event(_completion(delta={}, finish_reason="stop")),
    _event({**_completion(delta={}), "usage": {**_USAGE, "cost": 0.00065}}),
    _chunk(b"data: [DONE]\n\n") + _chunk(b""),
]


def _documents(count: int) -> dict[str, bytes]:
    """What discovery asks for, with ``count`` models; the rows have the fields that matter and some that do not."""
    ids = ["default", *(f"model-{number:05}" for number in range(1, count))]
    groups = [
        {
            "model_group": name,
            "providers": ["openai"],
            "max_input_tokens": 200000.0,
            "max_output_tokens": 32000.0,
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 4e-06,
            "mode": "chat",
            "supports_vision": True,
            "supports_reasoning": False,
            "supports_function_calling": True,
        }
        for name in ids
    ]
    return {
        "/v1/models": _json({"data": [{"id": name, "object": "model", "created": 1, "mode": "chat"} for name in ids]}),
        "/model_group/info": _json({"data": groups}),
        "/model/info": _json({"data": []}),
        "/health/readiness": _json({"status": "connected", "db": "connected", "litellm_version": VERSION}),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _answer(body: bytes, call_id: str = "") -> bytes:
    head = (
        f"{_HEAD}x-litellm-call-id: {call_id}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _serve(connection: socket.socket, documents: dict[str, bytes], delay_s: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Read by hand: a client is to wait for as little of this server as can be.
    waiting = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in waiting:
                part = connection.recv(65536)
                if not part:
                    return
                waiting += part
            head, _, body = waiting.partition(b"\r\n\r\n")
            length = int(_field(head, b"content-length") or b"0")
            while len(body) < length:
                body += connection.recv(65536)
            body, waiting = body[:length], body[length:]
            target = head.split(b" ", 2)[1].decode().partition("?")[0]
            if target != "/v1/chat/completions":
                connection.sendall(_answer(documents.get(target, b"{}")))
                continue
            _note()
            if delay_s:
                time.sleep(delay_s)
            call_id = _field(head, b"x-litellm-call-id").decode()
            if b'"stream":true' not in body.replace(b" ", b""):
                connection.sendall(_answer(_WHOLE, call_id))
                continue
            begin = f"{_HEAD}x-litellm-call-id: {call_id}\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            connection.sendall(begin.encode() + b"transfer-encoding: chunked\r\n\r\n" + _FIRST)
            for piece in _REST:
                connection.sendall(piece)


def _field(head: bytes, name: bytes) -> bytes:
    """The value of a header, empty where there is none."""
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].partition(b"\r\n")[0].strip() if at >= 0 else b""


_noting = threading.Lock()
_tell = False


def _note() -> None:
    if _tell:
        with _noting:
            sys.stdout.write(f"{time.monotonic()}\n")
            sys.stdout.flush()


def main(count: int, delay_ms: float, *, tell: bool) -> None:
    """Serve until the process is ended. A chat request is answered after ``delay_ms``."""
    global _tell  # noqa: PLW0603 - set once, before the first connection
    _tell = tell
    documents = _documents(count)
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, documents, delay_ms / 1000), daemon=True).start()


if __name__ == "__main__":
    numbers = [word for word in sys.argv[1:] if word != "--tell"]
    main(int(numbers[0]), float(numbers[1]) if len(numbers) > 1 else 0.0, tell="--tell" in sys.argv)
