"""``fased config``: single values of the config."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..errors import ConfigSyntaxError, Issue
from . import output, session
from .commands import SETTINGS
from .edits import RETRY, write
from .groups import SharedGroup
from .handover import NotOurs

app = typer.Typer(
    **SETTINGS,
    cls=SharedGroup,
    invoke_without_command=True,
    help="Read and change single values of the config. Comments and the style of the file stay.",
)

PATH = Annotated[
    str, typer.Argument(metavar="PATH", help="As agents.list[0].id; a backslash before a dot makes it part of a key.")
]


@app.callback()
def group(
    ctx: typer.Context, section: Annotated[list[str] | None, typer.Option("--section", hidden=True)] = None
) -> None:
    if ctx.invoked_subcommand is None or section:
        raise NotOurs("The wizard of `fased config` is the Node agent's. Here are: " + ", ".join(COMMANDS) + ".")


@app.command()
def get(
    path: PATH,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="Print the value as JSON.")] = False,
    unredacted: Annotated[bool, typer.Option("--unredacted", help="Show secrets.")] = False,
) -> None:
    """Print the value at a path. __FASED_REDACTED__ stands for a secret."""
    from ..config.get_set import get as value_of

    value = value_of(session.config(), path, unredacted=unredacted)
    if json_output or not isinstance(value, (str, int, float)):
        output.document(value, secrets=unredacted)
        return
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    if unredacted:
        output.asked_for(text)
    else:
        output.block(text)


@app.command("set", context_settings={"ignore_unknown_options": True})
def set_value(
    path: PATH,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON5; what is not is taken as text.")],
    *,
    strict_json: Annotated[
        bool, typer.Option("--strict-json", "--json", help="Refuse a value which is not JSON5.")
    ] = False,
    retry: RETRY = False,
) -> None:
    """Set the value at a path. __FASED_REDACTED__ in it keeps the secret that is there."""
    from ..config.get_set import parse_value, set_edits
    from ..config.keypath import parse_path

    parse_path(path)  # judged before the value, as by the Node agent
    wanted = parse_value(value, strict=strict_json)
    snapshot = session.config(require_valid=False)
    write(snapshot, set_edits(snapshot, path, wanted), retry=retry)
    output.line(f"Updated {path}. Restart the gateway to apply.")


@app.command()
def unset(path: PATH, *, retry: RETRY = False) -> None:
    """Remove the value at a path; an element of an array leaves no hole."""
    from ..config.get_set import unset_edits

    snapshot = session.config(require_valid=False)
    write(snapshot, unset_edits(snapshot, path), retry=retry)
    output.line(f"Removed {path}. Restart the gateway to apply.")


@app.command()
def validate(*, json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Check the config, with its included files, against the schema."""
    try:
        snapshot = session.config(require_valid=False)
    except ConfigSyntaxError as error:
        if not json_output:
            raise
        issues, warnings, files = [Issue("", error.message)], [], []
        path = str(session.paths().config)
    else:
        if not json_output:
            snapshot.require_valid()
        issues, warnings, path = snapshot.issues, snapshot.warnings, str(snapshot.path)
        files = [str(file) for file in snapshot.files]
    if json_output:
        listed = [{"path": issue.path, "message": issue.message} for issue in issues]
        output.document(
            {"valid": not issues, "path": path, "issues": listed, "warnings": warnings, "includedFiles": files}
        )
        raise typer.Exit(1 if issues else 0)
    for warning in warnings:
        output.diagnostic(f"! {warning}")
    output.line(f"Config valid: {path}" if snapshot.exists else f"Config valid: {path} (no file, so nothing is set)")


@app.command("path")
def show_path(*, json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Print where the config is."""
    paths = session.paths()
    if json_output:
        output.document({"path": str(paths.config), "exists": paths.config.exists(), "stateDir": str(paths.state)})
    else:
        output.line(str(paths.config))


COMMANDS = ("get", "set", "unset", "validate", "path")
