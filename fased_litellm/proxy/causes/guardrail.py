"""Content that a guardrail blocks: of the proxy, LiteLLM's or a custom one, or of a gateway behind it.

Facts: a block is 400, 403 or 422, and 500 where a custom guardrail raises anything but an HTTPException, or in older releases.
From 1.108 the answer names the guardrail in ``provider_specific_fields``, and the header ``x-litellm-applied-guardrails`` has
those that ran. The words are those of ``guardrail_hooks`` (1.108.7), or any.
"""

from __future__ import annotations

from .rule import Rule

_BLOCKED = (
    "A guardrail of the proxy does not let this content through. Change what is sent (the conversation and files so far count, too);"
    " if it should pass, the owner of the proxy has to change the guardrail."
)
_ANY = (400, 403, 406, 409, 412, 418, 422, 446, 451, 500)

FAILED = Rule(
    "guardrail-failed",
    "gateway",
    "A guardrail of the proxy could not judge the content, and lets nothing through then. See the log of the proxy; its owner has to fix the guardrail.",
    statuses=(400, 401, 403, 408, 422, 424, 429, 500, 502, 503, 504),
    message=r"(?i)guardrail.{0,80}\b(?:unreachable|unavailable|misconfigured|timed? ?out|invalid json|could not|failed to respond"
    r"|not (?:found|initiali[sz]ed|compiled)|missing secrets)|error in \w+ guardrail|moderation api request failed"
    r"|policy evaluation failed|guardrail (?:api )?(?:request )?failed\s*$",
)

NAMED = (
    FAILED,
    Rule("guardrail", "caller", _BLOCKED, only="guardrail-named"),
)
WORDED = (
    Rule(
        "guardrail",
        "caller",
        _BLOCKED,
        statuses=_ANY,
        message=r"(?i)\bguard ?rails?\b|violated [\w ]{1,60}(?:policy|threshold)|blocked entity detected",
    ),
    Rule(
        "guardrail",
        "caller",
        _BLOCKED,
        statuses=_ANY,
        message=r"(?i)\b(?:request|response|content|prompt|message|input|output|attachment|text|query|file)s? (?:was |were |is |are |has been |have been )?"
        r"(?:blocked|rejected)|\bblocked (?:by|due to|because|words?|keywords?|content|prompt)|\b(?:prompt[ -_]?injection|jailbreak)"
        r"|keyword banned|crossed severity|\b(?:pii|phi|sensitive data|secrets?) (?:was |were |is |are )?(?:detected|found|blocked|leak)"
        r"|content (?:policy|safety|moderation|filter)|responsible ai|(?:security|safety|usage|dlp|acceptable use|company|moderation) polic(?:y|ies)"
        r"|\bjudge rejected|\b(?:toxic|profan|hate speech|harmful)\w*",
        common=True,
    ),
    Rule("guardrail", "caller", _BLOCKED, statuses=_ANY, only="guardrail-ran"),
)
