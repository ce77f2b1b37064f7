"""One line of JSON → its value. Two ways that give the same: Python's own, and a faster one for many lines.

``json`` starts at once; ``msgspec`` takes some milliseconds to load, and then reads in a third of the time. What it does not
read, Python's own looks at again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

WORTH_IT = 4 * 1024 * 1024
"""So many bytes are worth loading the faster way."""

_DIGITS = 400

Parse = Callable[[bytes], Any]


def plain(line: bytes) -> Any:
    """The value of a line; bytes that are no UTF-8 are replaced, as the Node agent does.

    Raises:
        ValueError: it is not JSON; the message says what is wrong, without a word of the line.
    """
    text = line.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        what = error.msg.partition(":")[0]  # behind the colon, it quotes
        raise ValueError(f"not JSON: {what} (character {error.pos + 1})") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:  # a whole number with more digits than Python converts
        return json.loads(text, parse_int=_whole)


def chosen(size: int) -> Parse:
    """The way to read that many bytes. A line of which it raises ``ValueError`` is for ``plain`` to look at."""
    if size < WORTH_IT and "msgspec" not in sys.modules:
        return plain
    return fast()


def fast() -> Parse:
    """The faster way; as ``chosen``."""
    from msgspec.json import decode

    return decode


def value(line: bytes, parse: Parse) -> Any:
    """The value of a line, by that way if it can be, else by Python's own.

    Raises:
        ValueError: it is not JSON, as of ``plain``.
    """
    try:
        return parse(line)
    except (ValueError, RecursionError):
        return plain(line)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _DIGITS else float(digits)
