"""JSON that others wrote: files, programs, proxies. Whatever it is, it is read or refused by one exception; and it can be written back.

Python's ``json`` raises four kinds of them, takes ``NaN``, which is not JSON, and reads brackets in brackets as deep as the stack
allows at that moment: what is read in one place can then not be printed, copied or compared in another.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Shape = TypeVar("Shape")

DEPTH = 100
"""Levels of objects and arrays. Nothing that this package reads has more than some ten of them."""

_DIGITS = 400
_TOO_DEEP = f"not valid JSON: nested deeper than {DEPTH} levels"
_PLACE = r"(?P<what>.*?) - at `\$\.?(?P<place>[^`]*)`"


class NotJson(ValueError):
    """A text is not JSON, is nested too deeply, or has not the shape that was asked for.

    The message says which and where, and quotes nothing of the text.

    Args:
        what: is wrong with it.
        line, column: where, from 1, where that is known.
    """

    def __init__(self, what: str, line: int | None = None, column: int | None = None) -> None:
        self.what, self.line, self.column = what, line, column
        place = "" if line is None else f" (line {line}, column {column})" if column else f" (line {line})"
        super().__init__(what + place)


class _TooManyDigits(NotJson):
    """A whole number has more digits than Python converts."""


def loads(text: str | bytes, *, lenient: bool = False) -> Any:
    """The value of a JSON text.

    Args:
        text: bytes are UTF-8, a byte order mark is passed over.
        lenient: for an answer that was paid for: bytes which are not UTF-8 are replaced, and numbers that JSON does not have (``NaN``,
            ``Infinity``) or nobody can hold become None.

    Raises:
        NotJson: it is none, or is nested deeper than ``DEPTH``.
    """
    try:
        decoded = str(text, "utf-8-sig", "replace" if lenient else "strict") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise NotJson("not valid UTF-8", error.object[: error.start].count(b"\n") + 1) from None
    try:
        value = _read(decoded, _LENIENT if lenient else _STRICT)
    except _TooManyDigits:
        if not lenient:
            raise
        value = _read(decoded, _PATIENT)
    # Most texts have fewer brackets than that, and to count them takes a hundredth of the time of reading them.
    if decoded.count("[") + decoded.count("{") > DEPTH and not is_shallow(value):
        raise NotJson(_TOO_DEEP)
    return value


def decode(data: bytes, shape: type[Shape]) -> Shape:
    """The value of a JSON text that has a declared shape.

    It is made by msgspec, which takes some 20 ms to load: not for what every command or every call reads.

    Args:
        data: the text, UTF-8.
        shape: a dataclass, a ``msgspec.Struct``, or another type that msgspec knows; ``ValueError`` of ``__post_init__`` counts, too.

    Raises:
        NotJson: it is none, or has another shape; the message names the place and what belongs there.
    """
    import msgspec

    try:
        return msgspec.convert(loads(data), shape)
    except msgspec.ValidationError as error:
        found = re.fullmatch(_PLACE, str(error))
        what, place = (found["what"], found["place"]) if found else (str(error), "")
        what = what[:1].lower() + what[1:].replace("`", "")
        raise NotJson(f"{place}: {what}" if place else what) from None


def indented(value: Any) -> bytes:
    """A value as JSON text as Fased lays it out: two spaces, a final newline, no escapes beyond those that are needed."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Half of a character has no UTF-8; its escape is what JSON has for it.
    return text.encode("utf-8", errors="backslashreplace") + b"\n"


def _read(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        what = error.msg.partition(":")[0]  # behind the colon, it quotes
        raise NotJson(f"not valid JSON: {what}", error.lineno, error.colno) from None
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    except NotJson:
        raise
    except ValueError:
        raise _TooManyDigits("not valid JSON: a number has thousands of digits") from None


def is_finite(number: float) -> bool:
    """Whether a number is one that JavaScript holds, too: of a whole one with 400 digits, it makes an infinite one."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def is_shallow(value: Any) -> bool:
    """Whether a value of JSON has at most ``DEPTH`` levels of objects and arrays."""
    # Level by level: a function that calls itself would itself end in a RecursionError.
    level = [value] if type(value) is dict or type(value) is list else []
    for _ in range(DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return True
    return False


def _refuse(name: str) -> Any:
    raise NotJson(f"not valid JSON: {name}")


def _unknown(_: str) -> None:
    return None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) < _DIGITS else None


_STRICT = json.JSONDecoder(parse_constant=_refuse)
_LENIENT = json.JSONDecoder(parse_constant=_unknown)
_PATIENT = json.JSONDecoder(parse_constant=_unknown, parse_int=_whole)  # it takes several times as long


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in a list; none if the value is no list."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())
