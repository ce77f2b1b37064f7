"""What a command prints: one document on stdout, diagnostics on stderr, no secret in either."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from ..errors import FasedError
from ..secrets.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console

_state = {"json": False}


def begin(*, as_json: bool) -> None:
    """Set how this command's errors are shown."""
    _state["json"] = as_json


def end() -> None:
    """Flush both streams."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def document(value: Any) -> None:
    """Print the one JSON document of a command, indented by two spaces as Fased does."""
    sys.stdout.write(redact(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def line(text: str = "") -> None:
    """Print a line of the answer."""
    sys.stdout.write(redact(text) + "\n")


def diagnostic(text: str) -> None:
    """Print a line beside the answer: progress, a warning, a remark."""
    sys.stderr.write(redact(text).rstrip("\n") + "\n")


def failure(error: FasedError) -> None:
    """Print an error: as JSON on stdout where the command was asked for JSON, else on stderr with its hint."""
    if _state["json"]:
        document({"error": error.as_dict()})
        return
    diagnostic(error.message)
    if error.hint:
        diagnostic(f"→ {error.hint}")


def quiet(text: str) -> str:
    """``text`` in a dim colour where stderr is a terminal that shows colour."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[2m{text}\x1b[0m"


def console(*, stderr: bool = False) -> Console:
    """A rich console: colour only on a terminal, ``NO_COLOR`` honoured, nothing highlighted by guess."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())
