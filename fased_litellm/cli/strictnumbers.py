"""Numbers on the command line, in the grammar of ``numerals``: typer reads them as Python does, which takes ``1_0`` and more."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..numerals import decimal, whole

_NUMBERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "IntParamType": (whole, "is not a whole number, such as 10."),
    "FloatParamType": (decimal, "is not a number, such as 2.5."),
}
"""Class of a type → what reads it, and what is said of other texts. Its public name differs between releases of typer."""


def strict(command: Any) -> Any:
    """The command, whose options and arguments take no other numbers any more; so do its subcommands."""
    for parameter in command.params:
        for kind in type(parameter.type).__mro__:
            if kind.__name__ in _NUMBERS and "convert" not in vars(parameter.type):
                parameter.type = _strict(parameter.type, *_NUMBERS[kind.__name__])
    for subcommand in getattr(command, "commands", {}).values():
        strict(subcommand)
    return command


def _strict(kind: Any, read: Callable[[str], Any], complaint: str) -> Any:
    own = copy.copy(kind)  # typer shares one among all parameters

    def convert(value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, str):
            number = read(value)
            if number is None or abs(float(number)) == float("inf"):
                own.fail(f"{value!r} {complaint}", param, ctx)
            value = str(number)
        return kind.convert(value, param, ctx)

    own.convert = convert
    return own
