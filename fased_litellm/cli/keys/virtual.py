"""``fased litellm keys``: the virtual keys of the proxy."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError
from ...formatting import usd
from ...visible import one_line
from .. import output
from ..commands import SETTINGS
from . import text as keys_text
from .admin import admin_routes, confirm, keys_of, storage_of

if TYPE_CHECKING:
    from ...keys.created_key import CreatedKey
    from ...keys.virtualkeys import VirtualKeys
    from ...proxy.management.admin import KeyAdmin, VirtualKey

app = typer.Typer(
    **SETTINGS,
    no_args_is_help=True,
    help="Make and manage virtual keys of the proxy; needs its master key (LITELLM_MASTER_KEY, keyring, or asked for).",
)

JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AGENT = Annotated[
    str | None, typer.Option("--agent", metavar="ID", help="The key of this agent alone; else that of all of them.")
]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
KEY = Annotated[str, typer.Argument(metavar="KEY", help="Its name, or its hash as the proxy shows it.")]
ALIAS = Annotated[str | None, typer.Option("--alias", metavar="NAME", help="Name of the key, unique at the proxy.")]
BUDGET = Annotated[
    str | None, typer.Option("--max-budget", metavar="USD", help="Most that it may spend; `none` for no limit.")
]
DURATION = Annotated[
    str | None,
    typer.Option(
        "--budget-duration", metavar="TIME", help="Reset the spend daily, weekly, monthly, or every 30d (any number)."
    ),
]
MODELS = Annotated[
    list[str] | None,
    typer.Option("--models", metavar="NAME[,NAME]", help="The aliases which it may call; all by default."),
]
RPM = Annotated[int | None, typer.Option("--rpm", metavar="N", help="Most requests per minute.")]
TPM = Annotated[int | None, typer.Option("--tpm", metavar="N", help="Most tokens per minute.")]
EXPIRES = Annotated[
    str | None, typer.Option("--expires", metavar="WHEN", help="12h, 30d, or the last day, as 2026-12-31; `never`.")
]
STORAGE = Annotated[
    str | None, typer.Option("--key-storage", metavar="PLACE", help="keyring or profile; else where the old key is.")
]


@app.callback()
def group() -> None:
    """The group has no work of its own."""


@app.command()
def create(
    *,
    alias: ALIAS = "fased",
    max_budget: BUDGET = None,
    budget_duration: DURATION = None,
    models: MODELS = None,
    rpm: RPM = None,
    tpm: TPM = None,
    expires: EXPIRES = None,
    key_type: Annotated[
        str, typer.Option("--key-type", metavar="TYPE", help="default, llm_api (calls alone), management, read_only.")
    ] = "default",
    use: Annotated[bool, typer.Option("--use", help="Check it, and keep it as the agent's key.")] = False,
    key_storage: STORAGE = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the key even if stdout is not a terminal.")] = False,
    agent: AGENT = None,
    yes: YES = False,
    json_output: JSON = False,
) -> None:
    """Make a virtual key. It is shown once, or with --use goes where the agent keeps its key.

    With --use, one request of 16 tokens at most is sent to see that the key works.
    """
    from ...keys import key_options

    if not use and not reveal and not sys.stdout.isatty():
        raise UsageError(
            "The key would be made and not be shown.",
            hint="Add --use, to have the agent use it, or --reveal, to print it.",
        )
    if key_type not in key_options.KEY_TYPES:
        raise UsageError(f"--key-type {key_type!r} is unknown.", hint=f"Known: {', '.join(key_options.KEY_TYPES)}.")
    settings: dict[str, Any] = {
        **_wish(alias, max_budget, budget_duration, models, rpm, tpm, expires),
        "key_type": None if key_type == "default" else key_type,
    }
    storage = storage_of(key_storage)
    keys = keys_of(agent)
    with admin_routes(keys) as admin:
        if use:
            confirm(f"Make the key {settings['key_alias']}, and use it for the agent?", yes=yes, default=True)
        _warn_of_models(keys, admin, settings.get("models"))
        made = keys.create(admin, settings, use=use, storage=storage)
    _show_made(made, json_output=json_output, reveal=reveal or not use)


@app.command()
def info(
    *,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Its name or hash; the agent's own key by default.")
    ] = None,
    agent: AGENT = None,
    json_output: JSON = False,
) -> None:
    """Show what the proxy says of a key: budget, spent, reset, limits, models. Of its own key, any agent may ask."""
    keys = keys_of(agent)
    if key is None:
        held, found = keys.own()
        place = f"{held.kind}: {held.detail}"
    else:
        with admin_routes(keys) as admin:
            found, place = keys.find(admin, key), None
    if json_output:
        output.document({**found.as_dict(), "place": place})
        return
    if place:
        output.line(f"The agent's key, from {place}")
    for text in keys_text.lines(found):
        output.line(text)


@app.command("list")
def list_(*, json_output: JSON = False) -> None:
    """List the keys of the proxy."""
    keys = keys_of(None)
    with admin_routes(keys) as admin:
        found = list(admin.all())
    if json_output:
        output.document({"keys": [key.as_dict() for key in found]})
        return
    if not found:
        output.line("The proxy has no virtual keys. `fased litellm keys create` makes one.")
        return
    from ..display.table import Column, render
    from ..display.terminal import detect

    columns = [
        Column("Name", [one_line(key.alias or key.name or "-") for key in found]),
        Column("Spent", [usd(key.spent) for key in found], right=True),
        Column("Budget", [usd(key.max_budget) if key.max_budget is not None else "-" for key in found], right=True),
        Column("Resets", [keys_text.day(key.budget_reset_at) for key in found], spare=2),
        Column("Models", [one_line(", ".join(key.models)) or "all" for key in found], spare=1),
        Column("State", [keys_text.state(key) for key in found]),
    ]
    for line in render(columns, [0.0] * len(found), detect()):
        output.line(line)


@app.command()
def update(
    *,
    key: KEY,
    alias: ALIAS = None,
    max_budget: BUDGET = None,
    budget_duration: DURATION = None,
    models: MODELS = None,
    rpm: RPM = None,
    tpm: TPM = None,
    expires: EXPIRES = None,
    json_output: JSON = False,
) -> None:
    """Change a key's name, budget, limits or models; `none` takes a budget or its duration away."""
    settings = _wish(alias, max_budget, budget_duration, models, rpm, tpm, expires)
    if not settings:
        raise UsageError("There is nothing to change.", hint="Give --max-budget, --models, --rpm or another option.")
    keys = keys_of(None)
    with admin_routes(keys) as admin:
        found = keys.find(admin, key)
        _warn_of_models(keys, admin, settings.get("models"))
        changed = admin.update(found.token or key, settings)
    if json_output:
        output.document(changed.as_dict())
        return
    for text in keys_text.lines(changed):
        output.line(text)


@app.command()
def block(*, key: KEY, yes: YES = False, json_output: JSON = False) -> None:
    """Have the proxy refuse a key, until `unblock`."""
    _set_blocked(key, blocked=True, yes=yes, json_output=json_output)


@app.command()
def unblock(*, key: KEY, json_output: JSON = False) -> None:
    """Have the proxy take a blocked key again."""
    _set_blocked(key, blocked=False, yes=True, json_output=json_output)


@app.command()
def rotate(
    *,
    key_storage: STORAGE = None,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="Do not delete the old key at the proxy.")] = False,
    agent: AGENT = None,
    yes: YES = False,
    json_output: JSON = False,
) -> None:
    """Put a new key in the place of the agent's: make, check (one small request), switch, and only then delete the old one.

    The new key has the same limits, and what the old one has spent counts on. Calls under way end with the old key.
    """
    storage = storage_of(key_storage)
    keys = keys_of(agent)
    with admin_routes(keys) as admin:
        confirm("Make a new key for the agent, and delete the one in use?", yes=yes, default=True)
        rotated = keys.rotate(admin, storage=storage, keep_old=keep_old)
    made = rotated.made
    if rotated.warning:
        output.diagnostic(f"! The old key {rotated.before.name} is still at the proxy: {rotated.warning}")
    if json_output:
        output.document(rotated.as_dict())
        return
    assert made.done is not None
    output.line(f"The agent uses {made.done.masked} now, in {made.done.place}; before: {made.done.before}.")
    output.line("The old key is deleted at the proxy." if rotated.deleted else "The old key still works.")
    if rotated.before.spent:
        output.line(f"What the old key has spent counts on: {usd(rotated.before.spent)}")


@app.command()
def delete(*, key: KEY, yes: YES = False, json_output: JSON = False) -> None:
    """Delete a key at the proxy, for good. The agent's own key is replaced by `rotate` instead."""
    keys = keys_of(None)
    with admin_routes(keys) as admin:
        found = keys.find(admin, key)
        confirm(f"Delete {keys_text.name(found)} for good?{_if_own(keys, found)}", yes=yes)
        admin.delete(found.token or key)
    if json_output:
        output.document({"token": found.token, "alias": found.alias, "deleted": True})
    else:
        output.line(f"Deleted {keys_text.name(found)}.")


def _wish(
    alias: str | None,
    max_budget: str | None,
    budget_duration: str | None,
    models: list[str] | None,
    rpm: int | None,
    tpm: int | None,
    expires: str | None,
) -> dict[str, Any]:
    """The fields that were given."""
    from ...keys import key_options

    wish: dict[str, Any] = {}
    if alias is not None:
        wish["key_alias"] = key_options.alias(alias)
    if max_budget is not None:
        wish["max_budget"] = key_options.budget(max_budget)
    if budget_duration is not None:
        wish["budget_duration"] = key_options.budget_duration(budget_duration)
    if models is not None:
        wish["models"] = key_options.models(models)
    for name, number in (("rpm", rpm), ("tpm", tpm)):
        if number is not None:
            wish[f"{name}_limit"] = key_options.limit(number, f"--{name}")
    if expires is not None:
        wish["duration"] = key_options.expires(expires, datetime.now(UTC))
    return wish


def _warn_of_models(keys: VirtualKeys, admin: KeyAdmin, models: list[str] | None) -> None:
    unknown = keys.unknown_models(admin, models or [])
    if unknown:
        output.diagnostic(
            f"! The proxy lists no model {', '.join(unknown)}. A key may name access groups and patterns too; if that is not"
            " meant, change it: fased litellm keys update … --models …"
        )


def _set_blocked(name: str, *, blocked: bool, yes: bool, json_output: bool) -> None:
    keys = keys_of(None)
    with admin_routes(keys) as admin:
        found = keys.find(admin, name)
        if blocked:
            confirm(f"Have the proxy refuse {keys_text.name(found)}?{_if_own(keys, found)}", yes=yes)
        admin.block(found.token or name, blocked=blocked)
    if json_output:
        output.document({"token": found.token, "alias": found.alias, "blocked": blocked})
    elif blocked:
        output.line(f"{keys_text.name(found)} is blocked; it may take a minute until every worker of the proxy knows.")
    else:
        output.line(
            f"{keys_text.name(found)} is unblocked; it may take a minute until every worker of the proxy knows."
        )


def _if_own(keys: VirtualKeys, found: VirtualKey) -> str:
    return " It is the key that the agent uses." if keys.is_own(found) else ""


def _show_made(made: CreatedKey, *, json_output: bool, reveal: bool) -> None:
    about = made.new.about
    for text in made.done.warnings if made.done else ():
        output.diagnostic(f"! {text}")
    if json_output:
        output.document({**({"key": made.new.key} if reveal else {}), **made.as_dict()}, secrets=reveal)
        return
    for text in keys_text.lines(about):
        output.line(text)
    if made.checked and made.done:
        output.line(f"Checked: {made.checked.model} answered.")
        output.line(f"The agent uses it now: {made.done.masked}, in {made.done.place}")
    if reveal:
        output.diagnostic("The proxy shows the key this once:")
        output.asked_for(made.new.key)
