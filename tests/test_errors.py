"""The tree of errors: as drawn, with a code and an exit status for each."""

from __future__ import annotations

import inspect
import re

import pytest

from fased_litellm import errors

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, errors.FasedError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_the_drawing_has_every_class_with_its_code_and_status(kind: type[errors.FasedError]) -> None:
    drawn = re.search(rf"\b{kind.__name__}\s+(\S+)\s+(\d+)", errors.__doc__ or "")
    assert drawn, f"{kind.__name__} is not drawn"
    assert (drawn[1], int(drawn[2])) == (kind.code, kind.exit_status)


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


def test_an_invalid_config_lists_every_issue() -> None:
    error = errors.ConfigInvalid("/h/fased.json", [errors.Issue("a.b", "is wrong"), errors.Issue("", "is odd")])
    assert error.message == "Config invalid at /h/fased.json.\n- a.b: is wrong\n- <root>: is odd"
    assert error.as_dict()["issues"][0] == {"path": "a.b", "message": "is wrong"}


def test_a_syntax_error_shows_the_line_and_points_at_the_column() -> None:
    error = errors.ConfigSyntaxError("expected ':'", path="/f", line=3, column=5, source_line="  a b")
    assert error.message == "/f:3:5: expected ':'\n    a b\n      ^"
