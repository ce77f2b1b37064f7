"""Which parameter a refusal blames, and whether the caller sent it: what was not sent, the proxy's config adds.

Facts: OpenAI names it in ``error.param``, which LiteLLM passes on; LiteLLM itself, Anthropic and others in words. On the way to a
provider some parameters get another name.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_NAME = r"[A-Za-z_][\w.]{1,60}"
_QUOTE = r"[\"'`‘’]"
_PLAIN = r"(?:[a-z]{1,40}(?:_[a-z0-9]{1,40}){1,5}|temperature|seed|stop|thinking|reasoning|tools|store|verbosity|logprobs|modalities|effort)"
_WORDS = (
    rf"(?i:parameters?|arguments?|value|property|field)(?: supplied)?:? (?:{_QUOTE}({_NAME}){_QUOTE}|({_PLAIN})\b)"
    rf"|{_QUOTE}({_NAME}){_QUOTE}:? (?:(?:is|are) (?:not|un|deprecated|only|no longer)|does not|do not|cannot|in the)"
    rf"|(?:support|supports|accept|accepts|take|takes) (?:{_QUOTE}({_NAME}){_QUOTE}|({_PLAIN})\b|({_NAME})=)"
    rf"|\b({_NAME})=\S{{1,40}} (?:is|while|only|not)\b"
    rf"|\b({_NAME}): (?:Extra inputs are not permitted|[Rr]ange)"
)
_LISTED = r"(?i)does not support parameters?:? ?[\[{(]([^\])}]{1,300})[\])}]"
_QUOTED = rf"{_QUOTE}({_NAME}){_QUOTE}"

_FAMILIES = (
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "maxoutputtokens", "max_tokens_to_sample", "max_new_tokens", "num_predict"},
    {"tools", "functions", "function_declarations", "toolconfig", "tool_config", "tool_choice", "function_call", "parallel_tool_calls"},
    {"response_format", "output_format", "output_config", "text", "json_schema", "response_schema", "responseschema", "format"},
    {"reasoning_effort", "reasoning", "thinking", "thinking_config", "thinkingconfig", "budget_tokens", "effort", "output_config"},
    {"stop", "stop_sequences", "stopsequences"},
    {"messages", "input", "contents", "prompt", "system", "system_instruction", "instructions", "content", "role"},
    {"stream", "stream_options", "include_usage"},
    {"n", "candidate_count", "candidatecount", "num_completions"},
    {"top_p", "topp"},
    {"top_k", "topk"},
    {"logprobs", "top_logprobs"},
    {"modalities", "audio"},
    {"web_search_options", "web_search"},
    {"metadata", "user", "safety_identifier", "litellm_session_id"},
)  # fmt: skip
"""Names of one thing."""
_NO_NAMES = {
    "that",
    "this",
    "with",
    "the",
    "is",
    "not",
    "was",
    "of",
    "for",
    "supplied",
    "error",
    "request",
    "model",
}


def blamed(message: str, param: str | None) -> frozenset[str]:
    """The parameters which a refusal names, in lower case, without what they hold."""
    found = {param} if param else set()
    for match in re.finditer(_WORDS, message[:2000]):
        found.update(group for group in match.groups() if group)
    for match in re.finditer(_LISTED, message[:2000]):
        found.update(re.findall(_QUOTED, match[1]))
    names = {re.split(r"[.\[]", name, maxsplit=1)[0].lower() for name in found}
    return frozenset(name for name in names - _NO_NAMES if name and name != "none")


def foreign(message: str, param: str | None, sent: Collection[str]) -> frozenset[str]:
    """The parameters which a refusal names and the caller did not send, by any of their names; empty if one of them was sent.

    Args:
        message: its words.
        param: ``error.param``.
        sent: fields of the request's body.
    """
    names = blamed(message, param)
    known = {name.lower() for name in sent} | {"model", "messages"}
    if any(known & _kin(name) for name in names):
        return frozenset()
    return names


def _kin(name: str) -> set[str]:
    kin = {name}
    for family in _FAMILIES:
        if name in family:
            kin |= family
    return kin
