"""``fased usage compare``: two windows side by side, and why the cost changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .. import output, session
from ..commands import SETTINGS
from . import options
from .asking import ask_at, place_asked

if TYPE_CHECKING:
    from ...proxy.pricing.prices import Prices
    from ...usage.compare.reasons import PricesOf
    from ...usage.compare.unit_prices import Key
    from ...usage.query.dialect import Connection, Dialect

app = typer.Typer(**SETTINGS)
TOP = 10


@app.command()
@options.asks(options.ZONE, options.FILTER, options.NAMES, options.NO_IMPORT, options.DATABASE, options.HOST)
def compare(
    before: Annotated[
        str | None,
        typer.Argument(
            metavar="[BEFORE", help="last-week, 2026-10, 2026-11-16, 2026-11-01..2026-11-14; last-month by default."
        ),
    ] = None,
    after: Annotated[str | None, typer.Argument(metavar="AFTER]", help="The same; this-month by default.")] = None,
    *,
    by: options.By = None,
    question: options.Question,
    top: Annotated[
        int, typer.Option("--top", min=1, metavar="N", help="Show the N groups that changed the most.")
    ] = TOP,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all groups unless --top is given.")] = False,
    ctx: typer.Context,
) -> None:
    """Show what changed between two periods, and why the cost did.

    The change is split into more calls, longer calls, other models and other prices. A period that is not over is held
    against as many days of the other one.
    """
    from ...usage.compare import comparison, periods
    from ...usage.query.query import TIMES

    if before is not None and after is None:
        raise UsageError("One period is missing.", hint="Name both, the earlier one first: last-week this-week.")
    now_ms = time.time_ns() // 1_000_000
    question = question.grouped(by, None, None, ())
    query = question.at(now_ms)
    if timed := set(query.by) & set(TIMES):
        raise UsageError(
            f"Two periods have no {min(timed)} in common.", hint="Group by names, as --by agent or --by model."
        )
    first, second = periods.DEFAULT if before is None or after is None else (before, after)
    *pair, remark = periods.compared(first, second, now_ms, query.zone, query.first_weekday)
    both = (pair[0], pair[1])
    if question.address and not options.is_address(question.address):
        raise UsageError(
            f"--from {question.address} is not an address.", hint="Periods are arguments: last-week this-week."
        )
    place = place_asked(question)
    prices_of = _prices()

    def ask(connection: Connection, dialect: Dialect) -> comparison.Comparison:
        return comparison.compare(connection, query, both, prices_of, dialect, remark)

    found = ask_at(place, session.paths(), ask) or comparison.nothing(query, both, remark)
    if as_json:
        given = ctx.get_parameter_source("top")
        output.document(found.as_dict(top if given is not None and given.name == "COMMANDLINE" else None))
        return
    from ..display.terminal import detect
    from .display.compare import lines

    for line in lines(found, detect(), top):
        output.line(line)


def _prices() -> PricesOf:
    """Today's prices; none where the config cannot be read, which does not matter for a history."""
    from ...errors import FasedError
    from ...usage.costs.pricelist import Price, PriceList

    try:
        prices = PriceList.of(session.config(), session.paths())
    except FasedError:
        return lambda _: None

    def of(key: Key) -> Prices | None:
        found = prices.find(key[0] or "", key[1] or "")
        return found.prices if isinstance(found, Price) else None

    return of
