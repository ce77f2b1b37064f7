"""``fased usage budget``: how much may be spent, and what happens then."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import output, session
from ..commands import SETTINGS

app = typer.Typer(
    **SETTINGS,
    no_args_is_help=True,
    help="Say how much may be spent per day and month; calls beyond are warned of or refused.",
)

Name = str | None
AGENT = Annotated[Name, typer.Option("--agent", metavar="ID", help="Only calls of this agent.")]
TASK = Annotated[
    Name,
    typer.Option(
        "--task", metavar="NAME", help="Only calls of this task; use - for calls without one, here and below."
    ),
]
CHANNEL = Annotated[Name, typer.Option("--channel", metavar="NAME", help="Only calls of this channel.")]
PROVIDER = Annotated[Name, typer.Option("--provider", metavar="NAME", help="Only calls of this provider.")]
MODEL = Annotated[
    Name, typer.Option("--model", metavar="REF", help="Only calls of this model: litellm/default, or default.")
]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def group() -> None:
    """The group has no work of its own."""


@app.command("set")
def set_(
    agent: AGENT = None,
    task: TASK = None,
    channel: CHANNEL = None,
    provider: PROVIDER = None,
    model: MODEL = None,
    daily: Annotated[Name, typer.Option(metavar="USD", help="Most per day, as 5 or $5.00; none takes it away.")] = None,
    monthly: Annotated[Name, typer.Option(metavar="USD", help="Most per month; none takes it away.")] = None,
    action: Annotated[
        Name, typer.Option(metavar="ACTION", help="warn (the default), or stop: refuse calls once a limit is reached.")
    ] = None,
    tz: Annotated[
        Name,
        typer.Option(
            metavar="ZONE", help="Whose days and months count: Europe/Berlin, UTC; this machine's by default."
        ),
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """Set the budget of some calls, or of all.

    What is not given stays as it was.
    """
    from ...usage.budgets import edits, store
    from ...usage.budgets.listing import listing
    from ..display.terminal import detect
    from .display.budget import remarks, table

    scope = edits.scope_of({"agent": agent, "task": task, "channel": channel, "provider": provider, "model": model})
    limits = edits.parse_limits({"day": daily, "month": monthly})
    chosen = edits.parse_action(action)
    paths = session.paths()
    book = store.change(paths.budgets, lambda book: edits.put(book, scope, limits, chosen, tz)[0])
    found = listing([budget for budget in book.budgets if budget.scope == scope], paths.ledger)
    if as_json:
        output.document(found.one_as_dict())
        return
    for line in table(found, detect()):
        output.line(line)
    for line in remarks(found, new=True):
        output.diagnostic(line)


@app.command("list")
def list_(as_json: AS_JSON = False) -> None:
    """Show what was spent of each, and when it resets."""
    from ...usage.budgets import store
    from ...usage.budgets.listing import listing
    from ..display.terminal import detect
    from .display.budget import remarks, table

    paths = session.paths()
    found = listing(store.load(paths.budgets).budgets, paths.ledger)
    if as_json:
        output.document(found.as_dict())
        return
    if not found.budgets:
        output.line("No budgets. `fased usage budget set --agent main --daily 5` sets one.")
    for line in table(found, detect()):
        output.line(line)
    for line in remarks(found):
        output.diagnostic(line)


@app.command("remove")
def remove(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of budgets.")] = None,
    agent: AGENT = None,
    task: TASK = None,
    channel: CHANNEL = None,
    provider: PROVIDER = None,
    model: MODEL = None,
    as_json: AS_JSON = False,
) -> None:
    """Remove budgets by number, or by the options they were set with."""
    from ...usage.budgets import edits, store
    from ...usage.budgets.budget import Budget, limits_text
    from ...usage.budgets.listing import BudgetRemoved

    scope = edits.scope_of({"agent": agent, "task": task, "channel": channel, "provider": provider, "model": model})
    gone: list[Budget] = []

    def edit(book: store.Book) -> store.Book:
        rest, taken = edits.take(book, ids or (), scope)
        gone[:] = taken
        return rest

    store.change(session.paths().budgets, edit)
    if as_json:
        removed: BudgetRemoved = {"removed": [budget.key for budget in gone]}
        output.document(removed)
        return
    for budget in gone:
        output.line(f"{budget} removed: {limits_text(budget)}.")
