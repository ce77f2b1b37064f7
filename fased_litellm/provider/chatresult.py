"""The document of ``fased litellm chat --json``: a reply with who asked for it."""

from __future__ import annotations

from ..context import CallContext, ContextPart
from ..proxy.reply import Reply, ReplyPart


class ChatResult(ReplyPart):
    """The document of ``fased litellm chat --json``."""

    context: ContextPart


def chat_result(reply: Reply, context: CallContext) -> ChatResult:
    """The document of a reply; the receipt comes last, where it is looked for."""
    whole = reply.as_dict()
    return {
        "text": whole["text"],
        "reasoning": whole["reasoning"],
        "toolCalls": whole["toolCalls"],
        "finishReason": whole["finishReason"],
        "context": context.as_dict(),
        "receipt": whole["receipt"],
    }
