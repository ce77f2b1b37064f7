"""The tree of commands. A module is imported only when a command of it is run or its help is shown."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "onboard": "onboard",
    "providers": "providers",
    "models": "models",
    "agents": "agents",
    "usage": "usage",
    "litellm": "litellm",
}
"""Top-level command → module of this package with its ``app``."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported on demand, from ``COMMANDS``."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = typer.main.get_command(import_module(f".{module}", __package__).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    json_output: Annotated[bool, typer.Option("--json", help="Print the glance as JSON.")] = False,
) -> None:
    from . import session

    session.begin(profile="dev" if dev else profile)
    if version:
        from .. import __version__

        typer.echo(f"fased-litellm {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        from .glance import show

        show(json_output=json_output)


def root() -> Any:
    """The command object of ``fased``."""
    return typer.main.get_command(app)
