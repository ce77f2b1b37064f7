from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.surrogates import SurrogateJoiner, join_surrogates


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["x\ud83d", "\ude00y"], ["x", "😀y", ""]),
        (["x\ud83d", "", "\ude00"], ["x", "", "😀", ""]),
        (["\ud83d\ude00"], ["😀", ""]),
        (["a\ud83d", "b"], ["a", "\ufffdb", ""]),
        (["\ude00"], ["\ufffd", ""]),
        (["\ud83d"], ["", "\ufffd"]),
        (["\ud83d", "\ud83d", "\ude00"], ["", "\ufffd", "😀", ""]),
        (["é", "😀"], ["é", "😀", ""]),
    ],
)
def test_halves_are_put_together(pieces: list[str], expected: list[str]) -> None:
    pairs = SurrogateJoiner()
    assert [*map(pairs.feed, pieces), pairs.end()] == expected


units = st.lists(st.sampled_from(["a", "é", "😀", "\ud83d", "\ude00", "\udbff"]), max_size=12).map("".join)


@given(units, st.lists(st.integers(0, 12), max_size=5))
def test_wherever_it_is_cut_it_is_what_the_whole_would_be(text: str, cuts: list[int]) -> None:
    # By UTF-16 units, as a server cuts that writes escapes.
    encoded = text.encode("utf-16-le", "surrogatepass")
    ends = sorted({min(2 * cut, len(encoded)) for cut in cuts} | {len(encoded)})
    pieces = [encoded[a:b].decode("utf-16-le", "surrogatepass") for a, b in zip([0, *ends], ends, strict=False)]
    pairs = SurrogateJoiner()
    whole = "".join([*map(pairs.feed, pieces), pairs.end()])
    assert whole == join_surrogates(text)
    whole.encode()


def test_a_mark_of_byte_order_is_a_character_as_any_other() -> None:
    assert join_surrogates("\ufeffa\ud83d\ude00\ud83d") == "\ufeffa😀\ufffd"
