from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import redaction
from fased_litellm.errors import UsageError
from fased_litellm.usage.postgres.url import VARIABLE, find_place, is_place

MARK = "MARK0815secret"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://", "postgresql://"),
        ("postgresql://host", "postgresql://host"),
        ("postgres://user@host:5433/usage", "postgresql://host:5433/usage"),
        ("PostgreSQL://user@host/usage", "postgresql://host/usage"),
        (f"postgresql://user:{MARK}@host/usage?sslmode=require", "postgresql://host/usage"),
        (f"postgresql://host/usage?password={MARK}&user=me", "postgresql://host/usage"),
        ("postgresql://[::1]:5432,other/usage", "postgresql://[::1]:5432,other/usage"),
        ("postgresql:///usage?host=/run/postgresql", "postgresql:///run/postgresql/usage"),
        ("postgresql:///?service=fleet", "postgresql://service fleet"),
        ("postgresql:///?dbname=usage&host=box", "postgresql://box/usage"),
        ("postgresql://user@host/my%20usage", "postgresql://host/my usage"),
    ],
)
def test_an_address_is_shown_without_user_and_password(address: str, shown: str) -> None:
    place = find_place(address, {})
    assert (str(place.address), place.shown) == (address, shown)
    assert place.exposed == (MARK in address)
    assert MARK not in repr(place)
    assert (MARK in redaction._known) == (MARK in address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "usage",
        "host=box dbname=usage",
        f"postgres:{MARK}@host",
        f"mysql://user:{MARK}@host/usage",
        f"postgresql://user:{MARK}/x@host/usage",
        f"postgresql://user:x@{MARK}@host/usage",
        f"postgresql://user:{MARK}?x@host/usage",
        f"postgresql://user:{MARK}#x@host/usage",
        f"postgresql://user:{MARK} x@host/usage",
        f"postgresql://user:{MARK}",
        f"postgresql://user:{MARK}/usage",
        f"postgresql://user:\n{MARK}@host/usage",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_place(address, {})
    text = f"{caught.value.message} {caught.value.hint}"
    assert "--to" in text
    assert MARK not in text


@given(st.text(min_size=6))
def test_no_part_of_any_address_is_repeated(text: str) -> None:
    for address in (f"postgresql://u:{text}@h/d", f"postgres:{text}", text):
        with contextlib.suppress(UsageError):
            find_place(address, {})
            continue
        with pytest.raises(UsageError, match=r"^The value of --to is not (an address that can be read|the address of)"):
            find_place(address, {})


def test_where_the_command_line_says_nothing_the_environment_does() -> None:
    env = {VARIABLE: f"postgresql://user:{MARK}@box/usage"}
    for given_ in (None, "postgresql://", " postgres:// "):
        place = find_place(given_, env)
        assert (place.shown, place.exposed) == ("postgresql://box/usage", False)
    assert find_place("postgresql://other/usage", env).shown == "postgresql://other/usage"
    assert find_place("postgresql://", {"PGHOST": "box", "PGDATABASE": "usage"}).shown == "postgresql://box/usage"
    assert find_place("postgresql://", {"PGSERVICE": "fleet"}).shown == "postgresql://service fleet"
    with pytest.raises(UsageError, match=VARIABLE):
        find_place(None, {VARIABLE: "nonsense"})
    with pytest.raises(UsageError, match="--to is missing"):
        find_place(None, {})


def test_passwords_of_the_environment_are_hidden() -> None:
    find_place("postgresql://host/usage", {"PGPASSWORD": MARK})
    assert redaction.redact(f"the word {MARK} stands here") == "the word *** stands here"


def test_a_password_is_hidden_as_it_is_written_and_as_it_is() -> None:
    find_place("postgresql://user:p%40ss%2Fword@host/usage", {})
    assert redaction.redact("p%40ss%2Fword or p@ss/word") == "*** or ***"


@pytest.mark.parametrize(
    ("text", "place"),
    [("2026-11-16", False), ("postgresql://x", True), ("POSTGRES://x", True), ("postgres:/x", True), ("p", False)],
)
def test_a_place_is_told_from_a_day(text: str, place: bool) -> None:
    assert is_place(text) is place
