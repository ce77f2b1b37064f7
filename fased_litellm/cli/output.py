"""What a command prints: one document on stdout, diagnostics on stderr, no secret in either."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import CallError, FasedError, Origin
from ..redaction import RedactedStream, hide_known, redact
from ..surrogates import join_surrogates
from ..visible import escaped, lines, one_line
from ..visible import line as one_of_ours

if TYPE_CHECKING:
    from rich.console import Console

ORIGINS: dict[Origin, str] = {
    "caller": "your side: invalid request",
    "caller-key": "your side: the key",
    "network": "connection to the proxy",
    "gateway": "the proxy",
    "provider-key": "the proxy's key at the provider",
    "provider": "the provider behind the proxy",
    "unknown": "unknown",
}
"""Who failed, for the cell of a table."""

_FAILED: dict[str, str] = {
    "caller": "on your side: invalid request",
    "caller-key": "on your side: the key",
    "network": "on the way to the proxy",
    "gateway": "at the proxy",
    "provider-key": "at the provider: the proxy's key",
    "provider": "at the provider behind the proxy",
}


def failed(origin: str) -> str:
    """``Failed on your side: the key``; ``Failed`` alone where it is not known whose fault it was."""
    return f"Failed {_FAILED[origin]}" if origin in _FAILED else "Failed"


_state = {"json": False}


def begin(*, as_json: bool) -> None:
    """Set how this command's errors are shown, and have characters that a stream cannot show replaced."""
    _state["json"] = as_json
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def as_json() -> bool:
    """Whether this command was asked for JSON: a program reads it, and not a person."""
    return _state["json"]


def end() -> None:
    """Flush both streams."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def document(value: Any, *, quoted: bool = False, secrets: bool = False) -> None:
    """Print the one JSON document of a command, indented by two spaces as Fased does.

    Args:
        value: what to print.
        quoted: whether it quotes a model or a user, whose words that only look like a key are left alone.
        secrets: whether the user asked to see it although it may hold secrets: nothing is hidden.
    """
    if not secrets:
        value = _hidden(value, hide_known if quoted else redact)
    sys.stdout.write(escaped(join_surrogates(json.dumps(value, indent=2, ensure_ascii=False))) + "\n")


def listing(head: Mapping[str, Any], name: str, items: Iterable[Any], tail: Callable[[], Mapping[str, Any]]) -> None:
    """Print a document with a long list in it, item by item as they come, each on one line.

    Args:
        head: the fields before the list; at least one.
        name: of the list.
        items: its items.
        tail: gives the fields behind it, once all items were printed; at least one.
    """
    sys.stdout.write(_fields(head)[:-2] + f",\n  {json.dumps(name)}: [")
    between = "\n    "
    hide = lru_cache(4096)(redact)  # the names in the items of a list are few
    for item in items:
        sys.stdout.write(between + escaped(join_surrogates(json.dumps(_hidden(item, hide), ensure_ascii=False))))
        between = ",\n    "
    sys.stdout.write(("]," if between == "\n    " else "\n  ],") + _fields(tail())[1:] + "\n")


def _fields(value: Any) -> str:
    return escaped(join_surrogates(json.dumps(_hidden(value, redact), indent=2, ensure_ascii=False)))


def line(text: str = "") -> None:
    """Print a line of the answer. What could steer a terminal, or begin another line, is replaced, in a pipe as well."""
    sys.stdout.write(one_of_ours(join_surrogates(redact(text)), colour=sys.stdout.isatty()) + "\n")


def block(text: str) -> None:
    """Print lines that belong together, such as a document; what could steer a terminal is replaced."""
    sys.stdout.write(lines(join_surrogates(redact(text)), colour=sys.stdout.isatty()).rstrip("\n") + "\n")


def frame(text: str, *, before: str = "", line_end: str = "", after: str = "") -> None:
    """Print a whole screen.

    Args:
        text: its lines.
        before: movements of the cursor before it.
        line_end: those before the end of each line.
        after: those behind it.
    """
    shown = lines(join_surrogates(redact(text)), colour=sys.stdout.isatty())
    sys.stdout.write(before + shown.replace("\n", line_end + "\n") + after)
    sys.stdout.flush()


def pieces(texts: Iterable[str]) -> None:
    """Print a text piece by piece, from whose names secrets were taken where it was made.

    On a terminal, the control characters by which a name could steer it are replaced.
    """
    shown = sys.stdout.isatty()
    for text in texts:
        sys.stdout.write(lines(join_surrogates(text)) if shown else join_surrogates(text))


def asked_for(text: str) -> None:
    """Print what the user asked to see although it may be a secret."""
    sys.stdout.write((lines(join_surrogates(text)) if sys.stdout.isatty() else join_surrogates(text)) + "\n")


def words(text: str) -> None:
    """Print a model's words as they come, without a line break of ours; known secrets were hidden (``Words``) or are here.

    On a terminal, the control characters by which a reply could steer it are left out.
    """
    text = hide_known(text)
    if sys.stdout.isatty():
        text = "".join(character for character in text if character in "\n\t" or character.isprintable())
    sys.stdout.write(join_surrogates(text))
    sys.stdout.flush()


class Words:
    """A model's words that come in pieces: a known secret is hidden also where it is cut in two. End it with ``flush``."""

    def __init__(self) -> None:
        self._stream = RedactedStream()
        self.shown = False
        """Whether anything was printed."""

    def feed(self, piece: str) -> None:
        """Print a piece, but for an end of it that may be the beginning of a secret."""
        self._print(self._stream.feed(piece))

    def flush(self) -> None:
        """Print what was kept back."""
        self._print(self._stream.flush())

    def _print(self, text: str) -> None:
        if text:
            self.shown = True
            words(text)


def diagnostic(text: str, *, quiet: bool = False) -> None:
    """Print a line beside the answer: progress, a warning, a remark.

    Args:
        text: the line, or several; what could steer a terminal is replaced.
        quiet: whether it is dim where stderr is a terminal that shows colour.
    """
    sys.stdout.flush()  # where both go to one place, they stay in order
    text = lines(join_surrogates(redact(text))).rstrip("\n")
    dim = quiet and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write((f"\x1b[2m{text}\x1b[0m" if dim else text) + "\n")


def passing(text: str) -> None:
    """Show how far a command is, in one line of stderr's terminal that the next one replaces; an empty text ends it."""
    sys.stderr.write("\r\x1b[K" + one_line(join_surrogates(redact(text))))
    sys.stderr.flush()


def confirm(question: str, *, default: bool) -> bool:
    """Ask a question to be answered with yes or no, on stderr."""
    import typer

    return bool(typer.confirm(lines(join_surrogates(redact(question))), default=default, err=True))


def failure(error: FasedError) -> None:
    """Print an error: as JSON on stdout where the command was asked for JSON, else on stderr with its hint."""
    if _state["json"]:
        document({"error": error.as_dict()})
        return
    diagnostic(error.message)
    if isinstance(error, CallError):
        diagnostic(f"  {failed(error.origin)} ({error.cause})")
    if error.hint:
        diagnostic(f"→ {error.hint}")


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """``value`` with every text in it passed through ``hide``."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(key) if isinstance(key, str) else key: _hidden(inner, hide) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(inner, hide) for inner in value]
    return value


def console(*, stderr: bool = False) -> Console:
    """A rich console: colour only on a terminal, ``NO_COLOR`` honoured, nothing highlighted by guess."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())
