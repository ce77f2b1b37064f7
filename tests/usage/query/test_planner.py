from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.usage.query.calendar.timezones import DAY_MS, Zone, parse_zone
from fased_litellm.usage.query.dialect import SQLITE, Rollup
from fased_litellm.usage.query.planner import HOUR_MS, Grain, Piece, pieces, stretches
from fased_litellm.usage.query.query import TIMES
from tests.usage.query.calendar.test_timezones import ZONES, local
from tests.usage.samples import START_MS

grains = st.lists(st.sampled_from(TIMES), unique=True).map(Grain.of)
zones = st.sampled_from([*ZONES, "UTC", "+02:00", "+05:45", "-00:07"]).map(parse_zone)
edges = st.integers(-400, 400).map(lambda number: START_MS + number * HOUR_MS)
shifts = st.sampled_from([0, 0, 1, -1, 900_000, 450_000])


def bounds(piece: Piece) -> tuple[int, int]:
    width = piece.rollup.width_ms if piece.rollup else 1
    return piece.first * width, piece.last * width


def place(piece: Piece, moment: int, grain: Grain) -> tuple[int, int]:
    """Where a piece has the calls of a moment: its bucket has one time for all that is in it."""
    width = piece.rollup.width_ms if piece.rollup else 1
    unit = HOUR_MS if grain.hour else DAY_MS
    told = (moment // width * width + piece.shift) // unit if grain.hour or grain.day or grain.week else 0
    return told, piece.stretch.month


def wanted(zone: Zone, moment: int, grain: Grain) -> tuple[int, int]:
    unit = HOUR_MS if grain.hour else DAY_MS
    told = (moment + zone.offset_ms(moment)) // unit if grain.hour or grain.day or grain.week else 0
    day = zone.day(moment)
    return told, (day.year - 1970) * 12 + day.month - 1 if grain.month else 0


@settings(max_examples=300)
@given(edges, edges, shifts, zones, grains, st.booleans(), st.sets(st.sampled_from(SQLITE.rollups)))
def test_each_moment_of_a_window_is_read_once_and_in_its_place(
    one: int, other: int, shift: int, zone: Zone, grain: Grain, sessions: bool, rollups: set[Rollup]
) -> None:
    begin, end = min(one, other) + shift, max(one, other)
    found = pieces(stretches(begin, end, zone, grain), grain, rollups, sessions=sessions)
    assert not sessions or all(piece.rollup is None or piece.rollup.sessions for piece in found)
    # Between two of these, all moments are alike.
    cuts = {begin, end, *range(begin - begin % 900_000, end, 900_000)} | {
        cut for piece in found for cut in bounds(piece)
    }
    for moment in cuts:
        weights: Counter[tuple[int, int]] = Counter()
        for piece in found:
            first, last = bounds(piece)
            if first <= moment < last:
                weights[place(piece, moment, grain)] += piece.weight
        read = {told: weight for told, weight in weights.items() if weight}
        assert read == ({wanted(zone, moment, grain): 1} if begin <= moment < end else {})


def tables(begin: int, end: int, *by: str, zone: str = "UTC", sessions: bool = False) -> list[str]:
    grain = Grain.of(by)
    parts = stretches(begin, end, parse_zone(zone), grain)
    found = pieces(parts, grain, SQLITE.rollups, sessions=sessions)
    return [piece.rollup.table if piece.rollup else "call" for piece in sorted(found, key=bounds)]


def test_the_coarsest_table_that_can_tell_is_read() -> None:
    week = (START_MS, START_MS + 7 * DAY_MS)
    assert tables(*week) == ["rollup_session"]
    assert tables(*week, "day") == ["rollup_session"]
    assert tables(*week, "week", "month") == ["rollup_session"]
    assert tables(*week, "hour") == ["rollup_hour"]
    assert tables(*week, "hour", zone="+02:00") == ["rollup_hour"]
    assert tables(*week, "hour", zone="Asia/Kolkata") == ["call"]
    assert tables(*week, "day", zone="+13:00") == ["rollup_hour"]
    assert tables(*week, "day", "session", zone="+13:00", sessions=True) == ["call"]
    assert tables(START_MS, START_MS + DAY_MS, "day", zone="+02:00") == ["rollup_hour"]  # no whole day
    assert tables(*week, zone="Asia/Kolkata") == ["rollup_session"]  # no time is asked for
    assert tables(*week, sessions=True) == ["rollup_session"]
    assert tables(*week, "hour", sessions=True) == ["call"]
    assert tables(START_MS - HOUR_MS, week[1] + 1) == ["rollup_hour", "rollup_session", "call"]
    assert tables(START_MS + 1, START_MS + DAY_MS * 2 + HOUR_MS * 2 + 900_000) == [
        "call", "rollup_hour", "rollup_session", "rollup_hour", "call"
    ]  # fmt: skip
    assert tables(START_MS + 1, START_MS + 2) == ["call"]
    assert tables(START_MS, START_MS) == []
    assert set(tables(START_MS - 60 * DAY_MS, START_MS + 30 * DAY_MS, "month")) == {"rollup_session"}


def test_days_of_a_zone_are_those_of_utc_but_for_some_hours() -> None:
    begin = START_MS - 2 * HOUR_MS  # midnight in a zone that is two hours ahead
    assert tables(begin, begin + DAY_MS, "day", zone="+02:00") == ["rollup_hour", "rollup_session", "rollup_hour"]
    found = pieces(
        stretches(begin, begin + DAY_MS, parse_zone("+02:00"), Grain(day=True)),
        Grain(day=True),
        SQLITE.rollups,
        sessions=False,
    )
    day = START_MS // DAY_MS
    assert [(bounds(piece), piece.shift, piece.weight) for piece in found] == [
        ((day * DAY_MS, (day + 1) * DAY_MS), 0, 1),
        (((day + 1) * DAY_MS - 2 * HOUR_MS, (day + 1) * DAY_MS), 0, -1),
        ((day * DAY_MS - 2 * HOUR_MS, day * DAY_MS), 2 * HOUR_MS, 1),
    ]
    nine_days = (begin, begin + 9 * DAY_MS, "day")
    assert set(tables(*nine_days, zone="+05:30")) == {"call", "rollup_hour", "rollup_session"}
    assert set(tables(*nine_days, zone="-08:00")) == {"rollup_hour", "rollup_session"}
    assert set(tables(*nine_days, zone="-08:00", sessions=True)) == {"call", "rollup_session"}


def test_months_are_cut_where_they_end_there() -> None:
    zone = parse_zone("America/New_York")
    found = list(stretches(START_MS, START_MS + 20 * DAY_MS, zone, Grain(month=True)))
    assert [part.month % 12 + 1 for part in found] == [11, 12]
    assert local(found[1].span.from_ms, "America/New_York").strftime("%m-%d %H:%M") == "12-01 00:00"
