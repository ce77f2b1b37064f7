from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.errors import FilterError
from fased_litellm.usage.query.filters import HAS_WHAT, KEYS, NAME_KEYS, NUMBERS, Filter, How, Term, Value, parse
from fased_litellm.usage.record import STATUSES

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
words = st.from_regex(r'[^\s",*?=-][^\s",]{0,8}', fullmatch=True)


@st.composite
def values(draw: st.DrawFn, key: str) -> Value:
    how: How = draw(st.sampled_from(["part", "pattern", "exact"]))
    if how == "pattern":
        text = draw(st.sampled_from(["*", "?", "a*", "*b", "x?y", "-*", "ok*"]))
    elif key == "status":
        text = draw(st.sampled_from(STATUSES))
    else:
        text = draw(texts)
        if key == "agent":
            text = text.replace(":", "-")
    if how == "exact" and key != "text" and draw(st.booleans()):
        text = ""
    return Value(text, how)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    key, negated = draw(st.sampled_from(KEYS)), draw(st.booleans())
    if key in NUMBERS:
        return Term(key, number=draw(st.integers(0, 10**13)), negated=negated)
    if key == "has":
        return Term(key, (Value(draw(st.sampled_from(HAS_WHAT))),), negated=negated)
    return Term(key, tuple(draw(st.lists(values(key), min_size=1, max_size=3, unique=True))), negated=negated)


@given(st.lists(terms(), min_size=1, max_size=5))
def test_what_is_written_is_read_again(chosen: list[Term]) -> None:
    once = parse(str(Filter(tuple(chosen))))
    assert once is not None
    assert parse(str(once)) == once
    # Terms of one key go together, so each value is there in one of them.
    for term in chosen:
        same = [
            other
            for other in once.terms
            if (other.key, other.negated, other.number) == (term.key, term.negated, term.number)
        ]
        assert set(term.values) <= {value for other in same for value in other.values}
        assert same


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*KEYS, ":", ",", "=", '"', "\\", "-", " ", "*", "5k", "$"])).map("".join)
)
@example("agent:\ud800")
@example('-"')
@example("minCost:" + "9" * 19 + "." + "9" * 15 + "m")
def test_any_text_is_understood_or_explained(text: str) -> None:
    try:
        found = parse(text)
    except FilterError as error:
        refused = error
    else:
        assert (found is None) is (not text.strip())
        assert found is None or parse(str(found)) == found
        return
    assert refused.exit_status == 2
    assert 1 <= refused.position <= len(text) + 1
    assert refused.message.startswith(f"--filter, character {refused.position}: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agent:main", Term("agent", (Value("main"),))),
        ("AGENT:Main", Term("agent", (Value("Main"),))),
        ("-channel:telegram", Term("channel", (Value("telegram"),), negated=True)),
        ("model:gpt*", Term("model", (Value("gpt*", "pattern"),))),
        ("model:=gpt-5.5", Term("model", (Value("gpt-5.5", "exact"),))),
        ('model:"gpt*"', Term("model", (Value("gpt*"),))),
        ('task:="a \\"b\\" \\\\"', Term("task", (Value('a "b" \\', "exact"),))),
        ("task:-", Term("task", (Value("", "exact"),))),
        ("agent:main,ops", Term("agent", (Value("main"), Value("ops")))),
        ("agent:main agent:ops agent:main", Term("agent", (Value("main"), Value("ops")))),
        ("served-model:x", Term("served", (Value("x"),))),
        ("key:agent:main:main", Term("session", (Value("agent:main:main"),))),
        ("id:abc", Term("session", (Value("abc"),))),
        ('label:"two words"', Term("label", (Value("two words"),))),
        ('"label:two words"', Term("label", (Value("two words"),))),
        ('"two words"', Term("text", (Value("two words"),))),
        ("invoice", Term("text", (Value("invoice"),))),
        ("has:errors", Term("has", (Value("errors"),))),
        ("minTokens:1.5k", Term("minTokens", number=1500)),
        ("mintokens:2m", Term("minTokens", number=2_000_000)),
        ("min-tokens:0.5", Term("minTokens", number=1)),
        ("maxTokens:0.5", Term("maxTokens", number=0)),
        ("minCost:$0.10", Term("minCost", number=100_000_000_000)),
        ("maxCost:.5", Term("maxCost", number=500_000_000_000)),
        ("maxCost:1k", Term("maxCost", number=10**15)),
        ("minMessages:3", Term("minMessages", number=3)),
    ],
)
def test_a_term_is_read_as_meant(text: str, expected: Term) -> None:
    assert parse(text) == Filter((expected,))


def test_words_are_each_looked_for_and_names_are_alternatives() -> None:
    found = parse("invoice mail agent:a task:x agent:b -agent:c has:errors has:tools")
    assert found is not None
    assert [str(term) for term in found.terms] == [
        "agent:a,b",
        "task:x",
        "-agent:c",
        "text:invoice",
        "text:mail",
        "has:errors",
        "has:tools",
    ]
    assert parse("") is None
    assert parse("  \n ") is None


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("agnet:main", 1, "agnet"),
        ("agent:main mdoel:x", 12, "mdoel"),
        ("agent:", 1, "nothing after agent:"),
        ("agent:main,", 1, "nothing after agent:"),
        ("-", 1, "nothing to look for"),
        ('task:""', 1, "nothing is between"),
        ('task:"x', 6, "not closed"),
        ('task:"x"y', 9, "quote"),
        ('ta"sk', 3, "quote"),
        ("minCost:cheap", 9, "cheap is not a number"),
        ("minCost:/bin/bash.10", 9, "not a number"),
        ("minTokens:1,000", 11, "1,000 is not a number"),
        ("minTokens:-5", 11, "not a number"),
        ("has:feathers", 5, "has:feathers"),
        ("has:context", 5, "does not keep"),
        ("status:eror", 8, "status eror"),
        ("agent:main:telegram:direct:42", 7, "colon"),
        ("x" * 4001, 4001, "longer"),
        ('agent:a ""', 9, "nothing is between the quotes"),
        ('agent:a "minCost:cheap"', 9, "cheap is not a number for minCost"),
        ('agent:a "task:', 9, "a quote is not closed"),
        ("has:errors,tools", 5, "has:errors,tools"),
        ("minCost:5,6", 9, "5,6 is not a number"),
    ],
)
def test_mistakes_say_where_they_are(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError, match=re.escape(words)) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.as_dict()["position"] == position


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("agnet:main", "Did you mean agent?"),
        ("mincots:5", "Did you mean minCost?"),
        ("has:eror", "Did you mean errors?"),
        ("status:eror", "Did you mean error?"),
        ("minCost:/bin/bash.10", "single quotes"),
        ("agent:main:main", "session:agent:main:main"),
        ("task:", "For no name, write -."),
    ],
)
def test_mistakes_come_with_what_was_meant(text: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert hint in (caught.value.hint or "")


def test_every_key_of_fased_is_known() -> None:
    # Fact: the keys of Fased's usage page, in its ui/src/ui/usage-helpers.ts.
    keys = ["agent", "channel", "chat", "provider", "model", "tool", "label", "key", "session", "id"]
    for key in keys:
        assert parse(f"{key}:x"), key
    for key in ["minTokens", "maxTokens", "minCost", "maxCost", "minMessages", "maxMessages"]:
        assert parse(f"{key}:1"), key
    assert {"source", "task", "role", "status", "served"} <= set(NAME_KEYS)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('task:""', "For no name, write -."),
        ("agent:", "For no name, write -."),
        ('ta"sk', 'Put quotes around the whole value, "like this".'),
        (
            "minCost:cheap",
            "Write 5000, 5k, 1.5m or $0.10; with a $, put single quotes around the filter, or the shell reads it.",
        ),
        (
            '"minCost:cheap"',
            "Write 5000, 5k, 1.5m or $0.10; with a $, put single quotes around the filter, or the shell reads it.",
        ),
        ("agent:main:x", "For a session, write session:agent:main:x."),
    ],
)
def test_a_mistake_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.hint == hint


def test_a_filter_may_have_4000_characters() -> None:
    assert parse("x" * 4000) == Filter((Term("text", (Value("x" * 4000),)),))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ('-"two words"', Term("text", (Value("two words"),), negated=True)),
        ('-"minCost:5"', Term("minCost", number=5_000_000_000_000, negated=True)),
        ('"task:a b"', Term("task", (Value("a b"),))),
        ("-mail", Term("text", (Value("mail"),), negated=True)),
        ("  status:OK", Term("status", (Value("OK"),))),
        ("status:x*", Term("status", (Value("x*", "pattern"),))),
    ],
)
def test_a_term_is_read_with_its_sign_and_its_quotes(text: str, term: Term) -> None:
    assert parse(f"agent:first {text}") == Filter((Term("agent", (Value("first"),)), term))


def test_the_same_term_twice_is_one() -> None:
    assert parse("has:errors has:errors") == parse("has:errors")
