"""Failures of the caller's request: what was asked cannot be done."""

from __future__ import annotations

from .rule import WORDLESS, Rule

_READ_IT = "The proxy or the provider refused the request; the message says why."
_CONTENT = "The provider refused the content. Change the prompt, or choose another model."

RULES = (
    Rule(
        "context-window",
        "caller",
        "The conversation is longer than the model's context. Shorten it, or choose a model with a larger one.",
        statuses=(400,),
        message=r"ContextWindowExceededError|context_length_exceeded"
        r"|(?i:maximum (?:context|prompt|input) length|exceeds? the (?:model'?s? )?(?:maximum )?context"
        r"|reduce the length of the messages|prompt is too long|context (?:window|length|size) (?:is |was )?exceeded)",
    ),
    Rule(
        "content-policy",
        "caller",
        _CONTENT,
        statuses=(400, 403, 422, 500),
        message=r"ContentPolicyViolationError|content_policy_violation",
    ),
    Rule(
        "parameter-refused",
        "caller",
        "The model does not take a parameter that was sent. Leave it out, or set `drop_params: true` in the proxy's litellm_settings. If the call does not have it, the proxy's `litellm_params` add it.",
        statuses=(400, 422),
        message=r"(?i)unsupported (?:parameter|value)|UnsupportedParamsError|Extra inputs are not permitted"
        r"|unknown parameter|unrecognized request argument|property '.{1,80}' is unsupported|(?:does not|doesn't|do not|don't) support (?:tools|images|[`'\"]?\w{1,40}[`'\"]?=|parameters?\b)"
        r"|[`'\"]\w{1,40}[`'\"] (?:is|are) (?:not supported|unsupported|deprecated)",
    ),
    # Fact: with openai 3 (seen with LiteLLM 1.108.7) neither class nor code say so, as the SDK's exceptions tell a provider's
    # message alone. What is left are the words of each provider: OpenAI, Azure, OpenRouter, Gemini, DeepSeek, Qwen.
    Rule(
        "content-policy",
        "caller",
        _CONTENT,
        statuses=(400, 403, 422),
        message=r"(?is)^(?:litellm\.[\w.]+: |.{0,200}?\bError code: 4\d\d - ).{0,4000}?"
        r"(?:content[ _-](?:polic|filter|management)|responsible ?ai ?polic|\bflagged\b|safety (?:system|polic|filter)"
        r"|usage polic|requires moderation|moderation_blocked|by (?:our |the )?moderation|content exists risk"
        r"|(?:inappropriate|sensitive|prohibited)[ _]content)",
    ),
    Rule(
        "request-too-large",
        "caller",
        "The request is larger than what the provider, or something before the proxy, takes. Shorten it, or send smaller pictures.",
        statuses=(413,),
    ),
    Rule(
        "request-too-large",
        "caller",
        "The request is larger than what the provider takes. Shorten it, or send smaller pictures.",
        statuses=(400,),
        message=r"request_too_large|(?i:request (?:entity )?(?:is )?too large)",
    ),
    # Up to 1.91 a request without messages, or with a text in their place, made the proxy crash with 500.
    Rule(
        "bad-request",
        "caller",
        _READ_IT,
        statuses=(400, 500),
        message=r"required positional argument: 'messages'|'(?:str|list|int)' object has no attribute '(?:get|items)'",
    ),
    Rule(
        "bad-request",
        "caller",
        "The provider refused the request, and the proxy does not pass its words on. `fased litellm debug --direct` asks the provider itself and shows them.",
        statuses=(400, 422),
        message=WORDLESS,
    ),
)
BY_STATUS = Rule("bad-request", "caller", _READ_IT, (400, 422))
