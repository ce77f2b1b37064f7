"""What was agreed: whose calls, how much, and what happens then. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Literal, cast

from ...context import CallContext
from ...documents import Doc, Name, Number, TypedDict
from ...refs import ModelRef
from ..query.names import NONE
from .amounts import exact
from .windows import PERIODS, Period

Action = Literal["warn", "stop"]
ACTIONS: tuple[Action, ...] = ("warn", "stop")
UTC_NAME = "UTC"


class ScopePart(TypedDict, total=False):
    """Which calls are counted: those that have all these names, all calls if it has none. ``-`` is for calls without one."""

    agent: Name
    task: Name
    channel: Name
    provider: Name
    model: Annotated[Name, Doc("With or without its provider: litellm/default, default.")]


class BudgetKey(TypedDict):
    """The number and the scope of a budget."""

    id: Number
    scope: ScopePart


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls a budget counts: those that have all the names which are given; with none given, all.

    ``-`` means calls without a name. A model may be written with its provider, as ``litellm/default``.
    """

    agent: str | None = None
    task: str | None = None
    channel: str | None = None
    provider: str | None = None
    model: str | None = None

    def names(self) -> dict[str, str]:
        """The names that are given, by dimension."""
        return {name: value for name in SCOPES if (value := getattr(self, name)) is not None}

    def as_dict(self) -> ScopePart:
        """The scope in JSON."""
        return cast("ScopePart", self.names())

    def covers(self, context: CallContext, ref: ModelRef) -> bool:
        """Whether a call for that context by that model would be counted."""
        return self.has(context.agent, context.task, context.channel, ref.provider, ref.model)

    def has(
        self, agent: str | None, task: str | None, channel: str | None, provider: str | None, model: str | None
    ) -> bool:
        """The same for the names of a row; '' and None are no name."""
        return (
            _has(self.agent, agent)
            and _has(self.task, task)
            and _has(self.channel, channel)
            and _has(self.provider, provider)
            and (_has(self.model, model) or self.model == f"{provider}/{model}")
        )

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.names().items()) or "all calls"


SCOPES: tuple[str, ...] = tuple(field.name for field in fields(Scope))
"""The dimensions by which a budget can be told from another."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget.

    Attributes:
        id: its number, given once and not again.
        scope: which calls it counts; no two budgets have the same.
        limits: period → the most that may be spent in it, in pico-USD; at least one.
        action: whether a call is warned of or refused once a limit is reached.
        time_zone: whose days and months count, ``UTC`` or a name of the IANA database.
    """

    id: int
    scope: Scope
    limits: Mapping[Period, int]
    action: Action = "warn"
    time_zone: str = UTC_NAME

    def __str__(self) -> str:
        return f"Budget {self.id} ({self.scope})"

    @property
    def key(self) -> BudgetKey:
        """The number and the scope in JSON."""
        return {"id": self.id, "scope": self.scope.as_dict()}

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods that have a limit, the shorter first."""
        return tuple(period for period in PERIODS if period in self.limits)

    def options(self, **more: str) -> str:
        """The options of ``fased usage budget set`` that name this budget, and more of them, as typed in a shell."""
        words = [word for name, value in {**self.scope.names(), **more}.items() for word in (f"--{name}", value)]
        return shlex.join(words)


OPTIONS: Mapping[Period, str] = {"day": "daily", "month": "monthly"}
"""Period → the option of its limit, without dashes."""


def limits_text(budget: Budget) -> str:
    """``$5 per day, $50 per month``."""
    return ", ".join(f"${exact(budget.limits[period])} per {period}" for period in budget.periods)


def _has(wanted: str | None, value: str | None) -> bool:
    return wanted is None or value == wanted or (wanted == NONE and not value)
