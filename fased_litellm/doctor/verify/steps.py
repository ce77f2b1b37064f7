"""What a step of the verification is, and the whole of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from ...documents import Doc, TypedDict
from ...errors import CallError, FasedError
from ..findings import Finding, FindingPart

Result = Literal["passed", "failed", "skipped"]


class StepPart(TypedDict):
    """One step of the path."""

    name: Annotated[str, Doc("name, connection, proxy, key, models, alias, request, stream, refusal, ledger, spend.")]
    title: str
    result: Result
    detail: str
    remedy: str | None
    cause: Annotated[str | None, Doc("Of a failure, as in the table of failures.")]
    origin: Annotated[str | None, Doc("Whose side it broke on.")]
    durationMs: Annotated[float | None, Doc("Milliseconds; null for a step that was skipped.")]
    facts: Annotated[dict[str, Any], Doc("What was measured; of a request the receipt and the split of its time.")]


class VerifiedAlias(TypedDict):
    """The steps of one alias, until one failed on which the next ones stand."""

    alias: str
    ok: bool
    steps: list[StepPart]
    findings: list[FindingPart]


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One step.

    Attributes:
        name: short fixed name; for programs.
        title: what was tried, for people.
        result: ``passed``, ``failed``, or ``skipped`` for a step that could not be tried.
        detail: what was seen, or why it was skipped or failed; never a secret.
        remedy: what to do about a failure.
        cause, origin: of a failed call, as in the table of failures.
        duration_ms: milliseconds; None for a step that was skipped.
        facts: what was measured, for programs.
    """

    name: str
    title: str
    result: Result
    detail: str
    remedy: str | None = None
    cause: str | None = None
    origin: str | None = None
    duration_ms: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> StepPart:
        return {
            "name": self.name,
            "title": self.title,
            "result": self.result,
            "detail": self.detail,
            "remedy": self.remedy,
            "cause": self.cause,
            "origin": self.origin,
            "durationMs": None if self.duration_ms is None else round(self.duration_ms, 3),
            "facts": self.facts,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """The steps of one alias.

    Attributes:
        alias: what was verified, as ``litellm/default``.
        steps: in their order.
        findings: what else was noticed, such as a release with known holes.
    """

    alias: str
    steps: tuple[RouteStep, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no step failed."""
        return not any(step.result == "failed" for step in self.steps)

    def step(self, name: str) -> RouteStep | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def as_dict(self) -> VerifiedAlias:
        return {
            "alias": self.alias,
            "ok": self.ok,
            "steps": [step.as_dict() for step in self.steps],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def failed(name: str, title: str, error: FasedError, duration_ms: float | None = None) -> RouteStep:
    """A step that ended in an error."""
    call = error if isinstance(error, CallError) else None
    return RouteStep(
        name,
        title,
        "failed",
        error.message,
        error.hint,
        call.cause if call else error.code,
        call.origin if call else None,
        duration_ms,
    )
