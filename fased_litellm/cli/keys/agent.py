"""``fased litellm key``: the key of an agent that is set up already."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import FasedError, UsageError
from .. import output, session
from ..commands import SETTINGS

if TYPE_CHECKING:
    from ...keys.agent_key import AgentKey, KeyUpdate
    from ...secrets.placement import Storage

app = typer.Typer(
    **SETTINGS, no_args_is_help=True, help="Show, replace, move and delete the key by which the proxy knows the agent."
)

AGENT = Annotated[
    str | None, typer.Option("--agent", metavar="ID", help="The key of this agent alone; else that of all of them.")
]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_MOST = 16 * 1024


@app.callback()
def group() -> None:
    """The group has no work of its own."""


@app.command()
def show(*, agent: AGENT = None, json_output: JSON = False) -> None:
    """Show, masked, which key is in use and where it is kept."""
    state = _key(agent).show()
    if json_output:
        output.document(state.as_dict())
        return
    output.line(f"{state.key.masked}  in {_place(state.storage, state.place)}")
    if state.key.profile_id:
        output.line(f"Profile: {state.key.profile_id}")
    for note in state.key.notes:
        output.diagnostic(f"! {note}")


@app.command("set")
def set_(
    *,
    from_env: Annotated[
        str | None, typer.Option("--from-env", metavar="NAME", help="Take the key from this variable.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="The key; other users see it in the list of processes.")
    ] = None,
    key_storage: Annotated[
        str | None,
        typer.Option("--key-storage", metavar="PLACE", help="keyring, env or profile; else where the old key is."),
    ] = None,
    agent: AGENT = None,
    skip_health: Annotated[bool, typer.Option("--skip-health", help="Do not ask the proxy about it.")] = False,
    json_output: JSON = False,
) -> None:
    """Replace the key: by what is typed (not shown), by stdin, or --from-env.

    Calls that are under way end with the old key, the next ones use the new one. Delete the old key at the proxy afterwards.
    """
    new = _new_key(from_env, key)
    storage = _storage(key_storage, "--key-storage")
    _report(_key(agent).set(new, storage, ask=not skip_health), json_output=json_output)


@app.command()
def move(
    *,
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="keyring, env or profile.")],
    agent: AGENT = None,
    json_output: JSON = False,
) -> None:
    """Keep the key elsewhere. It is taken out of the place where it was, except the environment."""
    storage = _storage(to, "--to")
    assert storage is not None
    _report(_key(agent).move(storage), json_output=json_output)


@app.command()
def delete(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    agent: AGENT = None,
    json_output: JSON = False,
) -> None:
    """Forget the key, here alone; at the proxy it stays what it is."""
    found = _key(agent)
    state = found.show()
    if not yes:
        if not sys.stdin.isatty():
            raise FasedError("Confirmation needs a terminal.", hint="Add --yes to delete the key without being asked.")
        question = f"Forget {state.key.masked} in {_place(state.storage, state.place)}?"
        if not output.confirm(question, default=False):
            raise FasedError("Nothing was deleted.")
    _report(found.delete(), json_output=json_output)


def _key(agent: str | None) -> AgentKey:
    from ...keys.agent_key import AgentKey

    snapshot = session.config()
    return AgentKey(snapshot, session.paths(), session.known_agent(snapshot, agent))


def _new_key(variable: str | None, flag: str | None) -> str:
    from ...onboarding.dialogue import clean_key

    if variable is not None and flag is not None:
        raise UsageError("--from-env and --key cannot be combined.", hint="Give the one or the other.")
    if flag is not None:
        output.diagnostic("! A key on the command line shows in the list of processes and in the shell's history.")
        return clean_key(flag, output.diagnostic)
    if variable is not None:
        if not os.environ.get(variable, "").strip():
            raise UsageError(f"The variable {variable} is not set.", hint=f"Export {variable} with the key.")
        return clean_key(os.environ[variable], output.diagnostic)
    if sys.stdin.isatty():
        return clean_key(str(typer.prompt("LiteLLM API key", hide_input=True, err=True)), output.diagnostic)
    return clean_key(sys.stdin.read(_MOST), output.diagnostic)


def _storage(text: str | None, flag: str) -> Storage | None:
    if text is None:
        return None
    from ..onboard.command import STORAGES

    if text not in STORAGES:
        raise UsageError(f"{flag} {text!r} is unknown.", hint=f"Known: {', '.join(STORAGES)}.")
    return STORAGES[text]


def _place(storage: str, place: str) -> str:
    return f"the OS keyring, as {place}" if storage == "keyring" else place


def _report(done: KeyUpdate, *, json_output: bool) -> None:
    for text in done.warnings:
        output.diagnostic(f"! {text}")
    if json_output:
        output.document(done.as_dict())
        return
    if done.storage is None or done.place is None:
        output.line(f"Forgot {done.masked} of {done.profile_id}.")
    else:
        output.line(f"{done.profile_id}: {done.masked}, in {_place(done.storage, done.place)}")
        if done.before not in (None, done.masked):
            output.line(f"Before: {done.before}")
    for path in done.files:
        output.line(f"Wrote {path}")
    if done.storage is not None:
        output.line("A Node agent that runs takes it over with `fased secrets reload`.")
