"""A group of commands of which the Node agent has more than this package."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from .handover import NotOurs


class SharedGroup(TyperGroup):
    """Hands commands which it does not have over to the next ``fased`` on PATH."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is None and not cmd_name.startswith("-"):
            known = ", ".join(self.list_commands(ctx))
            raise NotOurs(f"`{ctx.command_path} {cmd_name}` is not a command of this package ({known}).")
        return command
