"""What all commands that change the config share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from . import output

if TYPE_CHECKING:
    from ..config.change import ConfigChange
    from ..config.edits import Edit
    from ..config.load import ConfigSnapshot

RETRY = Annotated[
    bool, typer.Option("--retry", help="Put the change together with one that another program makes meanwhile.")
]


def write(snapshot: ConfigSnapshot, edits: Sequence[Edit], *, retry: bool) -> ConfigChange:
    """Make edits and write them.

    Returns:
        What was written; a change that changes nothing, where it was so already.
    """
    from ..config import conflict_merge, save

    written = conflict_merge.commit(save.plan(snapshot, edits), retry=retry)
    _warn_of_unset(written)
    return written


def _warn_of_unset(change: ConfigChange) -> None:
    """Say which variables the config refers to now, and did not before, that are not set."""
    if not any("${" in file.new.text for file in change.files):
        return
    from ..config.interpolation import missing
    from ..config.load import check_texts

    snapshot = change.snapshot
    texts = {file.path: file.new.text for file in change.files}
    _, unset = check_texts({change.path: change.after or "{}", **texts}, snapshot)
    known = missing.variables(snapshot.missing)
    new = [name for name in missing.variables(unset) if name not in known]
    if new:
        output.diagnostic(f"! {missing.refused(new)} {missing.where_to_set(new, snapshot.paths.state / '.env')}")
