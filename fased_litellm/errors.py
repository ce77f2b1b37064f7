"""Every exception of the package, with its code, exit status and hint.

::

    FasedError                      error                 1
    ├── UsageError                  usage                 2
    │   └── FilterError             filter                2   of --filter, with the place
    ├── Cancelled                   cancelled           130
    ├── ConfigError                 config                1
    │   ├── ConfigSyntaxError       config-syntax         1   file, line, column, the line
    │   ├── ConfigInvalid           config-invalid        1   every problem at once
    │   ├── MissingVariable         missing-variable      1   a value was needed whose ${VAR} is not set
    │   ├── ConfigConflict          config-conflict       1   changed by another program
    │   └── ConfigWriteError        config-write          1   nothing was written
    ├── RefError                    ref                   1
    │   ├── InvalidRef              invalid-ref           1
    │   ├── UnknownModel            unknown-model         1   with the nearest ids
    │   └── ModelNotAllowed         model-not-allowed     1
    ├── SecretError                 secret                1
    │   ├── MissingKey              missing-key           1
    │   └── SecretStoreError        secret-store          1
    │       └── KeyringError        keyring               1   no backend, locked, too slow, failed
    ├── PluginError                 plugin                1
    ├── CatalogError                catalog               1
    ├── LedgerError                 ledger                1
    │   └── LedgerDamaged           ledger-damaged        1   `fased usage` sets it aside and saves what can be read
    ├── NotInHistory                not-in-history        1   a session or task without calls; with the nearest ones
    ├── FleetError                  fleet                 1   the database with the usage of many machines
    ├── BudgetError                 budget                1   budgets cannot be read, written or checked
    │   └── BudgetExceeded          budget-exceeded       1   which, spent, limit, resets when; nothing was sent
    ├── ExportError                 export                1   a file is there already, or cannot be written
    ├── LocalProxyError             local-proxy           1
    ├── KeyAdminError               key-admin             1   the proxy refuses to make, change or show a virtual key
    ├── SpendError                  spend                 1   the proxy does not show what was spent
    └── CallError                   call-failed           1   cause, origin, remedy
        ├── NetworkError            network               1
        │   ├── AddressBlocked      address-blocked       1
        │   ├── ConnectFailed       connect-failed        1
        │   ├── TlsFailed           tls-failed            1
        │   ├── TimedOut            timed-out             1
        │   └── BadAnswer           bad-answer            1   too large, not HTTP, not JSON
        ├── ProxyError              proxy                 1   the proxy answered with a failure
        └── StreamInterrupted       stream-interrupted    1   with what arrived before

The second column is ``code``, as printed in ``{"error": {"code": …}}``; the third is the exit status of the command.
A message says what happened and where; the hint says what to do. Neither ever holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NotRequired

from .documents import Doc, Number, TypedDict, Usd, open_ended
from .redaction import redact, redact_source

if TYPE_CHECKING:
    from decimal import Decimal

Origin = Literal["caller", "caller-key", "network", "gateway", "provider-key", "provider", "unknown"]
"""Whose side a failed call broke on; ``network`` is the way between us and the proxy."""


KeyringTrouble = Literal["no-backend", "locked", "too-slow", "failed"]


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


# ---- config


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


# ---- references


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


# ---- secrets


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


# ---- plug-ins, catalog, ledger, local proxy


class PluginError(FasedError):
    """A provider plug-in is broken or unknown."""

    code = "plugin"


class CatalogError(FasedError):
    """The list of models cannot be had or makes no sense."""

    code = "catalog"


class NotInHistory(FasedError):
    """No call in the usage history is of the session or task that was asked for."""

    code = "not-in-history"


class LedgerError(FasedError):
    """The usage ledger cannot be read or written."""

    code = "ledger"


class LedgerDamaged(LedgerError):
    """The usage ledger's file is damaged; ``fased usage`` sets it aside and saves what can be read of it."""

    code = "ledger-damaged"


class ExportError(FasedError):
    """A file of an export is there already, or cannot be written."""

    code = "export"


class BudgetError(FasedError):
    """The budgets cannot be read, written or checked; a call that one may stop is not made then."""

    code = "budget"


class BudgetExceeded(BudgetError):
    """A budget that stops is used up, or calls under way have reserved what is left: nothing was sent.

    Args:
        message: which budget, how much was spent of how much, when.
        hint: when it resets, and how to go on before.
        budget: number of the budget.
        scope: whose calls it counts, in words.
        period: ``day`` or ``month``.
        limit_usd: its limit in USD.
        spent_usd: what was spent, in USD.
        reserved_usd: what calls under way have reserved of the rest, in USD; 0 where all of it is spent.
        resets_at: when it resets, in UTC, as ``2026-11-23T00:00:00Z``.
    """

    code = "budget-exceeded"

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        budget: int,
        scope: str,
        period: Literal["day", "month"],
        limit_usd: Decimal,
        spent_usd: Decimal,
        reserved_usd: Decimal,
        resets_at: str,
    ) -> None:
        super().__init__(message, hint=hint)
        self.budget, self.scope, self.period = budget, redact(scope), period
        self.limit_usd, self.spent_usd, self.reserved_usd = limit_usd, spent_usd, reserved_usd
        self.resets_at = resets_at

    def as_dict(self) -> ErrorPart:
        budget: ExceededBudget = {
            "id": self.budget,
            "scope": self.scope,
            "period": self.period,
            "limitUsd": float(self.limit_usd),
            "spentUsd": float(self.spent_usd),
            "reservedUsd": float(self.reserved_usd),
            "resetsAt": self.resets_at,
        }
        return {**super().as_dict(), "budget": budget}


class FleetError(FasedError):
    """The database with the usage of many machines cannot be used.

    Args:
        state: PostgreSQL's SQLSTATE, or as much of it as is known; None where it is not the database that complains.
    """

    code = "fleet"

    def __init__(self, message: str, *, hint: str | None = None, state: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.state = state


class LocalProxyError(FasedError):
    """The local LiteLLM proxy did not start, or is not there."""

    code = "local-proxy"


class SpendError(FasedError):
    """The proxy does not show what was spent.

    Args:
        trouble: why, in a word; None where it is another thing.
    """

    code = "spend"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        trouble: Literal["no-database", "not-allowed", "too-old"] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.trouble = trouble


class KeyAdminError(FasedError):
    """The proxy refuses to make, change or show a virtual key.

    Args:
        status: HTTP status of its answer; None where there was none.
    """

    code = "key-admin"

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


# ---- calls


class CallError(FasedError):
    """A request through the proxy failed.

    Args:
        message: what happened.
        cause: short name of the cause, a key of the table of failures (``proxy.causes``).
        origin: whose side it broke on.
        hint: the remedy.
        status: HTTP status of the proxy's answer, if there was one.
        type: ``error.type`` of the proxy's answer, if it was set.
        retry_after_s: seconds after which a repetition makes sense, if known.
    """

    code = "call-failed"
    default_origin: ClassVar[Origin] = "unknown"

    def __init__(
        self,
        message: str,
        *,
        cause: str,
        origin: Origin | None = None,
        hint: str | None = None,
        status: int | None = None,
        type: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.origin: Origin = origin or self.default_origin
        self.status = status
        self.type = redact(type) if type else type
        self.retry_after_s = retry_after_s
        self.receipt: Any = None
        """The receipt of the failed call (``proxy.receipt.Receipt``), set where one was begun."""

    @property
    def remedy(self) -> str | None:
        """What to do: the hint by another name."""
        return self.hint

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "cause": self.cause, "origin": self.origin, "status": self.status}


class NetworkError(CallError):
    """The proxy was not reached, or did not answer as HTTP."""

    code = "network"
    default_origin: ClassVar[Origin] = "network"


class AddressBlocked(NetworkError):
    """The address is private or special-use, and the config does not allow it."""

    code = "address-blocked"
    default_origin: ClassVar[Origin] = "caller"


class ConnectFailed(NetworkError):
    """Nothing listens there, or the name does not resolve."""

    code = "connect-failed"


class TlsFailed(NetworkError):
    """The TLS handshake failed."""

    code = "tls-failed"


class TimedOut(NetworkError):
    """No answer in time."""

    code = "timed-out"


class BadAnswer(NetworkError):
    """The answer is too large, is not HTTP, or is not what a LiteLLM proxy sends."""

    code = "bad-answer"


class ProxyError(CallError):
    """The proxy answered, with a failure."""

    code = "proxy"


class StreamInterrupted(CallError):
    """A stream ended before its end; ``partial`` is the reply as far as it came."""

    code = "stream-interrupted"

    def __init__(self, message: str, *, partial: Any = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.partial = partial

    def as_dict(self) -> ErrorPart:
        """With what arrived of the reply, where something did: it was paid for."""
        document = super().as_dict()
        if self.partial is not None and (self.partial.text or self.partial.reasoning or self.partial.tool_calls):
            whole = self.partial.as_dict()
            document["partial"] = {
                "text": whole["text"],
                "reasoning": whole["reasoning"],
                "toolCalls": whole["toolCalls"],
            }
        return document
