"""``fased litellm chat``: one message, or a conversation on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...context import CallContext
from ...errors import CallError, Cancelled, FasedError, StreamInterrupted, UsageError
from .. import output, session
from ..commands import SETTINGS
from ..models import unclear

if TYPE_CHECKING:
    from ...provider import LiteLLMProvider
    from ...proxy.reply import Reply

app = typer.Typer(**SETTINGS)


@dataclass(frozen=True, slots=True)
class ChatSession:
    """How the messages of one run are sent and shown."""

    provider: LiteLLMProvider
    context: CallContext
    options: dict[str, Any]
    stream: bool
    as_json: bool


@app.command()
def chat(
    message: Annotated[
        str | None, typer.Argument(help="The message; '-' or none with a pipe reads it from stdin.")
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="ID", help="Agent whose models and key are used.")] = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Model role: cheap-check, strong, escalation, coding, summarizer."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="REF", help="Model to use instead of the agent's: litellm/<model-id>.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Task, for the usage history.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="NAME", help="Channel, for the usage history.")] = None,
    session_id: Annotated[
        str | None,
        typer.Option(
            "--session", metavar="ID", help="Session id, or a session key like agent:main:telegram:direct:42."
        ),
    ] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="System prompt.")] = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Image file to send along; may be repeated.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, metavar="N", help="Output limit in tokens.")] = None,
    reasoning_effort: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Reasoning effort, as the model names it.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="S", help="Seconds for the reply, or for each line of a stream.")
    ] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the reply when it is whole.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print reply, context and receipt as JSON.")] = False,
) -> None:
    """Send a message through the proxy and show the reply with its receipt."""
    from ...refs import normalize_agent_id
    from .attachments import user_message

    text = _message(message)
    options = {"model": model, "max_tokens": max_tokens, "timeout_s": timeout, "reasoning_effort": reasoning_effort}
    context = _context(task=task, channel=channel, session=session_id, role=role)
    agent = normalize_agent_id(agent) if agent else None
    history: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    named = agent or (context.agent if context.source != "api" else None)
    with session.provider(agent=named) as provider:
        session.known_agent(provider.settings.snapshot, agent)
        _shown_here()
        context = context.with_(agent=provider.agent, source="cli")
        unclear.ask(provider, model)
        talk = ChatSession(provider, context, options, stream=not no_stream, as_json=json_output)
        if text is not None:
            _say(talk, [*history, user_message(text, image or ())])
        elif json_output or image:
            raise UsageError("No message given.", hint="Give it as an argument, or on stdin.")
        else:
            _converse(talk, history)


def _shown_here() -> None:
    """What is warned of is on the receipt; where nobody listens to the log, Python would print it once more."""
    import logging  # the provider has loaded it

    from ...redaction import logger

    for name in ("budgets", "usage"):
        logger(name).addHandler(logging.NullHandler())


def _message(argument: str | None) -> str | None:
    """The message, None for a conversation."""
    if argument is not None and argument != "-":
        text = argument
    elif argument == "-" or not sys.stdin.isatty():
        text = sys.stdin.read()
    else:
        return None
    if not text.strip():
        raise UsageError("The message is empty.", hint="Give it as an argument, or on stdin.")
    return text


def _context(*, task: str | None, channel: str | None, session: str | None, role: str | None) -> CallContext:
    """The context but for the agent, and with a source only if the session key tells it."""
    from ...roles.choice import config_key

    if role is not None:
        config_key(role)  # refused here, before anything is asked
    if session and session.lower().startswith("agent:"):
        context = CallContext.from_session_key(session)
    else:
        context = CallContext(session=session)
    return context.with_(task=task, channel=channel, role=role)


def _converse(talk: ChatSession, history: list[dict[str, Any]]) -> None:
    output.diagnostic("A conversation; end it with Ctrl-D or /exit.")
    while True:
        try:
            text = input("> ")
        except EOFError:
            output.diagnostic("")
            return
        if text.strip() in ("/exit", "/quit"):
            return
        if not text.strip():
            continue
        history.append({"role": "user", "content": text})
        try:
            history.append(dict(_say(talk, history).message))
        except FasedError as error:
            if error.exit_status == Cancelled.exit_status:
                raise
            history.pop()  # the message was not answered; the next one is not to stand on it
            output.failure(error)


def _say(talk: ChatSession, messages: list[dict[str, Any]]) -> Reply:
    from ...provider.chatresult import chat_result
    from .receipt_text import receipt_line

    recorder = talk.provider.recorder
    try:
        reply = (
            _streamed(talk, messages)
            if talk.stream
            else talk.provider.chat(messages, context=talk.context, **talk.options)
        )
    except KeyboardInterrupt:
        raise Cancelled(f"Cancelled; {recorder.cancellation_note()}") from None
    except CallError as error:
        for warning in error.receipt.warnings if error.receipt else ():
            output.diagnostic(warning)
        raise
    if talk.as_json:
        reply = recorder.flush_for(reply)
        output.document(chat_result(reply, talk.context), quoted=True)
    else:
        if not talk.stream:
            output.words(f"{reply.text}\n")
        for call in reply.tool_calls:
            output.line(f"[wants {call.name}({call.arguments})]")
        output.diagnostic(receipt_line(reply.receipt), quiet=True)
        for warning in recorder.flush_for(reply).receipt.warnings:
            output.diagnostic(warning)
    return reply


def _streamed(talk: ChatSession, messages: list[dict[str, Any]]) -> Reply:
    with talk.provider.stream(messages, context=talk.context, **talk.options) as stream:
        if talk.as_json:
            for _ in stream:
                pass
            return stream.reply
        words = output.Words()
        try:
            for text in _texts(stream):
                words.feed(text)
        except StreamInterrupted:
            words.flush()
            if words.shown:
                output.line()
                output.diagnostic("The reply above is not whole.")
            raise
        except KeyboardInterrupt:
            words.flush()
            raise
        words.flush()
        if words.shown:
            output.line()
        return stream.reply


def _texts(stream: Any) -> Iterator[str]:
    return (delta.text for delta in stream if delta.kind == "text")
