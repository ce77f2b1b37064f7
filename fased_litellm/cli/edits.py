"""What all commands that change the config share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

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
    from ..config import retry as retrying
    from ..config import save

    return retrying.commit(save.plan(snapshot, edits), retry=retry)
