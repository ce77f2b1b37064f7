"""What a check found: one form for the model map, the doctor and whatever looks at a route."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from ..documents import Doc, Number, TypedDict

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""Worst first. ``error``: calls fail or a secret is in danger. ``warning``: they may. ``info``: good to know."""


class FindingPart(TypedDict):
    """One thing that was noticed."""

    code: str
    severity: Severity
    message: str
    remedy: str
    file: str | None
    line: Annotated[Number, Doc("Line of the file, from 1.")] | None
    command: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed.

    Attributes:
        code: short fixed name, such as ``fallback-unknown``; for programs.
        severity: how bad it is.
        message: what is so, and why it matters; never a secret.
        remedy: what to do about it.
        file: the file that it stands in, None where it is in none.
        line: line of the file, from 1.
        command: a command that mends it, if there is one.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    file: str | None = None
    line: int | None = None
    command: str | None = None

    @property
    def place(self) -> str | None:
        """``config.yaml:12``, None where it stands in no file."""
        if self.file is None:
            return None
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def as_dict(self) -> FindingPart:
        """The finding in a JSON document."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "remedy": self.remedy,
            "file": self.file,
            "line": self.line,
            "command": self.command,
        }


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, worst first, then as they stand in their files; each once."""
    unique = dict.fromkeys(findings)
    return tuple(
        sorted(unique, key=lambda found: (SEVERITIES.index(found.severity), found.file or "", found.line or 0))
    )


def counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many there are of each severity."""
    found = list(findings)
    return {severity: sum(item.severity == severity for item in found) for severity in SEVERITIES}
