"""What an error is in JSON: the document of any command with ``--json`` that fails."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from ..documents import Doc, Number, TypedDict, Usd, open_ended
from .kinds import KeyringTrouble, Origin


class IssuePart(TypedDict):
    """One problem in a config; ``path`` is dotted, with ``[n]`` for array elements, empty for the root."""

    path: str
    message: str


class ExceededBudget(TypedDict):
    """The budget that stopped a call."""

    id: Number
    scope: Annotated[str, Doc("Whose calls it counts, in words.")]
    period: Literal["day", "month"]
    limitUsd: Usd
    spentUsd: Usd
    reservedUsd: Annotated[Usd, Doc("USD that calls under way have reserved of the rest.")]
    resetsAt: Annotated[str, Doc("UTC.")]


class ToolCallPart(TypedDict):
    """A tool which the model wants called."""

    id: str | None
    name: str
    arguments: Annotated[str, Doc("JSON text, as the model wrote it.")]


class PartialReply(TypedDict):
    """A reply as far as it came."""

    text: str
    reasoning: str | None
    toolCalls: list[ToolCallPart]


class ProblemPart(TypedDict):
    """What went wrong."""

    code: str
    message: str
    hint: str | None


@open_ended
class ErrorPart(ProblemPart, TypedDict):
    """What went wrong. All but the first three are there for some kinds of errors alone."""

    cause: NotRequired[Annotated[str, Doc("Of a call: short name of the cause.")]]
    origin: NotRequired[Annotated[Origin, Doc("Of a call: whose side it broke on.")]]
    status: NotRequired[Annotated[int | None, Doc("Of a call: HTTP status of the proxy's answer.")]]
    partial: NotRequired[Annotated[PartialReply, Doc("What came of a stream that broke off; absent if nothing did.")]]
    budget: NotRequired[ExceededBudget]
    path: NotRequired[Annotated[str, Doc("A file, or a value in the config.")]]
    line: NotRequired[Number]
    column: NotRequired[Number]
    issues: NotRequired[list[IssuePart]]
    variable: NotRequired[Annotated[str, Doc("The environment variable that is missing.")]]
    position: NotRequired[Annotated[Number, Doc("Where a filter is wrong, in characters.")]]
    trouble: NotRequired[Annotated[KeyringTrouble, Doc("Why the OS keyring cannot be used.")]]


class ErrorDocument(TypedDict):
    """The document of any command with ``--json`` that fails."""

    error: ErrorPart
