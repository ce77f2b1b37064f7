"""``fased agents``: the agents and their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ...refs import DEFAULT_REF, ModelRef
from .. import handover, output, session
from ..commands import SETTINGS
from ..edits import RETRY, write
from ..groups import SharedGroup
from . import model_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...roles.edits import AgentModels
    from ...roles.summary import AgentSummary

app = typer.Typer(
    **SETTINGS, cls=SharedGroup, no_args_is_help=True, help="The agents of the config, and the models they use."
)
models_app = typer.Typer(**SETTINGS, cls=SharedGroup, no_args_is_help=True, help="The models of one agent.")
app.add_typer(models_app, name="models")

Ref = str | None
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_agents(
    *, json_output: Json = False, bindings: Annotated[bool, typer.Option("--bindings", hidden=True)] = False
) -> None:
    """Show every agent with its model, its roles and its folders."""
    from ...roles.summary import summaries

    if bindings:
        raise handover.NotOurs("Routing rules in full are shown by the Node agent.")
    found = summaries(session.config())
    if json_output:
        output.document([summary.as_dict() for summary in found])
        return
    output.line("Agents:")
    for summary in found:
        for line in _lines(summary):
            output.line(line)


@models_app.command("set")
def set_models(
    *,
    agent: Annotated[str | None, typer.Option("--agent", metavar="ID", help="The agent; else the default one.")] = None,
    primary: Annotated[Ref, typer.Option("--primary", metavar="REF", help="Its model, as litellm/default.")] = None,
    fallback: Annotated[
        list[str] | None,
        typer.Option("--fallback", metavar="REF", help="The model to ask when that one fails; Fased takes one."),
    ] = None,
    cheap_check: Annotated[Ref, typer.Option("--cheap-check", metavar="REF", help="Model for cheap checks.")] = None,
    strong: Annotated[Ref, typer.Option("--strong", metavar="REF", help="Model for hard work.")] = None,
    escalation: Annotated[Ref, typer.Option("--escalation", metavar="REF", help="Model to escalate to.")] = None,
    coding: Annotated[Ref, typer.Option("--coding", metavar="REF", help="Model for code.")] = None,
    summarizer: Annotated[Ref, typer.Option("--summarizer", metavar="REF", help="Model for summaries.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Take references which the proxy does not expose.")] = False,
    create: Annotated[
        bool, typer.Option("--create", help="Make the agent, if the config has none of that id.")
    ] = False,
    retry: RETRY = False,
    json_output: Json = False,
) -> None:
    """Set the models of one agent; what is not named stays. An empty text takes a role away."""
    from ...roles.defaults import CHAIN
    from ...roles.edits import agent_model_edits, allow_edits, written

    if fallback and len([text for text in fallback if text.strip()]) > 1:
        raise UsageError("Fased takes one fallback; two make the whole config invalid.", hint=CHAIN)
    snapshot = session.config()
    if not create:
        session.known_agent(snapshot, agent)
    roles = {
        "cheap-check": cheap_check,
        "strong": strong,
        "escalation": escalation,
        "coding": coding,
        "summarizer": summarizer,
    }
    texts = [text for text in (primary, *(fallback or []), *roles.values()) if text and text.strip()]

    def as_set(refs: Mapping[str, ModelRef], text: str) -> str:
        return written(refs[text]) if text in refs else ""

    def models(refs: Mapping[str, ModelRef]) -> AgentModels:
        return agent_model_edits(
            snapshot,
            agent,
            primary=written(refs[primary]) if primary and primary in refs else primary,
            fallbacks=None if fallback is None else [as_set(refs, text) for text in fallback],
            task_models={role: as_set(refs, text) for role, text in roles.items() if text is not None},
        )

    models(dict.fromkeys(texts, DEFAULT_REF))  # what is wrong with the wish itself is told before the proxy is asked
    refs = model_check.chosen(snapshot, session.paths(), texts, force=force, agent=agent)
    result = models(refs)
    allowed = allow_edits(snapshot, [refs[primary]]) if primary in refs else []
    change = write(snapshot, [*result.edits, *allowed], retry=retry)
    if json_output:
        output.document(result.as_dict())
    else:
        output.line(f"Agent models updated: {result.agent_id}" if change.changed else "Nothing to change.")


def _lines(summary: AgentSummary) -> list[str]:
    title = f"- {summary.id}" + (" (default)" if summary.is_default else "")
    if summary.name and summary.name != summary.id:
        title += f" ({summary.name})"
    lines = [title, f"  Model: {summary.model or 'litellm/default (implied)'}"]
    if summary.fallback:
        lines.append(f"  Fallback: {summary.fallback}")
    if summary.task_models:
        from ...roles.choice import ROLES

        typed = {key: role for role, key in ROLES.items()}
        lines.append(
            "  Roles: " + ", ".join(f"{typed.get(key, key)} {ref}" for key, ref in summary.task_models.items())
        )
    return [
        *lines,
        f"  Workspace: {summary.workspace}",
        f"  Agent dir: {summary.agent_dir}",
        f"  Routing rules: {summary.bindings}",
    ]
