"""Read single values out of LiteLLM's answers. Whatever cannot be read is unknown; nothing here raises."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from typing import Any

from ..numerals import decimal
from ..redaction import MASK, hide_known

_MOST_TOKENS = 10**12
_HIGHEST_PRICE = Decimal(100)
_LOWEST_PRICE = Decimal("1e-15")


def number(value: Any) -> int | float | Decimal | None:
    """A finite number; texts that hold one count (``"0.000001"``), booleans and ``"None"`` do not.

    Fact: with ``litellm --model X`` LiteLLM writes unknown values as the text ``None``.
    """
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= 40:
        return decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def tokens(value: Any) -> int | None:
    """A limit in tokens: whole and positive. LiteLLM's ``/model_group/info`` writes limits as floats."""
    read = number(value)
    if read is None or not 1 <= read <= _MOST_TOKENS:
        return None
    return int(read)


def price(value: Any) -> Decimal | None:
    """USD per token. Zero is unknown.

    Fact: up to LiteLLM 1.101 a price that is not known is 0, from 1.104 null; a client cannot tell a free model from
    an unpriced one, and a wrong "free" would hide spend.
    """
    read = number(value)
    if read is None or not 0 < read <= _HIGHEST_PRICE:
        return None
    exact = Decimal(str(read))  # a float's shortest text: 1.5e-07 stays 1.5E-7
    return exact if exact >= _LOWEST_PRICE else None


def flag(value: Any) -> bool | None:
    """True, False, or not known."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def text(value: Any) -> str | None:
    """A text that says something: not empty, not ``None``, nothing in it that could steer a terminal."""
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        return None
    stripped = value.strip()
    return hide_known(stripped) if stripped and stripped != "None" else None


def model_id(value: Any) -> str | None:
    """A model id, kept as it is: without control characters and blanks around it, at most 500 characters, and no key that was sent.

    Blanks of other scripts and the joiners of emojis may stand in it; whatever shows a name shows them as ``visible`` has it.
    """
    if not isinstance(value, str) or not value or len(value) > 500 or value != value.strip():
        return None
    shown = value if value.isprintable() else "".join(char for char in value if not _may_stand_in_a_name(char))
    return value if shown.isprintable() and hide_known(value) == value and MASK not in value else None


def _may_stand_in_a_name(char: str) -> bool:
    return char in "\u200c\u200d" or unicodedata.category(char) == "Zs"
