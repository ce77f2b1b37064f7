from __future__ import annotations

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.usage.query.query import DIMENSIONS, Query, Sort, check, parse_by, parse_sort, parse_values


@pytest.mark.parametrize(
    ("words", "by"),
    [
        ([], ()),
        ([""], ()),
        (["agent,task"], ("agent", "task")),
        (["agent, task", "day", "agent"], ("agent", "task", "day")),
        (["served-model", "SERVED_MODEL", "servedModel"], ("servedModel",)),
        ([",".join(DIMENSIONS)], DIMENSIONS),
    ],
)
def test_dimensions_are_read_as_typed(words: list[str], by: tuple[str, ...]) -> None:
    assert parse_by(words) == by


def test_an_unknown_dimension_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="'chanel'") as caught:
        parse_by(["agent", "chanel"])
    assert "Did you mean channel?" in (caught.value.hint or "")
    with pytest.raises(UsageError) as caught:
        parse_by(["xyzzy"])
    assert (caught.value.hint or "").startswith("Known are provider, ")


def test_values_are_lists_too() -> None:
    assert parse_values(["main,ops", " dev", "main", ""]) == ("main", "ops", "dev")


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        (None, None),
        ("cost", Sort("cost")),
        ("-cost", Sort("cost", backwards=True)),
        (" Tokens ", Sort("tokens")),
        ("time", Sort("time")),
    ],
)
def test_orders_are_read_as_typed(text: str | None, sort: Sort | None) -> None:
    assert parse_sort(text) == sort


def test_an_unknown_order_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="'-cots'") as caught:
        parse_sort("-cots")
    assert "Did you mean cost?" in (caught.value.hint or "")


def test_parts_of_a_query_have_to_agree() -> None:
    query = Query(0, 1, ("agent", "week"), sort=Sort("time"), top=1)
    assert check(query) is query
    with pytest.raises(UsageError, match="--sort time needs a time"):
        check(Query(0, 1, ("agent",), sort=Sort("time")))
    with pytest.raises(UsageError, match="--top must be at least 1, not 0"):
        check(Query(0, 1, ("agent",), top=0))
