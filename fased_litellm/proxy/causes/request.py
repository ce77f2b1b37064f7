"""Failures of the caller's request: what was asked cannot be done."""

from __future__ import annotations

from .rule import Rule

_READ_IT = "The proxy or the provider refused the request; the message says why."

RULES = (
    Rule(
        "context-window",
        "caller",
        "The conversation is longer than the model's context. Shorten it, or choose a model with a larger one.",
        statuses=(400,),
        message=r"ContextWindowExceededError|context_length_exceeded",
    ),
    Rule(
        "content-policy",
        "caller",
        "The provider refused the content. Change the prompt, or choose another model.",
        statuses=(400,),
        message=r"ContentPolicyViolationError|content_policy_violation",
    ),
    Rule(
        "parameter-refused",
        "caller",
        "The model does not take a parameter that was sent. Leave it out, or set `drop_params: true` in the proxy's litellm_settings.",
        statuses=(400, 422),
        message=r"(?i)unsupported (?:parameter|value)|UnsupportedParamsError|Extra inputs are not permitted",
    ),
    Rule(
        "request-too-large",
        "caller",
        "The request is larger than what the provider, or something before the proxy, takes. Shorten it, or send smaller pictures.",
        statuses=(413,),
    ),
    # Up to 1.91 a request without messages, or with a text in their place, made the proxy crash with 500.
    Rule(
        "bad-request",
        "caller",
        _READ_IT,
        statuses=(400, 500),
        message=r"required positional argument: 'messages'|'(?:str|list|int)' object has no attribute '(?:get|items)'",
    ),
)
BY_STATUS = Rule("bad-request", "caller", _READ_IT, (400, 422))
