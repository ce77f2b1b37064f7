"""``fased litellm undo``: the config as it was before the last write."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..errors import Cancelled, UsageError
from . import output, session
from .commands import SETTINGS

app = typer.Typer(**SETTINGS)


@app.command()
def undo(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference; write nothing.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document; needs --yes.")] = False,
) -> None:
    """Restore the last backup of the config. It can be undone in the same way; stored keys are left alone."""
    from ..config import save
    from ..config import undo as undoing
    from ..config.files.backups import backup_path

    asking = not yes and not dry_run
    if asking and (json_output or not sys.stdin.isatty()):
        raise UsageError("undo asks for confirmation, which needs a terminal.", hint="Give --yes, or --dry-run.")
    change = undoing.plan(session.paths())
    if not json_output:
        output.block(change.diff().rstrip("\n") or "The config is as the last backup has it; there is nothing to undo.")
    if asking and change.changed and not output.confirm("Write this?", default=False):
        raise Cancelled("Cancelled; nothing was written.")
    written = not dry_run and bool(save.commit(change))
    if json_output:
        files = [{"path": str(file.path), "backup": str(backup_path(file.path))} for file in change.files]
        output.document({"files": files, "diff": change.diff(), "written": written})
    elif written:
        for file in change.files:
            output.line(f"Brought back {file.path}. The text until now is {backup_path(file.path)}.")
