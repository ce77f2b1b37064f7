"""The options that the commands of ``fased usage`` share."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from fased_litellm.cli.commands import root
from fased_litellm.cli.usage import options
from fased_litellm.errors import UsageError

SHARING = ("calls", "session", "task", "compare", "what-if", "reprice", "export", "reconcile")


def _helps(command: Any) -> dict[str, str]:
    return {parameter.opts[0]: parameter.help for parameter in command.params if hasattr(parameter, "help")}


def test_a_shared_option_has_the_same_help_everywhere() -> None:
    context = typer.Context(root())
    usage: Any = root().get_command(context, "usage")
    declared = _helps(usage)
    own = {"--by", "--json", "--csv", "--sort", "--top", "--watch"}
    found = {
        (name, option) for name in SHARING for option in _helps(usage.get_command(context, name)) if option in declared
    }
    assert len(found) > 80
    for name, option in found:
        if option in own or (name, option) in {("reprice", "--days"), ("what-if", "--model"), ("compare", "--from")}:
            continue  # it means something else there
        if option == "--from" and name in ("export", "reprice", "reconcile", "what-if"):
            assert declared[option].startswith(_helps(usage.get_command(context, name))[option].rstrip("."))
            continue  # of this machine alone
        assert _helps(usage.get_command(context, name))[option] == declared[option], (name, option)


def test_a_day_and_a_database_are_told_apart() -> None:
    asked = options.Question.of({"first": ["2026-11-16", "postgresql://u@h/d"], "agent": ["main"], "tz": "UTC"})
    assert asked.times.first == "2026-11-16"
    assert asked.times.tz == "UTC"
    assert asked.address == "postgresql://u@h/d"
    assert asked.names == {"agent": ["main"]}
    assert options.Question.of({"first": "2026-11-16"}).times.first == "2026-11-16"


@pytest.mark.parametrize("twice", [["2026-11-16", "2026-11-17"], ["postgresql://a/b", "POSTGRES://a/c"]])
def test_two_of_one_kind_are_refused(twice: list[str]) -> None:
    with pytest.raises(UsageError, match="--from names two"):
        options.Question.of({"first": twice})
