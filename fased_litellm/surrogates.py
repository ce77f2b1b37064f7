"""Surrogates: halves of a character that stand alone, or come in two pieces.

JSON and JSON5 can write a character beyond U+FFFF as two escapes, ``\\ud83d\\ude00``. A server that cuts a text between them sends each half
in a chunk of its own, and neither can be encoded by itself.
"""

from __future__ import annotations

_LOST = "\ufffd"


class SurrogateJoiner:
    """Feed it pieces of one text; what it gives has no lone half. The first half of a pair is kept until the second comes."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """The piece, with the half that was kept before it, and without a half at its end."""
        if not piece or (not self._half and (piece.isascii() or not _has_half(piece))):
            return piece
        text, self._half = self._half + piece, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return join_surrogates(text)

    def end(self) -> str:
        """What is left of a half whose other half never came."""
        half, self._half = self._half, ""
        return _LOST if half else ""


def join_surrogates(text: str) -> str:
    """``text`` with halves put together, and U+FFFD in the place of one that stands alone."""
    if text.isascii() or not _has_half(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _has_half(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
