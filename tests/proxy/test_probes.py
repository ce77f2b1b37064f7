from __future__ import annotations

import pytest

from fased_litellm.errors import ProxyError
from fased_litellm.proxy import probes
from fased_litellm.proxy.receipt import Receipt
from fased_litellm.proxy.reply import Reply, ToolCall
from fased_litellm.proxy.tokens import TokenUsage


def failure(message: str, status: int = 400, cause: str = "bad-request") -> ProxyError:
    return ProxyError(message, cause=cause, origin="caller", status=status)


@pytest.mark.parametrize(
    "message",
    [
        "OpenAIException - Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 8.",
        "max_tokens or model output limit was reached. Please try again with higher max_tokens.",
        "max_tokens must be at least 32",
        "max_completion_tokens: 16 is too low for this model",
        "integer_below_min_value",
    ],
)
def test_a_minimum_of_the_provider_is_not_the_callers_mistake(message: str) -> None:
    error = probes.judge(failure(message), 16)
    assert (error.cause, error.origin) == ("output-limit-too-low", "provider")
    assert "--max-tokens" in str(error.hint)
    assert "16 tokens" in str(error.hint)


@pytest.mark.parametrize(
    ("message", "status", "cause"),
    [
        ("max_tokens is too large: 16", 400, "bad-request"),
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", 400, "parameter-refused"),
        ("temperature must be at least 0", 400, "bad-request"),
        ("Expected a value >= 16: integer below minimum value", 500, "gateway-error"),
        ("your prompt is too long; try again with higher max_tokens", 400, "context-window"),
    ],
)
def test_other_failures_stay_as_they_are(message: str, status: int, cause: str) -> None:
    assert probes.judge(failure(message, status, cause), 16).cause == cause


def reply(
    text: str = "",
    *,
    reasoning: str | None = None,
    spent: int | None = None,
    reason: str | None = "length",
    calls: tuple[ToolCall, ...] = (),
) -> Reply:
    usage = None if spent is None else TokenUsage(20, 16, reasoning_tokens=spent)
    return Reply(text, reasoning, calls, reason, Receipt("id", "litellm/m", usage=usage))


def test_a_reply_that_was_all_reasoning_says_so() -> None:
    assert "all reasoning (16 tokens)" in str(probes.without_words(reply(spent=16)))
    assert "all reasoning" in str(probes.without_words(reply(" ", reasoning="Hm.")))
    assert "output limit" in str(probes.without_words(reply(spent=0)))
    for other in (reply("ok", spent=16), reply(spent=0, reason="stop"), reply(calls=(ToolCall("1", "f", "{}"),))):
        assert probes.without_words(other) is None


def test_probes_ask_for_as_much_as_every_model_takes() -> None:
    from fased_litellm.doctor.debug.run import MAX_TOKENS, DebugRequest
    from fased_litellm.doctor.verify.route_check import RouteCheck

    assert probes.TOKENS >= 16
    assert (
        probes.TOKENS
        == MAX_TOKENS
        == DebugRequest().max_tokens
        == RouteCheck.__dataclass_fields__["max_tokens"].default
    )
