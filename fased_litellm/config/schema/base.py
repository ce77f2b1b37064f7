"""What all models of the config's schema share.

Fact: every object of Fased's schema (``src/config/zod-schema.core.ts`` and its neighbours) is strict: an unknown key is an
error, no value is converted, and ``null`` is no value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ...jsontext import is_finite

T = TypeVar("T")


class Strict(BaseModel):
    """An object of the config: camelCase keys, snake_case attributes, unknown keys refused, immutable."""

    # The build of a validator costs milliseconds at start-up, so it waits until a config has that section.
    model_config = ConfigDict(
        hide_input_in_errors=True,
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        defer_build=True,
        allow_inf_nan=False,
    )


BRANCH = "\0"
"""Begins the tags of a union's branches, which pydantic puts into the places of errors; see ``validation``."""


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("null", "null is not a value here; leave the key out")
    return value


def _whole_number(value: Any) -> Any:
    # JavaScript has one kind of number: 2e5 and 200000.0 are whole. Fased takes fractions too; a part of a token does
    # not count.
    if isinstance(value, float) and math.isfinite(value):
        return max(1, int(value)) if value > 0 else int(value)
    if isinstance(value, int) and not is_finite(value):
        raise PydanticCustomError("int_type", "Expected a number that is finite")
    return value


def _decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not is_finite(value):
        raise PydanticCustomError("float_type", "Expected a number")
    return Decimal(str(value))


def matching(pattern: str, message: str) -> AfterValidator:
    """A check that a text matches ``pattern`` as a whole; ``message`` says what it must look like."""
    compiled = re.compile(pattern)
    return checked(lambda text: compiled.fullmatch(text) is not None, message)


def checked(holds: Callable[[str], bool], message: str) -> AfterValidator:
    """A check of a text by a function."""

    def check(text: str) -> str:
        if not holds(text):
            raise PydanticCustomError("text", "{reason}", {"reason": message})
        return text

    return AfterValidator(check)


Maybe = Annotated[T | None, BeforeValidator(_refuse_null)]
"""An optional key; absent is None, and ``null`` in the file is refused, as Fased does."""

NonEmpty = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, BeforeValidator(_whole_number), Field(gt=0)]
"""A positive number, read as a whole one: tokens, milliseconds, bytes. The JSON Schema asks for a whole one."""
Usd = Annotated[Decimal, BeforeValidator(_decimal, json_schema_input_type=float)]
"""USD, exactly as written in the file."""
