"""``fased usage what-if``: what the calls would have cost on another model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .. import output, session
from ..commands import SETTINGS
from . import options
from .asking import ask

if TYPE_CHECKING:
    import sqlite3

    from ...usage.costs.whatif import Supposition

app = typer.Typer(**SETTINGS)
TOP = 10


_OTHER_NAMES = {name: option for name, option in options.NAMES.items() if name != "model"}


@app.command("what-if", cls=options.MonthCommand)
@options.asks(options.WINDOW, options.EVERYTHING, options.ZONE, options.FILTER, _OTHER_NAMES, options.NO_IMPORT)
def what_if(
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="REF",
            help="The other model, as litellm/gpt-5.5: one whose price the config or the proxy has.",
        ),
    ],
    by: options.By = None,
    question: options.Question,
    top: Annotated[
        int, typer.Option("--top", min=1, metavar="N", help="Show the N groups whose cost would have changed the most.")
    ] = TOP,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all groups unless --top is given.")] = False,
    ctx: typer.Context,
) -> None:
    """Show what the same calls would have cost on another model.

    Each call is priced with its own tokens, cached ones and tier of service included. --filter 'model:NAME' takes the calls of
    one model alone.
    """
    from ...usage.costs import whatif
    from ...usage.costs.pricelist import PriceList
    from ...usage.query.query import HOST, TIMES

    question = question.grouped(by, None, None, whatif.DEFAULT_BY)
    query = question.now()
    if wrong := set(query.by) & {*TIMES, HOST}:
        raise UsageError(
            f"--by {min(wrong)} is not possible here.", hint="Group by names, as --by agent or --by model."
        )
    paths = session.paths()
    ref, price = PriceList.of(session.config(), paths).target(model)

    def asked(connection: sqlite3.Connection) -> Supposition:
        found = whatif.suppose(connection, query, ref, price)
        if found.totals.calls or question.times.chosen or as_json:
            return found
        from ...usage.query.newest import newest_week

        older = newest_week(connection, query)
        return whatif.suppose(connection, older, ref, price) if older else found

    found = ask(paths, asked) or whatif.Supposition(query, ref, price)
    if as_json:
        given = ctx.get_parameter_source("top")
        output.document(found.as_dict(top if given is not None and given.name == "COMMANDLINE" else None))
        return
    from ..display.terminal import detect
    from .display.whatif import lines

    if found.query is not query:
        from .display.show import NOT_LATELY

        output.line(NOT_LATELY)
    for line in lines(found, detect(), top):
        output.line(line)
