from __future__ import annotations

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.usage.query import DIMENSIONS, parse_by, parse_values
from fased_litellm.usage.record import iso
from fased_litellm.usage.windows import window
from tests.usage.samples import DAY_MS, START_MS

NOW = START_MS + DAY_MS + 4 * 3_600_000  # 2026-11-22T04:00:00Z


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
    ("days", "first", "last", "begin", "end"),
    [
        (None, None, None, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        (1, None, None, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        (30, None, None, "2026-10-24T00:00:00Z", "2026-11-23T00:00:00Z"),
        (None, "2026-11-16", None, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        (None, "2026-11-16", "2026-11-16", "2026-11-16T00:00:00Z", "2026-11-17T00:00:00Z"),
        (None, "2024-02-28", "2024-02-29", "2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z"),
        (None, "2026-11-16T10:30", "2026-11-16T10:45:00.5", "2026-11-16T10:30:00Z", "2026-11-16T10:45:00.500Z"),
        (None, "2026-11-16T10:30+02:00", "2026-11-16T12:00Z", "2026-11-16T08:30:00Z", "2026-11-16T12:00:00Z"),
        (None, "2026-11-16T10:30Z", "2026-11-17", "2026-11-16T10:30:00Z", "2026-11-18T00:00:00Z"),
    ],
)
def test_windows_are_what_people_mean(
    days: int | None, first: str | None, last: str | None, begin: str, end: str
) -> None:
    found = window(NOW, days=days, first=first, last=last)
    assert tuple(map(iso, found)) == (begin, end)


@pytest.mark.parametrize(
    ("days", "first", "last", "words"),
    [
        (0, None, None, "--days 0"),
        (-3, None, None, "--days -3"),
        (10**9, None, None, "--days"),
        (30_000, None, None, "before 1970"),
        (3, "2026-11-16", None, "cannot be combined"),
        (3, None, "2026-11-16", "cannot be combined"),
        (None, None, "2026-11-16", "--to needs --from"),
        (None, "2026-11-17", "2026-11-16", "is after"),
        (None, "2026-11-23", None, "is after today"),
        (None, "2026-11-31", None, "not a date"),
        (None, "16.11.2026", None, "not a date"),
        (None, "yesterday", None, "not a date"),
        (None, "20261116", None, "not a date"),
        (None, "2026-11-16", "9999-12-31", "not a date"),
        (None, "1969-12-31", None, "before 1970"),
    ],
)
def test_windows_that_make_no_sense_are_refused(
    days: int | None, first: str | None, last: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        window(NOW, days=days, first=first, last=last)
