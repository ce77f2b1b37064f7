"""The file of the budgets: small, private, replaced as a whole under a lock.

It is not in the ledger, which may be damaged or set aside, and not in fased.json, of which Fased knows every key.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from ... import atomicfile, jsontext, plainfile
from ...config.files.filelock import LockBusy, locked
from ...documents import Doc, Name, Number, TypedDict
from ...errors import BudgetError, UsageError
from .amounts import Amount, exact, parse_usd
from .budget import ACTIONS, OPTIONS, SCOPES, Action, Budget, BudgetKey, Scope
from .windows import PERIODS, Period

VERSION: Literal[1] = 1
_MOST_BYTES = 1024 * 1024
_MOST_WORDS = 300
_KEYS = {"version", "nextId", "budgets"}
_BUDGET_KEYS = {"id", "scope", "limits", "action", "timeZone"}


class LimitsPart(TypedDict, total=False):
    """The limits; at least one."""

    daily: Amount
    monthly: Amount


class BudgetPart(BudgetKey, TypedDict):
    """One budget in the file."""

    limits: Annotated[LimitsPart, Doc(minProperties=1)]
    action: Action
    timeZone: Annotated[Name, Doc("UTC, a name of the IANA database, an offset such as +02:00, or local.")]


class BudgetsFile(TypedDict):
    """The file ``litellm/budgets.json`` below the state folder."""

    version: Literal[1]
    nextId: Number
    budgets: list[BudgetPart]


@dataclass(frozen=True, slots=True)
class Book:
    """All budgets, in the order in which they were made; ``next_id`` is for the next one."""

    budgets: tuple[Budget, ...] = ()
    next_id: int = 1


def load(path: Path) -> Book:
    """Read the file; none is no budgets.

    Raises:
        BudgetError: it cannot be read, is damaged, or is from a newer version.
    """
    try:
        data = plainfile.read(path, _MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return Book()
    except OSError as error:
        raise BudgetError(
            f"The budgets in {path} cannot be read: {error.strerror}.", hint="No call is made while they are not known."
        ) from error
    try:
        body = jsontext.loads(data)
        version = body["version"]
        if type(version) is int and version > VERSION:
            raise BudgetError(
                f"{path} was written by a newer fased-litellm (version {version} of budgets; this one knows {VERSION}).",
                hint="Upgrade fased-litellm on this machine. No call is made while its budgets are not known.",
            )
        return _book(body)
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        why = error.message if isinstance(error, UsageError) else str(error) or type(error).__name__
        why = why if len(why) <= _MOST_WORDS else f"{why[:_MOST_WORDS]}…"  # it may quote what stands there
        raise BudgetError(
            f"The budgets in {path} are damaged: {why.rstrip('.')}.",
            hint=f"No call is made while they are not known. Correct the file, or move it away (mv {path} {path}.damaged)"
            " and set the budgets again.",
        ) from error


def change(path: Path, edit: Callable[[Book], Book]) -> Book:
    """Change the budgets, alone among all processes; without any left, the file is removed.

    Raises:
        BudgetError: the file cannot be read or written; it is as it was.
    """
    try:
        with locked(path):
            before = load(path)
            after = edit(before)
            if not after.budgets:
                path.unlink(missing_ok=True)
            elif after != before:
                atomicfile.replace(path, text_of(after))
            return after
    except LockBusy as error:
        raise BudgetError(
            f"The budgets in {path} are held by another program.", hint="Try again once that program is done."
        ) from error
    except OSError as error:
        raise BudgetError(f"The budgets cannot be written to {path}: {error.strerror}.") from error


def mark_of(path: str | os.PathLike[str]) -> tuple[int, int, int] | None:
    """Changes whenever the file does; None if there is none. Costs one system call."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 0, 0, 0  # to read it will say what is wrong
    return found.st_ino, found.st_mtime_ns, found.st_size


def text_of(book: Book) -> bytes:
    """The text of the file, in UTF-8."""
    budgets: list[BudgetPart] = [
        {
            **budget.key,
            "limits": cast("LimitsPart", {OPTIONS[each]: exact(budget.limits[each]) for each in budget.periods}),
            "action": budget.action,
            "timeZone": budget.time_zone,
        }
        for budget in book.budgets
    ]
    document: BudgetsFile = {"version": VERSION, "nextId": book.next_id, "budgets": budgets}
    return jsontext.indented(document)


def _book(body: Mapping[str, Any]) -> Book:
    if body["version"] != VERSION or type(body["version"]) is not int:
        raise ValueError(f"version {body['version']!r} is none")
    _only(body, _KEYS, "the file")
    budgets = tuple(_budget(entry) for entry in body["budgets"])
    for name, values in (("id", [one.id for one in budgets]), ("scope", [one.scope for one in budgets])):
        if len(set(values)) < len(values):
            raise ValueError(f"two budgets have the same {name}")
    next_id = body["nextId"]
    if type(next_id) is not int or next_id <= max((one.id for one in budgets), default=0):
        raise ValueError("nextId is no number above all ids")
    return Book(budgets, next_id)


def _budget(entry: Mapping[str, Any]) -> Budget:
    _only(entry, _BUDGET_KEYS, "a budget")
    number, scope, action, zone = entry["id"], entry["scope"], entry["action"], entry["timeZone"]
    if type(number) is not int or number < 1:
        raise ValueError(f"{number!r} is no id")
    _only(scope, set(SCOPES), "a scope")
    if not all(isinstance(value, str) and value for value in (*scope.values(), zone)):
        raise ValueError(f"budget {number} has an empty name")
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action")
    periods: dict[str, Period] = {OPTIONS[period]: period for period in PERIODS}
    _only(entry["limits"], set(periods), "limits")
    limits = {periods[name]: parse_usd(amount, name) for name, amount in entry["limits"].items()}
    if not limits:
        raise ValueError(f"budget {number} has no limit")
    return Budget(number, Scope(**scope), limits, action, zone)


def _only(found: Mapping[str, Any], known: set[str], where: str) -> None:
    # A misspelt limit that was passed over would be a limit that does not hold.
    if unknown := set(found) - known:
        raise ValueError(f"{', '.join(map(repr, sorted(unknown)))} is unknown in {where}")
