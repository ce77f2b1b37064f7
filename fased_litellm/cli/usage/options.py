"""The options by which the commands of ``fased usage`` are asked: a window of time, names, a filter, an order.

Each is declared once. A command takes whole groups of them with ``asks``, and is called with the ``Question`` that they add up to.
"""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, get_args

import typer
from typer.core import TyperCommand

from ...errors import UsageError
from ...usage.query.calendar.windows import THIS_MONTH, window
from ...usage.query.query import DIMENSIONS, SORT_KEYS, Query, Sort, check, parse_by, parse_sort, parse_values
from ...usage.query.usersettings import first_weekday, zone_of

Names = list[str] | None
_MANY = "NAME[,NAME]"

By = Annotated[Names, typer.Option("--by", metavar="NAMES", help=f"Group by any of: {', '.join(DIMENSIONS)}.")]
Today = Annotated[bool, typer.Option("--today", help="Today alone.")]
Days = Annotated[int | None, typer.Option("--days", metavar="N", help="The last N days, with today; 7 by default.")]
Month = Annotated[
    str | None, typer.Option("--month", metavar="[MONTH]", help="A month such as 2026-11; current month if omitted.")
]


def _day(given: str | None) -> str | None:
    if given is not None and is_address(given):
        raise UsageError(
            "This command asks this machine alone: --from takes a day here.",
            hint="A database is asked by `fased usage`, and by its calls, session and task.",
        )
    return given


def is_address(text: str) -> bool:
    """Whether it names a database, rightly or not; so that no error about a day quotes a password."""
    return text.lower().lstrip().startswith("postgres")


First = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", callback=_day, help="First day, as 2026-11-16, or an instant."),
]
From = Annotated[
    Names,
    typer.Option(
        "--from",
        metavar="DAY|ADDRESS",
        help="First day, as 2026-11-16, or an instant; or postgresql://user@host/database, to which many machines push.",
    ),
]
"""``First``, and a database to ask instead of this machine."""
Address = Annotated[
    str | None,
    typer.Option("--from", metavar="ADDRESS", help="postgresql://user@host/database, to which many machines push."),
]
Host = Annotated[Names, typer.Option("--host", metavar=_MANY, help="Only this machine, of those in such a database.")]
Last = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included; today by default.")]
Everything = Annotated[bool, typer.Option("--all", help="The whole history.")]
Tz = Annotated[
    str | None,
    typer.Option(
        "--tz", metavar="ZONE", help="Whose days and hours: Europe/Berlin, +02:00, UTC; this machine's by default."
    ),
]
FilterText = Annotated[
    Names,
    typer.Option(
        "--filter", metavar="TEXT", help="Only what meets this, as 'agent:main model:gpt* minCost:$0.10 -has:errors'."
    ),
]
Provider = Annotated[
    Names,
    typer.Option("--provider", metavar=_MANY, help="Only this provider; use - for calls without one, here and below."),
]
Model = Annotated[Names, typer.Option("--model", metavar=_MANY, help="Only this model.")]
Agent = Annotated[Names, typer.Option("--agent", metavar=_MANY, help="Only this agent.")]
Task = Annotated[Names, typer.Option("--task", metavar=_MANY, help="Only this task.")]
Channel = Annotated[Names, typer.Option("--channel", metavar=_MANY, help="Only this channel.")]
Session = Annotated[Names, typer.Option("--session", metavar=_MANY, help="Only this session.")]
Source = Annotated[Names, typer.Option("--source", metavar=_MANY, help="Only this source.")]
Role = Annotated[Names, typer.Option("--role", metavar=_MANY, help="Only this role.")]
Status = Annotated[Names, typer.Option("--status", metavar=_MANY, help="Only this status.")]
SortBy = Annotated[
    str | None,
    typer.Option(
        "--sort", metavar="KEY", help=f"Sort by {', '.join(SORT_KEYS)}; with - before it, the other way round."
    ),
]


def _without_import(given: bool) -> bool:
    from . import imports

    imports.wanted(given=not given)
    return given


NoImport = Annotated[
    bool,
    typer.Option("--no-import", callback=_without_import, help="Do not read in the Node agent's newest calls first."),
]
"""Takes effect by itself; the parameter is never looked at."""
Top = Annotated[int | None, typer.Option("--top", metavar="N", help="The first N groups, and the others as one.")]


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Options = Mapping[str, Any]
"""Parameter → its annotated type, in the order of the help page."""
WINDOW: Options = {"today": Today, "days": Days, "month": Month, "first": First, "last": Last}
WINDOW_OR_DATABASE: Options = {**WINDOW, "first": From}
EVERYTHING: Options = {"everything": Everything}
ZONE: Options = {"tz": Tz}
FILTER: Options = {"where": FilterText}
NAMES: Options = {
    "provider": Provider,
    "model": Model,
    "agent": Agent,
    "task": Task,
    "channel": Channel,
    "session": Session,
    "source": Source,
    "role": Role,
    "status": Status,
}
NO_IMPORT: Options = {"no_import": NoImport}
DATABASE: Options = {"address": Address}
HOST: Options = {"host": Host}


class Times(NamedTuple):
    """The options about time, as given."""

    today: bool = False
    days: int | None = None
    month: str | None = None
    first: str | None = None
    last: str | None = None
    everything: bool = False
    tz: str | None = None

    @property
    def chosen(self) -> bool:
        """Whether a window was asked for; the last days are shown if not."""
        return self._replace(tz=None) != Times()


class Question(NamedTuple):
    """What a command is asked. ``at`` makes the query of it, at any time again.

    Attributes:
        times: the window and the zone.
        names: dimension → values, as given.
        where: the filter, as given.
        by: dimensions; ``sort`` and ``top`` are about them.
        address: of the database to ask instead of this machine, as given.
    """

    times: Times = Times()
    names: Mapping[str, Names] = {}
    where: Names = None
    by: tuple[str, ...] = ()
    sort: Sort | None = None
    top: int | None = None
    address: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Question:
        """The question of options as given, by the names of their parameters.

        Raises:
            UsageError: there are several databases, or several first days.
        """
        first, address = given.get("first"), given.get("address")
        if isinstance(first, list):
            first, address = _day_and_address(first)
        fields = {name: value for name, value in given.items() if name in Times._fields}
        names = {name: value for name, value in given.items() if name in (*NAMES, *HOST)}
        return cls(Times(**{**fields, "first": first}), names, given.get("where"), address=address)

    def grouped(self, by: Names, sort: str | None, top: int | None, default: tuple[str, ...]) -> Question:
        """The same about groups.

        Raises:
            UsageError: a dimension or a key of sorting is unknown.
        """
        return self._replace(by=parse_by(by or ()) or default, sort=parse_sort(sort), top=top)

    def at(self, now_ms: int) -> Query:
        """The query, for that present, milliseconds since 1970 UTC.

        Raises:
            UsageError: an option makes no sense.
        """
        times = self.times
        zone = zone_of(times.tz)
        begin, end = window(
            now_ms,
            days=times.days,
            first=times.first,
            last=times.last,
            today=times.today,
            month=times.month,
            everything=times.everything,
            zone=zone,
        )
        names = {name: values for name, words in self.names.items() if (values := parse_values(words or ()))}
        where = None
        if self.where:
            from ...usage.query.filters import parse

            where = parse(" ".join(self.where))
        return check(
            Query(
                begin,
                end,
                self.by,
                names,
                zone=zone,
                where=where,
                sort=self.sort,
                top=self.top,
                first_weekday=first_weekday(),
            )
        )

    def now(self) -> Query:
        """The query at this moment."""
        return self.at(time.time_ns() // 1_000_000)


def asks(*groups: Options) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some groups, where its parameter ``question`` stands."""
    options = {name: annotation for group in groups for name, annotation in group.items()}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if get_args(annotation)[0] is bool else None,
            annotation=annotation,
        )
        for name, annotation in options.items()
    ]

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def asked(**given: Any) -> None:
            question = Question.of({name: given.pop(name) for name in options})
            command(question=question, **given)

        expanded = [
            one
            for parameter in own.parameters.values()
            for one in (
                parameters if parameter.name == "question" else [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
            )
        ]
        # Typer reads both.
        asked.__dict__["__signature__"] = own.replace(parameters=expanded)
        asked.__annotations__ = {}
        return asked

    return with_options


def _day_and_address(given: list[str]) -> tuple[str | None, str | None]:
    """The day and the database that ``From`` names; None for none."""
    addresses = [text for text in given if is_address(text)]
    days = [text for text in given if not is_address(text)]
    if len(addresses) > 1:
        raise UsageError("--from names two databases.", hint="Ask one after the other.")
    if len(days) > 1:
        raise UsageError(f"--from names two days: {days[0]} and {days[1]}.", hint="The last one is named by --to.")
    return days[0] if days else None, addresses[0] if addresses else None


def with_month(arguments: list[str]) -> list[str]:
    """``--month`` has its value, or this month's in its place; typer knows no option whose value may be left out."""
    found = []
    for place, argument in enumerate(arguments):
        found.append(argument)
        following = arguments[place + 1] if place + 1 < len(arguments) else "-"
        # What looks like no month may be an option or a command; a month that is wrong has digits.
        if argument == "--month" and not re.match(rf"\d|{THIS_MONTH}$", following):
            found.append(THIS_MONTH)
    return found


class MonthCommand(TyperCommand):
    """A command with the option ``Month``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_month(args))


def not_before_the_command(ctx: Any) -> None:
    """Refuse options that stand before a subcommand, where nothing would come of them.

    Raises:
        UsageError: there is one.
    """
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"{parameter.opts[0]} stands before {ctx.invoked_subcommand}, where it does nothing.",
                hint=f"Put it after the command: {ctx.command_path} {ctx.invoked_subcommand} {parameter.opts[0]} …",
            )
