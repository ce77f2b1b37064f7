"""What a command printed → what the page shows, and what of it has to stay the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

PORT = 4000
"""LiteLLM's usual port, which the pages show whatever port was free."""

_OWN_PORT = re.compile(rf" --port {PORT}\b| --custom-base-url http://127\.0\.0\.1:{PORT}\b")
_SCRATCH = re.compile(r"\S*/fased-quickstart-\w+")

# From the particular to the general; what is left after these is the structure of an output.
_VOLATILE = (
    # The quickstart names the address by number where the usual port is taken.
    (re.compile(r"\b(?:127\.0\.0\.1|localhost)\b"), "HOST"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?"), "DATE"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "ID"),
    (re.compile(r"sk-…\S{4}"), "KEY"),
    (re.compile(r"(?:[<≥] )?\$\d[\d.,]*"), "USD"),
    (re.compile(r"[█▏▎▍▌▋▊▉]+"), "BAR"),
    (re.compile(r"\b\d+ (?:s|min|h|d)\b"), "SPAN"),  # a slower machine shows minutes for seconds
    (
        re.compile(
            r"-?\d[\d,]*\.\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[kMG]?|\d[\d,]+[kMG]?|\d+[eE][+-]?\d+|\d+(?= (?:s|ms|min)\b)"
        ),
        "N",
    ),
    (re.compile(r"[ \t]+"), " "),
)


def shown(output: str, *, homes: Iterable[Path], ports: Iterable[int]) -> str:
    """An output as a reader would see it: a home folder called ``~``, and the usual port."""
    for port in ports:
        output = re.sub(rf"\b{port}\b", str(PORT), output)
    output = _SCRATCH.sub("/tmp/fased-quickstart-x", output)  # noqa: S108 - a text to show, no file
    for home in homes:
        output = output.replace(str(home), "~")
    return _OWN_PORT.sub("", output)


def structure(text: str) -> str:
    """What has to be the same in two runs: all but times, dates, ids, amounts, sizes and the width of columns."""
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return "\n".join(line.strip() for line in text.split("\n"))
