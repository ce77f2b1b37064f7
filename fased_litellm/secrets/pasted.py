"""A key as it was pasted → the key: what came along around it, and what a terminal does not show, is taken away. Pure.

Facts: ``docker --env-file`` keeps quotes around a value; documents and chats make typographic ones of them, and put zero-width
spaces behind links. LiteLLM's own keys are ``sk-`` and letters of base64; no key that an HTTP header can carry has a character
outside ASCII.
"""

from __future__ import annotations

import re
import unicodedata

_PAIRS = {'"': '"', "'": "'", "`": "`"}
_TYPOGRAPHIC = "“”„‟«»‹›‘’‚‛＂＇"
_SCHEME = re.compile(r"(?:authorization\s*:\s*)?bearer[ \t]+", re.IGNORECASE)
_LINE_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The key in a text, and what was taken away, in words; nothing is said of blanks and of one line end behind it.

    Args:
        text: as typed, pasted, or found in a variable.
    """
    removed: dict[str, None] = {}
    key = text.strip(" \t").removesuffix("\n").removesuffix("\r")
    visible = "".join(char for char in key if unicodedata.category(char) != "Cf")
    if visible != key:
        removed["invisible characters (such as a zero-width space)"] = None
        key = visible
    before = None
    while key != before:
        before = key
        key = key.strip()  # a no-break space too
        if any(
            char in _LINE_ENDS for char in before[: len(before) - len(before.lstrip())] + before[len(before.rstrip()) :]
        ):
            removed["line ends"] = None
        for literal in ("\\n", "\\r"):
            if key.endswith(literal):
                key = key.removesuffix(literal)
                removed["line ends"] = None
        if len(key) >= 2 and _PAIRS.get(key[0]) == key[-1]:
            key = key[1:-1]
            removed["quotes"] = None
        elif key.strip(_TYPOGRAPHIC) != key:
            key = key.strip(_TYPOGRAPHIC)
            removed["quotes"] = None
        elif found := _SCHEME.match(key):
            key = key[found.end() :]
            removed["the word `Bearer`"] = None
    return key, tuple(removed)


def remark(place: str, removed: tuple[str, ...]) -> str | None:
    """A sentence about what was taken away; None if that was nothing.

    Args:
        place: where the key is, such as a variable.
        removed: of ``clean``.
    """
    if not removed:
        return None
    return f"{place} has {' and '.join(removed)} around the key; only the key itself is used."
