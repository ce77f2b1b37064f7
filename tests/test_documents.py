"""How documents are declared, and what their JSON Schemas say."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, NotRequired

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pydantic import TypeAdapter

from fased_litellm.documents import Count, Doc, FromTo, TypedDict, open_ended


class Part(TypedDict):
    """A part."""

    calls: Count
    name: Annotated[str | None, Doc("Its name.", maxLength=3)]


class Whole(FromTo, TypedDict, total=False):
    """The whole."""

    parts: list[Part]


class More(Whole):
    further: NotRequired[Annotated[Part, Doc("One more.")]]
    last: str


@open_ended
class Open(TypedDict):
    code: str


WINDOW = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00.500Z"}
PART: Part = {"calls": 0, "name": None}


def schema(declared: Any) -> dict[str, Any]:
    return TypeAdapter(declared).json_schema(mode="serialization")


def test_a_part_and_what_is_said_of_its_fields() -> None:
    made = schema(Part)
    assert made["description"] == "A part."
    assert made["required"] == ["calls", "name"]
    assert made["properties"]["calls"] == {"type": "integer", "minimum": 0, "title": "Calls"}
    assert made["properties"]["name"]["description"] == "Its name."


def test_total_holds_for_the_class_that_says_it_alone() -> None:
    assert sorted(schema(Whole)["required"]) == ["from", "to"]
    assert sorted(schema(More)["required"]) == ["from", "last", "to"]
    assert schema(More)["properties"]["further"] == {"$ref": "#/$defs/Part", "description": "One more."}


@pytest.mark.parametrize(
    "document",
    [
        {**WINDOW, "last": "", "more": 1},
        {**WINDOW, "last": "", "parts": [{**PART, "cost": 1}]},
        {**WINDOW, "last": "", "parts": [{**PART, "calls": -1}]},
        {**WINDOW, "last": "", "to": "2026-03-02"},
        {"to": WINDOW["to"], "last": ""},
    ],
)
def test_what_is_not_declared_is_no_such_document(document: dict[str, Any]) -> None:
    validator = Draft202012Validator(schema(More))
    validator.validate({**WINDOW, "last": "", "parts": [PART]})
    with pytest.raises(ValidationError):
        validator.validate(document)


def test_an_open_one_may_have_more() -> None:
    Draft202012Validator(schema(Open)).validate({"code": "budget", "position": 3})
    assert schema(Open)["additionalProperties"] is True


def test_a_declaration_costs_no_import() -> None:
    program = (
        "import sys, fased_litellm.documents, fased_litellm.doctor.findings\n"
        "sys.exit(any(name in sys.modules for name in ('typing_extensions', 'pydantic', 'annotated_types')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
