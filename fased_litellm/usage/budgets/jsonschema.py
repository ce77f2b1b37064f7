"""JSON Schemas of the budgets: their file, and what ``fased usage budget`` prints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from .budget import Action
from .windows import Period

Name = Annotated[str, Field(min_length=1)]
Number = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$", description="USD, exactly.")]
Usd = Annotated[float, Field(ge=0)]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$", description="UTC.")]


class _Document(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class ScopePart(_Document):
    """Which calls are counted: those that have all these names, all calls if it has none. ``-`` is for calls without one."""

    agent: Name | SkipJsonSchema[None] = None
    task: Name | SkipJsonSchema[None] = None
    channel: Name | SkipJsonSchema[None] = None
    provider: Name | SkipJsonSchema[None] = None
    model: Name | SkipJsonSchema[None] = Field(
        default=None, description="With or without its provider: litellm/default, default."
    )


class LimitsPart(_Document):
    """The limits; at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    daily: Amount | SkipJsonSchema[None] = None
    monthly: Amount | SkipJsonSchema[None] = None


class BudgetPart(_Document):
    """One budget in the file."""

    id: Number
    scope: ScopePart
    limits: LimitsPart
    action: Action
    time_zone: Name = Field(description="UTC, a name of the IANA database, an offset such as +02:00, or local.")


class BudgetsFile(_Document):
    """The file ``litellm/budgets.json`` below the state folder."""

    model_config = ConfigDict(title="Budgets")

    version: Literal[1]
    next_id: Number
    budgets: list[BudgetPart]


class LimitState(_Document):
    """A limit, and what was spent of it; all but the first two are null where that is not known."""

    period: Period
    limit_usd: Usd
    spent_usd: Usd | None = Field(description="The known cost of the calls.")
    share: Annotated[float, Field(ge=0)] | None = Field(description="spentUsd / limitUsd.")
    reached: bool | None
    from_: Moment | None = Field(alias="from", description="When this day or month began.")
    resets_at: Moment | None
    calls: Count | None = Field(description="Calls in it, those too that were refused.")
    unpriced_calls: Count | None = Field(description="Calls that used something at a price which is not known.")
    unpriced_models: list[str] | None


class BudgetState(_Document):
    """One budget with its limits."""

    id: Number
    scope: ScopePart
    action: Action
    time_zone: Name
    limits: list[LimitState]


class ProblemPart(_Document):
    """Why it is not known what was spent."""

    code: str
    message: str
    hint: str | None


class BudgetList(_Document):
    """The document of ``fased usage budget list --json``."""

    model_config = ConfigDict(title="Budget list")

    budgets: list[BudgetState]
    problem: ProblemPart | None


class BudgetSet(_Document):
    """The document of ``fased usage budget set --json``."""

    model_config = ConfigDict(title="Budget set")

    budget: BudgetState
    problem: ProblemPart | None


class RemovedPart(_Document):
    """A budget that is gone."""

    id: Number
    scope: ScopePart


class BudgetRemoved(_Document):
    """The document of ``fased usage budget remove --json``."""

    model_config = ConfigDict(title="Budgets removed")

    removed: list[RemovedPart]


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    documents: dict[str, type[BaseModel]] = {
        "budgets.schema.json": BudgetsFile,
        "budget-list.schema.json": BudgetList,
        "budget-set.schema.json": BudgetSet,
        "budget-removed.schema.json": BudgetRemoved,
    }
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {
        name: {"$schema": dialect, **model.model_json_schema(by_alias=True, mode="validation")}
        for name, model in documents.items()
    }
