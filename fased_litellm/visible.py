"""Text from outside as it may be shown: no character in it can steer a terminal, hide, or turn the order of what is read."""

from __future__ import annotations

import json
import os

MARK = "\ufffd"
"""What stands in place of a character that is not shown."""

_JOINERS = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"))
_KEPT = "\n\t\u200e"  # the left-to-right mark is ours: it stands behind a right-to-left name in a table
_TOKEN = os.urandom(8).hex()
"""Known to this process alone: no text from outside can carry a style."""


def styled(text: str, code: str) -> str:
    """Words of our own in a style, as ``lines`` and ``line`` write it on a terminal.

    Args:
        text: without secrets and without what could steer a terminal.
        code: of ECMA-48's "Select Graphic Rendition", such as ``1`` for bold.
    """
    return f"\x1b{_TOKEN};{code}m{text}\x1b{_TOKEN};0m"


def one_line(text: str) -> str:
    """A text of one line, each control character and line break in it shown as ``�``, and joiners without width left out."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_JOINERS)
    return text if text.isprintable() else "".join(char if char.isprintable() else MARK for char in text)


def line(text: str, *, colour: bool = False) -> str:
    """A line of ours with names from outside in it: a line break in one of them is shown as ``�``, so that it begins no line.

    Args:
        text: the line.
        colour: whether the styles in it (``styled``) are written; else they are left out.
    """
    return lines(text, colour=colour).replace("\n", MARK)


def lines(text: str, *, colour: bool = False) -> str:
    """A text of one or more lines, which keeps its line feeds and tabs; every other control character is shown as ``�``.

    Args:
        text: the text.
        colour: as for ``line``.
    """
    if text.isascii() and text.isprintable():
        return text
    if _TOKEN in text:
        first, *styles = text.split(f"\x1b{_TOKEN};")
        pairs = [style.partition("m")[::2] for style in styles]  # a code, and the text behind it
        return lines(first) + "".join((f"\x1b[{code}m" if colour else "") + lines(behind) for code, behind in pairs)
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
