"""Text from outside as it may be shown: no character in it can steer a terminal, hide, or turn the order of what is read."""

from __future__ import annotations

import json
import re

MARK = "\ufffd"
"""What stands in place of a character that is not shown."""

_JOINERS = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"))
_KEPT = "\n\t\u200e"  # the left-to-right mark is ours: it stands behind a right-to-left name in a table
_STYLES = re.compile(r"(\x1b\[(?:0|1|2|31|33|36)m)")


def one_line(text: str) -> str:
    """A text of one line, each control character and line break in it shown as ``�``, and joiners without width left out."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_JOINERS)
    return text if text.isprintable() else "".join(char if char.isprintable() else MARK for char in text)


def lines(text: str, *, styled: bool = False) -> str:
    """A text of one or more lines, which keeps its line feeds and tabs; every other control character is shown as ``�``.

    Args:
        text: the text.
        styled: whether the colours that this program writes are left in it.
    """
    if text.isascii() and text.isprintable():
        return text
    if styled and "\x1b" in text:
        return "".join(part if at % 2 else lines(part) for at, part in enumerate(_STYLES.split(text)))
    text = text.replace("\r\n", "\n").translate(_JOINERS)
    return "".join(char if char.isprintable() or char in _KEPT else " " if char == "\u00a0" else MARK for char in text)


def escaped(document: str) -> str:
    r"""A JSON document with each character that could steer a terminal as ``\uXXXX``, which means the same to a reader."""
    if document.isascii() and "\x7f" not in document:
        return document  # JSON itself has the others escaped
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"
        for char in document
    )
