"""Numbers that others wrote, in one strict grammar.

Python's own readers take more than anybody means: ``1_0``, digits of other scripts, ``NaN``, ``+1``, ``1e999``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

_LONGEST = 60
_BLANKS = " \t"
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?"
_TYPED = r"(?:[0-9]{1,19}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})"
_WHOLE = r"-?[0-9]{1,18}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)  # where it is first used: most commands read no number


def decimal(text: str) -> Decimal | None:
    """The number that a text of a program is, in JSON's grammar with leading zeros; None for every other text.

    Blanks and tabs around it are those that HTTP allows around a header's value.
    """
    text = text.strip(_BLANKS)
    return Decimal(text) if len(text) <= _LONGEST and _compiled(_NUMBER).fullmatch(text) else None


def typed(text: str) -> Decimal | None:
    """The number that a person typed, not negative and without an exponent: ``5``, ``0.25``, ``.5``; None for every other text."""
    text = text.strip(_BLANKS)
    return Decimal(text) if _compiled(_TYPED).fullmatch(text) else None


def whole(text: str) -> int | None:
    """The whole number of up to 18 digits that a text is, ``5`` or ``-5``; None for every other text."""
    text = text.strip(_BLANKS)
    return int(text) if _compiled(_WHOLE).fullmatch(text) else None
