"""Arguments with which each command of the tree can be run, so that a test can go through all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from fased_litellm.cli.commands import root

ONBOARD = ["--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"]

DIRECT = ["--direct", "--provider-base-url", "http://127.0.0.1:1/v1", "--provider-key-env", "OTHER_KEY"]
DIRECT += ["--provider-model", "m"]

DATABASE = "postgresql://user:MARKurlpassword99@127.0.0.1:1/usage"
"""Where nothing listens, with a password that must not come out."""

SAMPLES: dict[str, list[list[str]]] = {
    "": [[], ["--version"], ["--help"]],
    "onboard": [ONBOARD, [*ONBOARD, "--dry-run"], [*ONBOARD, "--skip-health", "--key-storage", "profile"], []],
    "providers": [[]],
    "providers refresh": [[], ["--no-network"], ["--apply"], ["--from-file", "catalog.json"]],
    "providers connect": [[]],
    "providers models": [[]],
    "providers models list": [[]],
    "providers models add": [["--provider", "litellm", "--id", "extra"], ["--provider", "litellm"]],
    "providers models remove": [["--provider", "litellm", "--id", "extra"]],
    "providers models delete": [["--provider", "litellm", "--id", "extra"]],
    "models": [[]],
    "models status": [[], ["--check"]],
    "models list": [[], ["--all"]],
    "models set": [["litellm/cheap"], ["litellm/unheard-of"]],
    "models aliases": [[]],
    "models aliases list": [[]],
    "models aliases add": [["quick", "litellm/cheap"]],
    "models aliases remove": [["quick"]],
    "models fallbacks": [[]],
    "models fallbacks list": [[]],
    "models fallbacks add": [["litellm/cheap"]],
    "models fallbacks remove": [["litellm/cheap"]],
    "models fallbacks clear": [[]],
    "agents": [[]],
    "agents list": [[]],
    "agents models": [[]],
    "agents models set": [["--agent", "main", "--primary", "litellm/cheap"]],
    "config": [[]],
    "config get": [["models"], ["models.providers.litellm.apiKey"], ["models.providers.litellm.headers"], ["nowhere"]],
    "config set": [["agents.defaults.model.primary", "litellm/default"], ["models.providers.litellm.apiKey", "[1]"]],
    "config unset": [["agents.defaults.model.fallbacks"]],
    "config validate": [[]],
    "config path": [[]],
    "usage": [
        [],
        ["--by", "model,agent"],
        ["--month", "--tz", "+02:00", "--filter", "agent:main -has:errors", "--top", "1"],
        ["--from", DATABASE],
        ["--from", DATABASE.replace("@", "/@")],
    ],
    "usage push": [["--to", DATABASE], ["--to", DATABASE, "--prepare"], ["--to", DATABASE.replace("@", "@@")], []],
    "usage calls": [[], ["--csv"], ["--filter", "cause:auth"]],
    "usage session": [["agent:main:main"], ["nobody"]],
    "usage task": [["digest"], ["nothing"]],
    "usage compare": [[], ["last-week", "this-week", "--by", "agent"], ["yesterday"]],
    "usage what-if": [
        ["--model", "litellm/default"],
        ["--model", "litellm/nope", "--by", "agent"],
        ["--model", "x\x1b[2J"],
    ],
    "usage reprice": [[], ["--dry-run"]],
    "usage export": [[], ["--format", "prometheus"], ["--format", "otlp-spans"], ["--format", "nonsense"]],
    "usage budget": [[]],
    "usage budget set": [["--agent", "main", "--daily", "5", "--action", "stop"], ["--daily", "-1"]],
    "usage budget list": [[]],
    "usage budget remove": [["1"], ["--agent", "main"]],
    "usage import": [[], ["--full"]],
    "litellm": [[]],
    "litellm chat": [["hi"], ["hi", "--no-stream"], ["hi", "--role", "strong"], ["hi", "--agent", "nobody"]],
    "litellm debug": [["cheap", "--stream"], [*DIRECT, "--provider-allow-private-network"]],
    "litellm explain": [["Error code: 401 - {'error': {'message': 'Incorrect API key'}}"], ["-"]],
    # Starting a proxy, and the quickstart that does so, are left to the tests against a real one.
    "litellm up": [["--port", "not-a-port"], ["--help"]],
    "litellm quickstart": [["--help"]],
    "litellm down": [[]],
    "litellm status": [[]],
    "litellm logs": [[]],
    "litellm key": [[]],
    "litellm key show": [[]],
    "litellm key set": [["--from-env", "OTHER_KEY", "--key-storage", "profile"], ["--from-env", "OTHER_KEY"]],
    "litellm key move": [["--to", "profile"], ["--to", "env"], ["--to", "keyring"]],
    "litellm key delete": [["--yes"]],
    "litellm keys": [[]],
    "litellm keys create": [["--reveal"], ["--use", "--yes", "--key-storage", "profile"], []],
    "litellm keys info": [[], ["fased"]],
    "litellm keys list": [[]],
    "litellm keys update": [["fased", "--max-budget", "5"], ["fased"]],
    "litellm keys block": [["fased", "--yes"]],
    "litellm keys unblock": [["fased"]],
    "litellm keys rotate": [["--yes"]],
    "litellm keys delete": [["fased", "--yes"]],
    "litellm spend": [[], ["--all-keys", "--by", "tag,key"]],
    "usage reconcile": [["--wait", "0"]],
    "litellm doctor": [[], ["--fix", "--yes"]],
    "litellm verify": [[], ["--all"]],
    "litellm secrets": [[]],
    "litellm secrets exec": [["--help"]],
    "litellm undo": [[], ["--yes"]],
    "litellm map": [["--init", "gateway.yaml", "--model", "openai/gpt-5.5", "--force"], []],
}
"""Command → argument lists, without ``--json``. A group stands for the group alone."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group of the tree, with its path as one text."""
    yield from _below(root(), ())


def takes_json(command: Any) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    if hasattr(command, "list_commands"):
        context = click.Context(command, info_name=path[-1] if path else "fased")
        for name in command.list_commands(context):
            yield from _below(command.get_command(context, name), (*path, name))
