"""Streamed answers: whatever comes, in whatever pieces, is a reply or an error of ours, and the pieces make no difference."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

from fased_litellm.errors import CallError
from fased_litellm.proxy.exchange import Exchange
from fased_litellm.proxy.wire import Attribution, ChatRequest
from tests.fuzz.statefiles import Target

HEADERS = {"content-type": "text/event-stream", "x-litellm-response-cost": "1e-5", "x-litellm-attempted-retries": "0"}


def _event(value: Any) -> bytes:
    return b"data: " + (json.dumps(value) if isinstance(value, dict) else value).encode() + b"\n\n"


def _choice(**parts: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, **parts}]}


_CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
_MORE = {"index": 0, "function": {"arguments": '{"city": "Z\u00fcrich"}'}}
_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 100},
    "cost": 1.53e-5,
}
_END = _event(_choice(finish_reason="stop")) + _event({"choices": [], "usage": _USAGE}) + _event("[DONE]")
SEEDS = (
    _event(_choice(delta={"role": "assistant", "content": "Gr\u00fc\u00dfe \U0001f30d"})) + b": ping\n\n" + _END,
    _event(_choice(delta={"reasoning_content": "Hm.", "content": None}))
    + _event(_choice(delta={"content": "x\ud83d"}))
    + _END,
    _event(_choice(delta={"tool_calls": [_CALL]})) + _event(_choice(delta={"tool_calls": [_MORE, _CALL]})) + _END,
    _event(_choice(delta={"content": "part"})) + _event({"error": {"message": "oh", "code": "500", "type": None}}),
    json.dumps(
        {"choices": [{"message": {"content": "whole", "tool_calls": [_CALL]}}], "usage": _USAGE}, indent=1
    ).encode(),
    b'\xef\xbb\xbfevent: x\rid: 1\rdata: {\rdata: "choices": [{"delta": {"content": "lines"}, "finish_reason": "stop"}]}\r\r',
)

Outcome = tuple[str, Any]


def _read(pieces: list[bytes]) -> Outcome:
    exchange = Exchange(ChatRequest("a", [], Attribution("call-1"), stream=True), model="litellm/a")
    exchange.request({})
    exchange.opened(200, HEADERS)
    told: dict[tuple[str, int], str] = {}

    def tell(deltas: list[Any]) -> None:
        for delta in deltas:
            told[delta.kind, delta.index] = told.get((delta.kind, delta.index), "") + delta.text

    try:
        for piece in pieces:
            tell(exchange.feed(piece))
        tell(exchange.end())
        reply = exchange.finish()
        kind = "replies"
    except CallError as error:
        if error.receipt is None:
            raise AssertionError("an error without a receipt") from error
        reply = getattr(error, "partial", None) or exchange.partial()
        kind = "cut or refused"
    document = reply.as_dict()
    document["receipt"]["latencyMs"] = document["receipt"]["timeToFirstTokenMs"] = None
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode()  # all of it can be printed and sent back
    json.dumps(reply.message, ensure_ascii=False, allow_nan=False).encode()
    assert told.get(("text", 0), "") == reply.text, "the pieces of the text are not the text"
    return kind, (document, told)


def _attempt(_: Path, data: bytes) -> str:
    whole = _read([data])
    chance = random.Random(hashlib.sha256(data).digest())
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([1, 3, 30])))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert _read(pieces) == whole, f"cut at {cuts} it reads otherwise"
    return whole[0]


TARGETS = {"stream": Target("stream", SEEDS, _attempt)}
