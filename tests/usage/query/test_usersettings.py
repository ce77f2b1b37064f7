from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.usage.query.usersettings import WEEKDAYS, default_zone, first_weekday, zone_of


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
def test_days_are_those_of_this_machine_unless_the_variable_or_the_option_says_otherwise() -> None:
    assert default_zone({}).name == "America/New_York"
    assert default_zone({"FASED_USAGE_TZ": " Asia/Kolkata "}).name == "Asia/Kolkata"
    assert zone_of("+02:00", {"FASED_USAGE_TZ": "Asia/Kolkata"}).name == "+02:00"
    assert zone_of("", {"FASED_USAGE_TZ": "Asia/Kolkata"}).name == "Asia/Kolkata"
    assert zone_of(None, {"FASED_USAGE_TZ": "local"}).name == "America/New_York"


def test_a_variable_that_names_no_zone_is_named() -> None:
    with pytest.raises(UsageError, match="FASED_USAGE_TZ: There is no time zone 'Europe/Berln'") as caught:
        default_zone({"FASED_USAGE_TZ": "Europe/Berln"})
    assert "Europe/Berlin" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "day"), [("", 0), ("monday", 0), ("Sunday", 6), ("sun", 6), (" SATURDAY ", 5), *((name, number) for number, name in enumerate(WEEKDAYS))]
)  # fmt: skip
def test_the_day_on_which_weeks_begin(text: str, day: int) -> None:
    assert first_weekday({"FASED_USAGE_WEEK_START": text}) == day


@pytest.mark.parametrize("text", ["s", "su", "funday", "7", "sundays"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="FASED_USAGE_WEEK_START"):
        first_weekday({"FASED_USAGE_WEEK_START": text})
