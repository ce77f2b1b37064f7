"""Line and column of an offset, and the error that shows them."""

from __future__ import annotations

import re

from ...errors import ConfigSyntaxError

_LINE_END = re.compile(r"\r\n|\n|\r")
_LONGEST = 1000
_WORD_AT_END = re.compile(r"(?<!\S)\S+\Z")


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in characters."""
    line, line_start = 1, 0
    for match in _LINE_END.finditer(text, 0, offset):
        line, line_start = line + 1, match.end()
    return line, offset - line_start + 1


def syntax_error(text: str, offset: int, reason: str, path: str) -> ConfigSyntaxError:
    """The error for what stands at ``offset``, with its line."""
    line, column = place_of(text, offset)
    line_start = offset - column + 1
    end = _LINE_END.search(text, offset)
    source_line = text[line_start : end.start() if end else len(text)]
    if len(source_line) > _LONGEST:  # a file may be one line of megabytes
        source_line = _WORD_AT_END.sub("", source_line[:_LONGEST])  # half a secret would not be known as one
    return ConfigSyntaxError(reason, path=path, line=line, column=column, source_line=source_line)
