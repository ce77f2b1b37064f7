"""The base of all errors, and those of the command line, the config, references, keys, plug-ins and the local proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..redaction import redact, redact_source
from .kinds import KeyringTrouble

if TYPE_CHECKING:
    from .documents import ErrorPart, IssuePart


class FasedError(Exception):
    """Base of all errors which this package raises on purpose."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = redact(message)
        self.hint = None if hint is None else redact(hint)
        super().__init__(self.message)

    def as_dict(self) -> ErrorPart:
        """The value of ``error`` in the JSON document of a failed command."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class UsageError(FasedError):
    """The command line is wrong."""

    code = "usage"
    exit_status = 2


class FilterError(UsageError):
    """A filter of the usage history cannot be understood.

    Args:
        problem: what is wrong with it, without the place.
        at: where, in characters, from 0.
    """

    code = "filter"

    def __init__(self, problem: str, at: int, *, hint: str | None = None) -> None:
        super().__init__(f"--filter, character {at + 1}: {problem}.", hint=hint)
        self.problem, self.position = problem, at + 1

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "position": self.position}


class Cancelled(FasedError):
    """The user stopped the command; nothing was written."""

    code = "cancelled"
    exit_status = 130


class ConfigError(FasedError):
    """Something about fased.json, or a file beside it."""

    code = "config"


class ConfigSyntaxError(ConfigError):
    """A file is not JSON5.

    Args:
        reason: what is wrong, without the place.
        path: the file.
        line: line number, from 1.
        column: column, from 1, in characters.
        source_line: the text of that line; what may be a secret in it is left out.
    """

    code = "config-syntax"

    def __init__(self, reason: str, *, path: str, line: int, column: int, source_line: str) -> None:
        shown = redact_source(source_line)[:200]
        pointer = " " * min(len(redact_source(source_line[: column - 1])), len(shown)) + "^"
        super().__init__(
            f"{path}:{line}:{column}: {reason}\n  {shown}\n  {pointer}",
            hint="Correct the line; nothing was changed.",
        )
        self.reason, self.path, self.line, self.column, self.source_line = reason, path, line, column, shown

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "path": self.path, "line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem in a config: ``path`` is dotted, with ``[n]`` for array elements, empty for the root."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '<root>'}: {self.message}"


class ConfigInvalid(ConfigError):
    """The config parses, but does not hold; all issues are listed (Fased: ``Config invalid at <path>.``)."""

    code = "config-invalid"

    def __init__(self, path: str, issues: list[Issue], *, hint: str | None = None) -> None:
        issues = [Issue(issue.path, redact(issue.message)) for issue in issues]
        lines = "\n".join(f"- {issue}" for issue in issues)
        super().__init__(
            f"Config invalid at {path}.\n{lines}",
            hint=hint or "Correct these keys; nothing was changed.",
        )
        self.path, self.issues = path, issues

    def as_dict(self) -> ErrorPart:
        issues: list[IssuePart] = [{"path": issue.path, "message": issue.message} for issue in self.issues]
        return {**super().as_dict(), "path": self.path, "issues": issues}


class MissingVariable(ConfigError):
    """A value of the config was needed which refers to a variable that is not set, or empty.

    Args:
        issue: the value's place, and Fased's words for it.
        variable: the variable.
    """

    code = "missing-variable"

    def __init__(self, issue: Issue, variable: str, *, hint: str) -> None:
        super().__init__(f"{issue.message}.", hint=hint)
        self.path, self.variable = issue.path, variable

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "path": self.path, "variable": self.variable}


class ConfigConflict(ConfigError):
    """A file changed between reading and writing; nothing was written."""

    code = "config-conflict"


class ConfigWriteError(ConfigError):
    """A file could not be written; the old one stands."""

    code = "config-write"


class RefError(FasedError):
    """Something about a model reference."""

    code = "ref"


class InvalidRef(RefError):
    """A text is not ``provider/model``."""

    code = "invalid-ref"


class UnknownModel(RefError):
    """The proxy does not expose this model; ``nearest`` has the ids that look alike."""

    code = "unknown-model"

    def __init__(self, message: str, *, hint: str | None = None, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.nearest = nearest


class ModelNotAllowed(RefError):
    """``agents.defaults.models`` is an allow-list without this model."""

    code = "model-not-allowed"


class SecretError(FasedError):
    """Something about a key."""

    code = "secret"


class MissingKey(SecretError):
    """No key was found for a provider in any of the places where one may be."""

    code = "missing-key"


class SecretStoreError(SecretError):
    """A store of keys cannot be read or written."""

    code = "secret-store"


class KeyringError(SecretStoreError):
    """The OS keyring cannot be used; ``trouble`` says why in a word."""

    code = "keyring"

    def __init__(self, message: str, *, trouble: KeyringTrouble, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.trouble: KeyringTrouble = trouble

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "trouble": self.trouble}


class PluginError(FasedError):
    """A provider plug-in is broken or unknown."""

    code = "plugin"


class CatalogError(FasedError):
    """The list of models cannot be had or makes no sense."""

    code = "catalog"


class LocalProxyError(FasedError):
    """The local LiteLLM proxy did not start, or is not there."""

    code = "local-proxy"
