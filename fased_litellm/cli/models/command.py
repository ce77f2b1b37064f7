"""``fased models``: which models the config chooses, and which there are."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import FasedError, UsageError
from ...refs import PROVIDER
from .. import output, session
from ..commands import SETTINGS
from ..edits import RETRY, write
from ..groups import SharedGroup
from . import model_check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...config.edits import Edit
    from ...config.load import ConfigSnapshot
    from ...refs import ModelRef

app = typer.Typer(
    **SETTINGS, cls=SharedGroup, invoke_without_command=True, help="See and choose models; alone, the same as `status`."
)
aliases_app = typer.Typer(**SETTINGS, cls=SharedGroup, no_args_is_help=True, help="Short names for models.")
fallbacks_app = typer.Typer(
    **SETTINGS, cls=SharedGroup, no_args_is_help=True, help="The model to take when the primary fails; one is honoured."
)
app.add_typer(aliases_app, name="aliases")
app.add_typer(fallbacks_app, name="fallbacks")

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PLAIN = Annotated[bool, typer.Option("--plain", help="Print the bare values.")]
CHECK = Annotated[
    bool, typer.Option("--check", help="Exit 1 if a key is missing or expired, 2 if one ends within a day.")
]
AGENT = Annotated[str | None, typer.Option("--agent", metavar="ID", help="As this agent sees it.")]
FORCE = Annotated[bool, typer.Option("--force", help="Accept it though the proxy does not expose it.")]
REF = Annotated[str, typer.Argument(metavar="REF", help=f"provider/model, as {PROVIDER}/default, or an alias.")]


@app.callback()
def models(
    ctx: typer.Context,
    *,
    json_output: JSON = False,
    plain: PLAIN = False,
    check: CHECK = False,
    agent: AGENT = None,
) -> None:
    if ctx.invoked_subcommand is None:
        status(json_output=json_output, plain=plain, check=check, agent=agent)


@app.command()
def status(*, json_output: JSON = False, plain: PLAIN = False, check: CHECK = False, agent: AGENT = None) -> None:
    """Show the chosen models and where their keys come from."""
    from ...catalog.status import lines as status_lines
    from ...catalog.status import status_of

    _one_format(json_output=json_output, plain=plain)
    snapshot, paths = session.config(), session.paths()
    now = datetime.now(UTC)
    agent = session.known_agent(snapshot, agent)
    state = status_of(snapshot, paths, model_check.last_known(snapshot, paths), agent=agent, now=now)
    if json_output:
        output.document(state.document)
    elif plain:
        output.line(state.document["resolvedDefault"])
    else:
        for text in status_lines(state.document):
            output.line(text)
    if check and state.check:
        raise typer.Exit(state.check)


@app.command("list")
def list_models(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what the proxy offers and nobody configured.")
    ] = False,
    local: Annotated[bool, typer.Option("--local", help="Only models behind an address of this machine.")] = False,
    provider: Annotated[str | None, typer.Option("--provider", metavar="ID", help="Only this provider.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the proxy now.")] = False,
    json_output: JSON = False,
    plain: PLAIN = False,
) -> None:
    """List models. Without --refresh, the proxy is asked only if --all is given and it never was."""
    from ...catalog import listing

    _one_format(json_output=json_output, plain=plain)
    snapshot, paths = session.config(), session.paths()
    catalog = None if refresh else model_check.last_known(snapshot, paths, quiet=everything)
    if catalog is not None and everything and not plain:
        output.diagnostic(f"As the proxy said {model_check.age_of(catalog)} ago; --refresh asks again.")
    if refresh or (everything and catalog is None):
        catalog = model_check.catalog_now(snapshot, paths)
    found = listing.rows(
        snapshot,
        catalog,
        available=functools.partial(_has_key, snapshot),
        everything=everything,
        provider=provider,
        only_local=local,
    )
    if json_output:
        output.document({"count": len(found), "models": [row.as_dict() for row in found]})
    elif not found:
        output.line("No models found.")
    else:
        for text in [row.key for row in found] if plain else listing.table(found):
            output.line(text)


def _has_key(snapshot: ConfigSnapshot, provider: str) -> bool:
    from ...secrets.lookup import resolve_key

    try:
        resolve_key(snapshot, session.paths(), provider)
    except FasedError:
        return False
    return True


@app.command("set")
def set_primary(ref: REF, *, force: FORCE = False, retry: RETRY = False) -> None:
    """Make a model the primary one. Fallbacks stay; a non-empty allow-list gets it too."""
    from ...roles.edits import allow_edits, set_primary_edits

    snapshot = session.config()
    wanted = _wanted(snapshot, ref, force=force)
    _write(snapshot, [*set_primary_edits(snapshot, wanted), *allow_edits(snapshot, [wanted])], retry=retry)
    output.line(f"Default model: {wanted}")


@aliases_app.command("list")
def aliases_list(*, json_output: JSON = False, plain: PLAIN = False) -> None:
    """List the aliases."""
    from ...roles.choice import aliases

    _one_format(json_output=json_output, plain=plain)
    found = aliases(session.config().value)
    if json_output:
        output.document({"aliases": found})
        return
    if not plain:
        output.line(f"Aliases ({len(found)}):")
    for alias, key in found.items():
        output.line(f"{alias} {key}" if plain else f"- {alias} -> {key}")
    if not found and not plain:
        output.line("- none")


@aliases_app.command("add")
def aliases_add(
    alias: Annotated[str, typer.Argument(metavar="ALIAS")], ref: REF, *, force: FORCE = False, retry: RETRY = False
) -> None:
    """Give a model a short name."""
    from ...config.agents import section
    from ...roles.defaults import add_alias_edits, checked_alias

    checked_alias(alias)
    snapshot = session.config()
    wanted = _wanted(snapshot, ref, force=force)
    if not section(snapshot.source, "agents", "defaults", "models"):
        output.diagnostic(
            "agents.defaults.models was empty, so every model was allowed. Aliases stand there, and from now on it is an"
            " allow-list: models that are neither in it, nor primary, fallback or role, are refused."
        )
    _write(snapshot, add_alias_edits(snapshot, alias, wanted), retry=retry)
    output.line(f"Alias {alias.strip()} -> {wanted.key}")


@aliases_app.command("remove")
def aliases_remove(alias: Annotated[str, typer.Argument(metavar="ALIAS")], *, retry: RETRY = False) -> None:
    """Take a short name away; its model stays allowed."""
    from ...roles.defaults import remove_alias_edits

    snapshot = session.config()
    _write(snapshot, remove_alias_edits(snapshot, alias), retry=retry)
    output.line(f"Alias removed: {alias.strip()}")


@fallbacks_app.command("list")
def fallbacks_list(*, json_output: JSON = False, plain: PLAIN = False) -> None:
    """Show the fallback of all agents that have none of their own."""
    from ...roles.defaults import fallbacks_of

    _one_format(json_output=json_output, plain=plain)
    found = fallbacks_of(session.config().value)
    if json_output:
        output.document({"fallbacks": found})
        return
    if not plain:
        output.line(f"Fallbacks ({len(found)}):")
    for text in found:
        output.line(text if plain else f"- {text}")
    if not found and not plain:
        output.line("- none")


@fallbacks_app.command("add")
def fallbacks_add(ref: REF, *, force: FORCE = False, retry: RETRY = False) -> None:
    """Add the fallback; Fased takes one."""
    from ...roles.choice import parse_ref
    from ...roles.defaults import fallback_edits, fallbacks_of, one_fallback
    from ...roles.edits import allow_edits, written
    from ...roles.known import KnownNames

    snapshot = session.config()
    wanted = _wanted(snapshot, ref, force=force)
    current = fallbacks_of(snapshot.source)
    known = KnownNames(snapshot, listed=lambda: (wanted.model,))
    there = {parse_ref(snapshot.value, text, known)[0].key for text in current}
    listed = current if wanted.key in there else one_fallback(current, written(wanted))
    _write(snapshot, [*fallback_edits(snapshot, listed), *allow_edits(snapshot, [wanted])], retry=retry)
    output.line(f"Fallbacks: {', '.join(listed)}")


@fallbacks_app.command("remove")
def fallbacks_remove(ref: REF, *, retry: RETRY = False) -> None:
    """Remove a fallback, by its reference."""
    from ...errors import RefError
    from ...roles.choice import parse_ref
    from ...roles.defaults import fallback_edits, fallbacks_of
    from ...roles.known import KnownNames

    snapshot = session.config()
    known = KnownNames(snapshot)
    wanted = parse_ref(snapshot.value, ref, known)[0].key
    current = fallbacks_of(snapshot.source)
    listed = [
        text
        for text in current
        if parse_ref(snapshot.value, text, known)[0].key not in (wanted, f"{PROVIDER}/{ref}") and text != ref
    ]
    if listed == current:
        raise RefError(f"Fallback not found: {ref}.", hint="`fased models fallbacks list` shows them.")
    _write(snapshot, fallback_edits(snapshot, listed), retry=retry)
    output.line(f"Fallbacks: {', '.join(listed) or '-'}")


@fallbacks_app.command("clear")
def fallbacks_clear(*, retry: RETRY = False) -> None:
    """Remove the fallback."""
    from ...roles.defaults import fallback_edits, fallbacks_of

    snapshot = session.config()
    if fallbacks_of(snapshot.source):
        _write(snapshot, fallback_edits(snapshot, []), retry=retry)
    output.line("Fallback list cleared.")


def _wanted(snapshot: ConfigSnapshot, text: str, *, force: bool) -> ModelRef:
    """The reference that was typed: an alias, ``provider/model``, or the id of a model of the proxy."""
    return model_check.chosen(snapshot, session.paths(), [text], force=force)[text]


def _write(snapshot: ConfigSnapshot, edits: Sequence[Edit], *, retry: bool) -> None:
    change = write(snapshot, edits, retry=retry)
    for file in change.files:
        output.line(f"Updated {file.path}")
    if not change.changed:
        output.line(f"{snapshot.path} has it already.")


def _one_format(**formats: Any) -> None:
    if sum(map(bool, formats.values())) > 1:
        raise UsageError("--json and --plain cannot be combined.", hint="Give the one or the other.")
