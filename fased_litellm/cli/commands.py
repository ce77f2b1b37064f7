"""The tree of commands. A module is imported only when a command of it is run or its help is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import UsageError
from .strictnumbers import strict

COMMANDS = {
    "onboard": "onboard.command",
    "providers": "models.providers",
    "models": "models.command",
    "agents": "models.agents",
    "config": "config",
    "usage": "usage.command",
    "litellm": "litellm",
}
"""Top-level command → module of this package with its ``app``; ``usage.command`` is the module ``usage/command.py``."""

SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What every Typer application of this package is made with."""


def lazy_group(
    modules: Mapping[str, str], arguments: Callable[[list[str]], list[str]] = lambda given: given
) -> type[TyperGroup]:
    """A group whose commands are imported on demand.

    Args:
        modules: command → module of this package. The module's ``app`` is the command, or has it among its commands.
        arguments: what the group reads in place of the arguments that were given.
    """

    class LazyGroup(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, arguments(args))

        def list_commands(self, ctx: Any) -> list[str]:
            return list(modules)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in modules:
                return None
            command: Any = strict(typer.main.get_command(import_module(f".{modules[cmd_name]}", __package__).app))
            command = getattr(command, "commands", {}).get(cmd_name, command)
            command.name = cmd_name
            return command

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args and args[0] not in modules:
                import difflib

                near = difflib.get_close_matches(args[0], modules, n=1)
                meant = f"Did you mean `{ctx.command_path} {near[0]}`? " if near else ""
                raise UsageError(
                    f"Unknown command: {ctx.command_path} {args[0]}.", hint=f"{meant}See `{ctx.command_path} --help`."
                )
            return super().resolve_command(ctx, args)

    return LazyGroup


app = typer.Typer(
    **SETTINGS,
    cls=lazy_group(COMMANDS),
    invoke_without_command=True,
    help="Fased's models, through a LiteLLM proxy: set up, choose, call, and see what was used.",
)


@app.callback()
def glance(
    ctx: typer.Context,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Use the state folder ~/.fased-NAME.")
    ] = None,
    dev: Annotated[bool, typer.Option("--dev", help="Short for --profile dev.")] = False,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    from . import session

    session.begin(profile="dev" if dev else profile)
    if version:
        from ..version import __version__

        typer.echo(f"fased-litellm {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        from .status import show

        show(json_output=json_output)


def root() -> Any:
    """The command object of ``fased``."""
    return typer.main.get_command(app)
