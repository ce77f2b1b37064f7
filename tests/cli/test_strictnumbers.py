"""No command takes a number that only Python means: ``1_0``, digits of other scripts, ``nan``, ``1e999``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from fased_litellm.cli import main
from fased_litellm.cli.commands import root
from fased_litellm.cli.strictnumbers import strict


def numeric(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every option and argument of every command that is a number."""
    for parameter in command.params:
        if {"IntParamType", "FloatParamType"} & {kind.__name__ for kind in type(parameter.type).__mro__}:
            yield " ".join((*path, parameter.opts[0])), parameter
    if hasattr(command, "list_commands"):
        context: Any = typer.Context(command)
        for name in command.list_commands(context):
            yield from numeric(command.get_command(context, name), *path, name)


def test_all_numbers_of_all_commands_are_strict() -> None:
    found = dict(numeric(root(), "fased"))
    assert len(found) > 20
    assert {"fased usage --days", "fased litellm chat --timeout", "fased usage budget remove ids"} <= set(found)
    for parameter in found.values():
        for text in ("1_0", "٣", "nan", "1e999", "+1", ""):
            # typer's class of usage errors has no public name in all of its releases.
            with pytest.raises(Exception, match="is not a"):
                parameter.type.convert(text, parameter, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["usage", "--days", "1_0"], "'1_0' is not a whole number"),
        (["usage", "--top", "٣"], "'٣' is not a whole number"),
        (["usage", "--watch", "1_0"], "--watch 1_0 is not a number of seconds"),
        (["usage", "budget", "remove", "1_0"], "'1_0' is not a whole number"),
        (["usage", "budget", "set", "--daily", "1_0"], "'1_0' is not an amount of USD"),
        (["usage", "--filter", "minCost:1_0"], "1_0 is not a number for minCost"),
        (["litellm", "chat", "hi", "--timeout", "1e999"], "'1e999' is not a number"),
        (["litellm", "chat", "hi", "--timeout", "0.01"], "0.1"),
    ],
)
def test_the_message_says_what_and_where(
    arguments: list[str], said: str, home: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_shared_type_is_not_changed_for_others() -> None:
    app = typer.Typer()

    @app.command()
    def one(number: int = 1) -> None:
        del number

    before, after = typer.main.get_command(app), strict(typer.main.get_command(app))
    assert before.params[0].type.convert("1_0", None, None) == 10
    assert after.params[0].type.convert("10", None, None) == 10
    assert strict(after) is after
