"""What the commands about virtual keys share: the proxy's admin routes, a question before a change, a place for a new key."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from ...errors import FasedError, MissingKey, UsageError
from .. import output, session

if TYPE_CHECKING:
    from ...keys.virtualkeys import VirtualKeys
    from ...proxy.management.admin import KeyAdmin
    from ...secrets.placement import Storage


def keys_of(agent: str | None) -> VirtualKeys:
    """The keys of the configured proxy, as an agent sees them."""
    from ...keys.virtualkeys import VirtualKeys

    snapshot = session.config()
    return VirtualKeys(snapshot, session.paths(), session.known_agent(snapshot, agent))


@contextmanager
def admin_routes(keys: VirtualKeys) -> Iterator[KeyAdmin]:
    """The admin routes with the master key, which is asked for (not shown) where it is nowhere else."""
    from ...keys.virtualkeys import MASTER_VARIABLE, master_key
    from ...onboarding.dialogue import clean_key
    from ...proxy.management.admin import KeyAdmin

    found = master_key(session.config(), session.paths(), keys.base_url)
    if found is None:
        if not sys.stdin.isatty():
            raise MissingKey(
                "This needs the proxy's master key.",
                hint=f"Set {MASTER_VARIABLE} for this one command. It is stored nowhere.",
            )
        key = clean_key(str(typer.prompt("LiteLLM master key", hide_input=True, err=True)))
    else:
        key = clean_key(found[0])
    # So that it is hidden, should the proxy quote it.
    with suppress(FasedError):
        keys.held()
    with keys.client(key) as client:
        yield KeyAdmin(client)


def confirm(question: str, *, yes: bool, default: bool = False) -> None:
    """Ask before something is done, unless ``yes``.

    Raises:
        UsageError: there is no terminal to ask on.
        FasedError: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This asks for confirmation, which needs a terminal.", hint="Add --yes.")
    if not output.confirm(question, default=default):
        raise FasedError("Nothing was changed.")


def storage_of(text: str | None) -> Storage | None:
    """Where ``--key-storage`` puts a new key; None for where the old one is.

    Raises:
        UsageError: it is no place for a new key.
    """
    if text is None:
        return None
    from ..onboard.command import STORAGES

    if text not in STORAGES or STORAGES[text] == "env":
        raise UsageError(f"--key-storage {text!r} cannot take a new key.", hint="Known: keyring, profile.")
    return STORAGES[text]
