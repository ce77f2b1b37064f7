"""``fased onboard --auth-choice litellm-api-key``: set the agent up for a LiteLLM proxy."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from ...errors import FasedError, UsageError
from ...onboarding.dialogue import KeyStorage, NonInteractive, OnboardingRequest, Prompter
from ...onboarding.headers import parse_headers
from ...onboarding.run import AUTH_CHOICE, OnboardingOutcome, onboard
from .. import handover, output, session
from ..commands import SETTINGS
from . import text as onboard_text

# What this command does not know may belong to the Node agent, so it is looked at before it is refused.
_SETTINGS: dict[str, Any] = {
    **SETTINGS["context_settings"],
    "ignore_unknown_options": True,
    "allow_extra_args": True,
}
STORAGES: dict[str, KeyStorage] = {"keyring": "keyring", "env": "env", "profile": "profile"}
_INPUT_MODES: dict[str, KeyStorage] = {"ref": "env", "plaintext": "profile"}

app = typer.Typer(**SETTINGS)


def _theirs(*names: str) -> Any:
    return typer.Option(*names, hidden=True)


@app.command("onboard", context_settings=_SETTINGS)
def onboard_command(
    ctx: typer.Context,
    *,
    auth_choice: Annotated[
        str | None, typer.Option("--auth-choice", metavar="CHOICE", help=f"{AUTH_CHOICE}; others go to the Node agent.")
    ] = None,
    litellm_api_key: Annotated[
        str | None,
        typer.Option(
            "--litellm-api-key",
            metavar="KEY",
            help="The key; better in LITELLM_API_KEY, where no process list shows it.",
        ),
    ] = None,
    custom_base_url: Annotated[
        str | None,
        typer.Option(
            "--custom-base-url",
            metavar="URL",
            help="The proxy; else as configured, LITELLM_BASE_URL, http://localhost:4000.",
        ),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            metavar="NAME=VALUE",
            help="A header for every request to the proxy, such as one that a login before it wants; ${VAR} stays in the"
            " file as it is. May be repeated.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="ID", help="The model to use, an id of the proxy.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Set up this agent alone; else all of them.")
    ] = None,
    set_default: Annotated[
        bool, typer.Option("--set-default", help="Make it the primary model even where another one is set.")
    ] = False,
    key_storage: Annotated[
        str | None,
        typer.Option(
            "--key-storage",
            metavar="PLACE",
            help="keyring (of the OS), env (a reference to LITELLM_API_KEY) or profile (a file, 0600); else the first"
            " that fits: env if it holds the key, keyring where one works, profile.",
        ),
    ] = None,
    allow_private_network: Annotated[
        bool, typer.Option("--allow-private-network", help="The proxy's name may lead to a private address.")
    ] = False,
    non_interactive: Annotated[bool, typer.Option("--non-interactive", help="Ask nothing.")] = False,
    accept_risk: Annotated[
        bool, typer.Option("--accept-risk", help="Agree that agents act with your rights; needed by --non-interactive.")
    ] = False,
    skip_health: Annotated[bool, typer.Option("--skip-health", help="Do not ask the proxy.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    mode: Annotated[str, _theirs("--mode")] = "local",
    secret_input_mode: Annotated[str | None, _theirs("--secret-input-mode")] = None,
    flow: Annotated[str | None, _theirs("--flow")] = None,
    workspace: Annotated[str | None, _theirs("--workspace")] = None,
    skip_channels: Annotated[bool, _theirs("--skip-channels")] = False,
    skip_skills: Annotated[bool, _theirs("--skip-skills")] = False,
    skip_ui: Annotated[bool, _theirs("--skip-ui")] = False,
    skip_daemon: Annotated[bool, _theirs("--skip-daemon", "--no-install-daemon")] = False,
) -> None:
    """Set the agent up for a LiteLLM proxy: address, key, check, models, and the files that say so."""
    _ours_or_not(ctx.args, auth_choice, litellm_api_key, mode)
    _remark_on_theirs(
        {
            "--flow": flow,
            "--workspace": workspace,
            "--skip-channels": skip_channels,
            "--skip-skills": skip_skills,
            "--skip-ui": skip_ui,
            "--skip-daemon": skip_daemon,
        }
    )
    request = OnboardingRequest(
        key=litellm_api_key,
        base_url=custom_base_url,
        headers=parse_headers(header or ()),
        model=model,
        agent=agent,
        storage=_storage(key_storage, secret_input_mode),
        set_default=set_default,
        allow_private=allow_private_network,
        skip_health=skip_health,
        dry_run=dry_run,
    )
    dialogue = _dialogue(request, non_interactive=non_interactive, accept_risk=accept_risk)
    outcome = onboard(request, dialogue, session.paths())
    _report(outcome, json_output=json_output)


def _ours_or_not(extra: list[str], auth_choice: str | None, key: str | None, mode: str) -> None:
    if auth_choice is not None and auth_choice != AUTH_CHOICE:
        raise handover.NotOurs(f"The auth choice {auth_choice!r} is not one of this package; it has {AUTH_CHOICE!r}.")
    if mode == "remote":
        raise handover.NotOurs("--mode remote sets up a gateway elsewhere, which this package does not do.")
    if mode != "local":
        raise UsageError(f"--mode {mode!r} is unknown.", hint="Modes: local, remote.")
    ours = auth_choice is not None or key is not None
    if extra and not ours:
        raise handover.NotOurs(f"{extra[0]} is not an option of this package's `onboard`.")
    if extra:
        raise UsageError(f"No such option: {extra[0]}", hint="See `fased onboard --help`.")
    if not ours and handover.next_fased() is not None:
        raise handover.NotOurs(
            f"Without --auth-choice {AUTH_CHOICE} the whole agent is set up, which is the Node agent's part."
        )


def _remark_on_theirs(given: dict[str, Any]) -> None:
    names = [name for name, value in given.items() if value]
    if names:
        output.diagnostic(f"Nothing to do here for {', '.join(names)}: only the route through LiteLLM is set up.")


def _storage(place: str | None, input_mode: str | None) -> KeyStorage | None:
    for flag, text, known in (("--key-storage", place, STORAGES), ("--secret-input-mode", input_mode, _INPUT_MODES)):
        if text is not None and text not in known:
            raise UsageError(f"{flag} {text!r} is unknown.", hint=f"Known: {', '.join(known)}.")
    if place is not None:
        return STORAGES[place]
    return _INPUT_MODES[input_mode] if input_mode is not None else None


def _dialogue(request: OnboardingRequest, *, non_interactive: bool, accept_risk: bool) -> Prompter:
    if non_interactive:
        if not accept_risk:
            raise FasedError(
                "Onboarding without questions needs --accept-risk.",
                hint="An agent acts with your rights on this machine, and calls cost money. Add --accept-risk to agree.",
            )
        return NonInteractive(request)
    if not sys.stdin.isatty():
        raise FasedError(
            "Questions need a terminal.",
            hint="Add --non-interactive --accept-risk, and what to use by flags.",
        )
    from .dialogue import TerminalPrompter

    return TerminalPrompter(request)


def _report(outcome: OnboardingOutcome, *, json_output: bool) -> None:
    for warning in outcome.plan.warnings:
        output.diagnostic(f"! {warning}")
    if json_output:
        output.document(outcome.as_dict())
        return
    for line in onboard_text.result(outcome):
        output.line(line)
