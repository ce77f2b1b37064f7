from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.config.interpolation.dotenv import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\rB=2", {"A": "1", "B": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("  A = 1  ", {"A": "1"}),
        ("export A=1", {"A": "1"}),
        ("exported=1", {"exported": "1"}),
        ("A: 1", {"A": "1"}),
        ("A:1", {}),
        ("A=", {"A": ""}),
        ("A=\nB=2", {"A": "", "B": "2"}),
        ("A", {}),
        ("A\nB=2", {"B": "2"}),
        ("# A=1", {}),
        ("A=1 # one", {"A": "1"}),
        ("A=one#two", {"A": "one"}),
        ("A='one#two' # three", {"A": "one#two"}),
        ('A="one#two"# three', {"A": "one#two"}),
        ('A=`it\'s "so"`', {"A": 'it\'s "so"'}),
        ('A=" padded "', {"A": " padded "}),
        (r'A="one\ntwo\rthree\tfour"', {"A": "one\ntwo\rthree\\tfour"}),
        (r"A='one\ntwo'", {"A": r"one\ntwo"}),
        (r"A=one\ntwo", {"A": r"one\ntwo"}),
        ('A="one\ntwo"\nB=3', {"A": "one\ntwo", "B": "3"}),
        (r'A="say \"yes\""', {"A": r"say \"yes\""}),
        ('A="open\nB=2', {"A": '"open', "B": "2"}),
        ('A="one" two', {"A": '"one" two'}),
        ("A=one 'two'", {"A": "one 'two'"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=x=y", {"A": "x=y"}),
        ("1A=1\na-b=2\nC.D=3\nok_1=4", {"ok_1": "4"}),
        ("LITELLM_API_KEY=sk-test-1234", {"LITELLM_API_KEY": "sk-test-1234"}),
    ],
)
def test_values(text, expected):
    assert parse(text) == expected


@given(st.text())
@example("A='")
@example("A=\\'")
@example('A="\\"')
def test_any_text_is_read_without_an_error(text):
    for name, value in parse(text).items():
        assert name.isidentifier()
        assert isinstance(value, str)


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,10}", fullmatch=True), st.text(alphabet='abc #="$ \n')))
def test_single_quotes_keep_everything(variables):
    text = "\n".join(f"{name}='{value}'" for name, value in variables.items())
    assert parse(text) == variables
