"""Requests as LiteLLM wants them: pure functions from what is asked to bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import UsageError
from ..net.messages import MIB, Limits, Request
from ..redaction import Secret

CHAT_LIMITS = Limits(idle_s=120.0, max_bytes=4 * MIB)
CHAT_TARGET = "/v1/chat/completions"
Message = Mapping[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Attribution:
    """Names that travel with a call into the proxy's spend rows.

    Facts: LiteLLM keeps a client's ``x-litellm-call-id``; ``x-litellm-session-id`` and ``-agent-id`` are known from 1.81 on,
    so the session also goes in the body (``litellm_session_id``, known from 1.72) and the tags in ``metadata.tags``. None of
    it reaches the model provider.

    Attributes:
        call_id: our id of the call.
        session_id: conversation, None for none.
        agent_id: agent, None for none.
        tags: such as ``agent:main`` and ``task:digest``.
    """

    call_id: str
    session_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat completion.

    Attributes:
        model: model group of the proxy (the id behind ``litellm/``).
        messages: OpenAI chat messages.
        attribution: names for the proxy's spend rows.
        stream: whether the reply comes in pieces.
        max_tokens: output limit in tokens.
        max_tokens_field: the field by which this model takes it, ``max_tokens`` or ``max_completion_tokens``.
        headers: further headers, names in lower case; ours win.
        params: further OpenAI parameters (``tools``, ``tool_choice``, ``reasoning_effort``, ``temperature`` …), sent as they are.
        limits: how long to wait and how much to take.
    """

    model: str
    messages: Sequence[Message]
    attribution: Attribution
    stream: bool = False
    max_tokens: int | None = None
    max_tokens_field: str = "max_tokens"
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = CHAT_LIMITS


def base_headers(api_key: str | None, user_agent: str) -> dict[str, str]:
    """Headers of every request."""
    headers = {"accept": "application/json", "user-agent": user_agent}
    if api_key:
        headers["authorization"] = Secret(f"Bearer {api_key}")
    return headers


def chat_request(
    chat: ChatRequest, headers: Mapping[str, str], grant: Callable[[], float | None] | None = None
) -> Request:
    """The HTTP request for a chat completion; ``grant`` as in ``Limits``.

    Raises:
        UsageError: the messages or parameters cannot be written as JSON.
    """
    return Request(
        "POST",
        CHAT_TARGET,
        {**chat.headers, **headers, "content-type": "application/json", **attribution_headers(chat.attribution)},
        json_bytes(chat_body(chat)),
        replace(chat.limits, grant=grant) if grant else chat.limits,
    )


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as JSON.

    Raises:
        UsageError: it cannot be written as JSON.
    """
    try:
        return _encode(body).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"The request cannot be written as JSON: {error}.", hint="Use plain JSON values.") from None


def chat_body(chat: ChatRequest) -> dict[str, Any]:
    """The JSON body of a chat completion."""
    params = dict(chat.params)
    body: dict[str, Any] = {"model": chat.model, "messages": list(chat.messages)}
    if chat.max_tokens is not None:
        body[chat.max_tokens_field] = chat.max_tokens
    if chat.stream:
        body["stream"] = True
        # Without this the proxy keeps the usage to itself.
        body["stream_options"] = {**(params.pop("stream_options", None) or {}), "include_usage": True}
    metadata = params.pop("metadata", None) or {}
    tags = [*metadata.get("tags", ()), *chat.attribution.tags]
    if tags:
        metadata = {**metadata, "tags": list(dict.fromkeys(tags))}
    if metadata:
        body["metadata"] = metadata
    if chat.attribution.session_id:
        body["litellm_session_id"] = chat.attribution.session_id
    body.update({name: value for name, value in params.items() if value is not None})
    return body


def attribution_headers(attribution: Attribution) -> dict[str, str]:
    """The headers that name a call. Values are cut to what a header may hold."""
    headers = {"x-litellm-call-id": attribution.call_id}
    if attribution.session_id:
        headers["x-litellm-session-id"] = _header_text(attribution.session_id)
    if attribution.agent_id:
        headers["x-litellm-agent-id"] = _header_text(attribution.agent_id)
    return headers


def _header_text(text: str) -> str:
    """Printable ASCII, 256 characters at most: a header holds no line breaks, and proxies in between refuse others."""
    text = text[:256]
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if " " <= character <= "~" else "?" for character in text)
