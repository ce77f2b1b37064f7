"""Keys in what the Node agent's files call things: a name or an id may be anything, also a key that somebody put there.

A key that is known does not get into the ledger. Names of which each stands for one thing (of files, sessions and messages)
stay apart: what is hidden of them leaves a digest behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...redaction import any_known, hide_known, may_hold_known
from .calls import Values, columns
from .files import Found
from .hashing import blake2b


def distinct(name: str) -> str:
    """A name without the keys that are known, and still another one than any other name."""
    if not any_known():
        return name
    hidden = hide_known(name)
    return name if hidden == name else f"{hidden}#{_digest(name)}"


def files(found: list[Found]) -> list[Found]:
    """Files, with what is hidden in their names."""
    if not any_known() or not may_hold_known("\n".join([file.path for file in found])):
        return found
    return [file._replace(path=distinct(file.path), name=distinct(file.name)) for file in found]


def calls(by_shape: Mapping[int, Values]) -> None:
    """Hide keys in the ids of calls, of which most have none: they are looked at together."""
    for shape, values in by_shape.items() if any_known() else ():
        names = columns(shape)
        width = len(names)
        _hide(values, 0, width, distinct=True)
        if "response_id" in names:
            _hide(values, names.index("response_id"), width, distinct=False)


def _hide(values: Values, place: int, width: int, *, distinct: bool) -> None:
    ids: Iterable[str] = values[place::width]
    if may_hold_known("\n".join(ids)):
        values[place::width] = [_id(name) if distinct else hide_known(name) for name in ids]


def _id(name: str) -> str:
    return name if hide_known(name) == name else f"#{_digest(name)}"


def _digest(name: str) -> str:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
