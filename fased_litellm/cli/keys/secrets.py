"""``fased litellm secrets``: keys for the Node agent."""

from __future__ import annotations

import typer

from ..commands import SETTINGS

app = typer.Typer(**SETTINGS, no_args_is_help=True, help="Keys for the Node agent.")


@app.callback()
def group() -> None:
    """The group has no work of its own."""


@app.command("exec")
def exec_() -> None:
    """Answer a request of the Node agent's exec secret provider from the OS keyring.

    One JSON document on stdin, {"protocolVersion": 1, "provider": …, "ids": […]}, and one on stdout, with "values" and
    "errors" by id. Asks nobody for anything, and answers within a second. The Node agent starts it as configured in
    secrets.providers of fased.json, where onboarding with --key-storage keyring puts it.
    """
    from .secrets_exec import serve

    raise typer.Exit(serve())
