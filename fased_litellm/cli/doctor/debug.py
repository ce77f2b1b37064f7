"""``fased litellm debug``: a failing call with all its detail, and who has to do what."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import Cancelled, UsageError
from ...formatting import token_count, tokens, usd
from .. import output, session
from ..commands import SETTINGS
from ..models import unclear

if TYPE_CHECKING:
    from ...doctor.debug.attempt import SentRequest
    from ...doctor.debug.compare import CallComparison, ComparisonRow
    from ...doctor.debug.direct import DirectProvider
    from ...doctor.debug.run import Debugged, Debugger

app = typer.Typer(**SETTINGS)

_LABEL = 10
_BRIEF = 120


@app.command()
def debug(
    alias: Annotated[
        str | None, typer.Argument(metavar="[ALIAS]", help="Model to call; by default that of the agent.")
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="ID", help="Agent whose models and key are used.")] = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Model role: cheap-check, strong, escalation, coding, summarizer."),
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="REF", help="The same as ALIAS: litellm/<model-id>.")] = None,
    message: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What is asked, '-' for stdin; by default a few words.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Have the reply streamed.")] = False,
    max_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="Output limit in tokens.")] = 16,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="S", help="Seconds for the reply, or for each line of a stream.")
    ] = None,
    max_wait: Annotated[
        float, typer.Option("--max-wait", min=0, metavar="S", help="Seconds which a cooldown is waited for.")
    ] = 30.0,
    direct: Annotated[bool, typer.Option("--direct", help="Ask the provider too, without the proxy.")] = False,
    provider_base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="--direct: what stands before /chat/completions, as in api_base.")
    ] = None,
    provider_key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="--direct: the variable that holds the provider's key.")
    ] = None,
    provider_model: Annotated[
        str | None,
        typer.Option(metavar="ID", help="--direct: the provider's name of the model; else the proxy is asked."),
    ] = None,
    provider_allow_private_network: Annotated[
        bool,
        typer.Option("--provider-allow-private-network", help="--direct: the provider's address may be a private one."),
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print request, answer and verdict as JSON.")] = False,
) -> None:
    """Reproduce a failing call: the request, the answer, the cause, who has to act, and what to do.

    The proxy is told not to retry, so that the cause itself is seen, and a cooldown is waited out. Exit 1 if the call fails.
    """
    from ...doctor.debug.direct import provider_base_url as checked
    from ...doctor.debug.run import Debugger, DebugRequest
    from ...refs import normalize_agent_id

    if model is not None and alias is not None and model != alias:
        raise UsageError("ALIAS and --model name two models.", hint="Give one of them.")
    if not direct and (provider_base_url or provider_key_env or provider_model or provider_allow_private_network):
        raise UsageError("The --provider options are for --direct.", hint="Add --direct, or leave them out.")
    if direct and not (provider_base_url and provider_key_env):
        raise UsageError(
            "--direct needs the provider's address and key.",
            hint="Add --provider-base-url URL and --provider-key-env NAME.",
        )
    if role is not None:
        from ...roles.choice import config_key

        config_key(role)  # refused here, before anything is asked
    question = DebugRequest(
        model=alias or model, role=role, stream=stream, max_tokens=max_tokens, timeout_s=timeout, max_wait_s=max_wait
    )
    text = sys.stdin.read() if message == "-" else message
    if text is not None:
        question = question.saying(text)
    with session.provider(agent=normalize_agent_id(agent) if agent else None) as provider:
        session.known_agent(provider.settings.snapshot, agent)
        unclear.ask(provider, question.model)
        debugger = Debugger(provider, question, output.diagnostic)
        key = debugger.key
        target: DirectProvider | None = None
        if provider_base_url and provider_key_env:
            target = debugger.provider(
                checked(provider_base_url),
                provider_key_env,
                os.environ,
                model=provider_model,
                allow_private_network=provider_allow_private_network,
            )
        output.diagnostic(_announcement(debugger, asked_twice=target is not None))
        try:
            found = debugger.run()
            comparison = debugger.directly(found, target) if target is not None else None
        except KeyboardInterrupt:
            raise Cancelled(f"Cancelled; {provider.recorder.cancellation_note()}") from None
        problem = provider.recorder.flush()
    if json_output:
        output.document(found.as_dict(comparison))
    else:
        _show(found, key)
        if comparison is not None:
            _show_comparison(comparison)
    if problem is not None:
        output.diagnostic(problem.message)
    if not found.ok:
        raise typer.Exit(1)


def _announcement(debugger: Debugger, *, asked_twice: bool) -> str:
    foretold = debugger.foretold()
    size = f"some {token_count(foretold.input_tokens)} in and {tokens(foretold.output_tokens)} out at most"
    cost = "price not known" if foretold.cost_usd is None else f"{usd(foretold.cost_usd)} at most"
    requests = "one request to the proxy and one to the provider, each" if asked_twice else "one request,"
    return f"Calling {debugger.choice.primary}: {requests} {size} ({cost}); one more if a cooldown or a fallback hides the cause."


def _show(found: Debugged, key: tuple[str, str]) -> None:
    shot = found.verdict
    sent = shot.sent
    for earlier in found.shots[: found.shots.index(shot)]:
        _row("Before", f"{_outcome(earlier)}: {_cause(earlier)}")
    _row("Request", f"{sent.method} {sent.url}")
    for name, value in sent.headers.items():
        _row("", f"{name}: {value}" + (f"  ({key[0]} from {key[1]})" if name == "authorization" else ""))
    _row("", json.dumps(sent.body, ensure_ascii=False))
    _row("Answer", _outcome(shot))
    for name, value in shot.got.headers.items():
        _row("", f"{name}: {value}")
    if shot.reply is not None and shot.reply.text:
        _row("", shot.reply.text)
    if shot.got.message is not None:
        _row("", shot.got.message)
    if shot.error is None:
        _row("Verdict", f"{found.alias} works.")
    else:
        _row("Cause", shot.error.cause)
        _row("Failed", output.ORIGINS[shot.error.origin])
        _row("Do", shot.error.hint or "")
    for note in found.notes:
        _row("Note", note)


def _outcome(shot: SentRequest) -> str:
    status = f"HTTP {shot.got.status}" if shot.got.status is not None else "none"
    return f"{status}{f' {shot.got.type}' if shot.got.type else ''}, after {shot.duration_ms:.0f} ms"


def _cause(shot: SentRequest) -> str:
    if shot.error is None:
        return "works"
    message = shot.error.message
    return f"{shot.error.cause}: {message if len(message) <= _BRIEF else message[:_BRIEF] + '…'}"


def _row(label: str, text: str) -> None:
    first, *rest = text.split("\n")
    output.line(f"{label:<{_LABEL}}{first}".rstrip())
    for line in rest:
        output.line(f"{'':<{_LABEL}}{line}".rstrip())


def _show_comparison(comparison: CallComparison) -> None:
    output.line()
    rows = comparison.rows
    name_width = max(len(row.name) for row in rows)
    width = min(48, max(len(row.proxied) for row in rows))
    output.line(f"  {'':<{name_width}}  {'through the proxy':<{max(width, 17)}}  straight to the provider")
    for row in rows:
        _show_row(row, name_width, max(width, 17))
    output.line()
    _row("Means", comparison.meaning)


def _show_row(row: ComparisonRow, name_width: int, width: int) -> None:
    """One line of the table, or as many as its longer side takes."""
    import textwrap

    sides = [textwrap.wrap(text, width) or [""] for text in (row.proxied, row.direct)]
    for number in range(max(map(len, sides))):
        mark = "≠" if row.differs and number == 0 else " "
        left, right = (side[number] if number < len(side) else "" for side in sides)
        name = row.name if number == 0 else ""
        output.line(f"{mark} {name:<{name_width}}  {left:<{width}}  {right}".rstrip())
