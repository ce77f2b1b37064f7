"""Setting and removing budgets."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.context import CallContext
from fased_litellm.errors import UsageError
from fased_litellm.refs import ModelRef
from fased_litellm.usage.budgets.budget import SCOPES, Budget, Scope, limits_text
from fased_litellm.usage.budgets.edits import MOST, parse_action, parse_limits, put, scope_of, take
from fased_litellm.usage.budgets.store import Book

USD = 10**12
MAIN = Scope(agent="main")


def made(*scopes: Scope) -> Book:
    book = Book()
    for scope in scopes:
        book, _ = put(book, scope, {"day": 5 * USD}, None, None)
    return book


def test_a_new_one_warns_in_utc() -> None:
    book, budget = put(Book(), MAIN, parse_limits({"day": "5", "month": None}), None, None)
    assert budget == Budget(1, MAIN, {"day": 5 * USD}, "warn", "UTC")
    assert book == Book((budget,), 2)
    assert limits_text(budget) == "$5 per day"


def test_what_is_given_changes_and_all_else_stays() -> None:
    book, _ = put(made(Scope(), MAIN), MAIN, {"month": 50 * USD}, "stop", "Europe/Berlin")
    assert book.next_id == 3
    assert book.budgets[0].scope == Scope()
    assert book.budgets[1] == Budget(2, MAIN, {"day": 5 * USD, "month": 50 * USD}, "stop", "Europe/Berlin")
    assert book.budgets[1].periods == ("day", "month")
    book, budget = put(book, MAIN, parse_limits({"day": " None ", "month": None}), None, None)
    assert (budget.limits, budget.action, budget.time_zone) == ({"month": 50 * USD}, "stop", "Europe/Berlin")
    book, budget = put(book, MAIN, {}, "warn", None)
    assert (budget.limits, budget.action) == ({"month": 50 * USD}, "warn")


@pytest.mark.parametrize(
    ("book", "limits", "action", "zone", "message"),
    [
        (Book(), {}, None, None, "A budget needs a limit"),
        (Book(), {"day": None}, "stop", None, "A budget needs a limit"),
        (made(MAIN), {"day": None}, None, None, r"Budget 1 \(agent main\) would have no limit"),
        (made(MAIN), {}, None, None, r"Nothing is given to change in Budget 1"),
        (Book(), {"day": USD}, None, "Europe/Berlni", "There is no time zone 'Europe/Berlni'"),
        (made(*(Scope(task=f"t{n}") for n in range(MOST))), {"day": USD}, None, None, f"There are {MOST} budgets"),
    ],
)
def test_what_cannot_be_set(book: Book, limits: Any, action: Any, zone: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        put(book, MAIN, limits, action, zone)
    assert caught.value.hint


def test_removing_by_number_and_by_options() -> None:
    book = made(Scope(), MAIN, Scope(task="digest"))
    rest, gone = take(book, [2, 1, 2], Scope())
    assert [one.id for one in rest.budgets] == [3]
    assert [one.id for one in gone] == [1, 2]
    assert put(rest, Scope(task="x"), {"day": 1}, None, None)[1].id == 4
    rest, gone = take(book, [], Scope(task="digest"))
    assert [one.id for one in gone] == [3]


@pytest.mark.parametrize(
    ("ids", "scope", "message"),
    [
        ([], Scope(), "Which budget"),
        ([1], MAIN, "not by both"),
        ([7, 1, 9], Scope(), "There is no budget 7, 9"),
        ([], Scope(agent="ops"), "There is no budget for agent ops"),
    ],
)
def test_what_cannot_be_removed(ids: list[int], scope: Scope, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        take(made(MAIN), ids, scope)
    assert "1 (agent main)" in (caught.value.hint or "")


def test_names_as_typed() -> None:
    assert scope_of(
        {"agent": " Main ", "task": "Daily Digest", "channel": "-", "provider": None, "model": None}
    ) == Scope(agent="main", task="Daily Digest", channel="-")
    for wrong in ("", "  ", "x" * 513, "a\x1b[31m"):
        with pytest.raises(UsageError, match=r"--task .* is not a valid name"):
            scope_of({"task": wrong})
    assert parse_action(" STOP") == "stop"
    assert parse_action(None) is None
    with pytest.raises(UsageError, match="--action"):
        parse_action("block")


REF = ModelRef.parse("litellm/openai/gpt-5")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(agent="main"), True),
        (Scope(agent="ops"), False),
        (Scope(agent="main", task="digest"), True),
        (Scope(agent="main", task="other"), False),
        (Scope(channel="-"), True),
        (Scope(task="-"), False),
        (Scope(provider="litellm"), True),
        (Scope(provider="openai"), False),
        (Scope(model="openai/gpt-5"), True),
        (Scope(model="litellm/openai/gpt-5"), True),
        (Scope(model="gpt-5"), False),
        (Scope(model="-"), False),
    ],
)
def test_what_a_scope_covers(scope: Scope, covered: bool) -> None:
    assert scope.covers(CallContext(agent="main", task="digest"), REF) is covered


NAME = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(st.dictionaries(st.sampled_from(SCOPES), NAME))
def test_the_options_of_a_budget_are_those_that_name_it(names: dict[str, str]) -> None:
    scope = scope_of(names if "agent" not in names else {**names, "agent": "main"})
    words = shlex.split(replace(Budget(1, scope, {"day": 1})).options())
    typed = {words[place].removeprefix("--"): words[place + 1] for place in range(0, len(words), 2)}
    assert scope_of(typed) == scope
