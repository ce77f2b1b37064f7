"""``fased litellm``: all that is particular to LiteLLM."""

from __future__ import annotations

import typer

from .commands import SETTINGS, lazy_group

COMMANDS = {
    "chat": "chat.command",
    "up": "localproxy",
    "down": "localproxy",
    "status": "localproxy",
    "logs": "localproxy",
    "quickstart": "onboard.quickstart",
    "key": "keys.agent",
    "keys": "keys.virtual",
    "spend": "spend",
    "secrets": "keys.secrets",
    "undo": "undo",
    "map": "doctor.map",
    "verify": "doctor.verify",
    "doctor": "doctor.command",
    "debug": "doctor.debug",
    "explain": "doctor.explain",
}
"""Command → module of this package with its ``app``."""

app = typer.Typer(
    **SETTINGS,
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    help="Call a model, run a local proxy, manage keys and spend, and prepare, verify and debug a route through LiteLLM.",
)


@app.callback()
def group() -> None:
    """The group has no work of its own."""
