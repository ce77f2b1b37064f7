"""The models: how old is what is known of them, and are those in use still there?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

from ...catalog.cache import age_text
from ...catalog.configured import uses_of
from ...catalog.difference import vanished_refs
from ...catalog.facts import Catalog
from ..findings import Finding
from .subject import Subject

OLD_DAYS = 30


def age(subject: Subject) -> Iterator[Finding]:
    """The catalog is there, and not too old."""
    if subject.base_url is None:
        return
    catalog = subject.catalog
    if catalog is None:
        yield Finding(
            "catalog-missing",
            "info",
            f"The models of {subject.base_url} were never asked for: names and prices cannot be checked.",
            "Ask for them; it costs nothing.",
            command="fased providers refresh",
        )
        return
    seconds = (datetime.now(UTC) - catalog.fetched_at).total_seconds()
    if seconds > OLD_DAYS * 86_400:
        yield Finding(
            "catalog-old",
            "warning",
            f"What is known of the proxy's models is {age_text(seconds)} old.",
            "Ask again; it costs nothing.",
            command="fased providers refresh",
        )


def vanished(subject: Subject, now: Catalog | None) -> Iterator[Finding]:
    """Every model in use is offered: now, or when the proxy was last asked."""
    catalog = now or subject.catalog
    if catalog is None or subject.snapshot is None:
        return
    when = "" if now else " (as it last said)"
    for gone in vanished_refs(uses_of(subject.snapshot, catalog.by_id), catalog):
        only_primary = gone.used_by == ("agents.defaults.model.primary",)
        near = f" Did you mean litellm/{gone.nearest[0]}?" if gone.nearest else ""
        yield Finding(
            "model-vanished",
            "error",
            f"{gone.ref} is used ({', '.join(gone.used_by[:3])}), and the proxy does not offer it{when}.{near}",
            "Choose another model (`fased models list --all` shows them), or have the proxy offer it.",
            command=f"fased models set {shlex.quote(f'litellm/{gone.nearest[0]}')}"
            if gone.nearest and only_primary
            else None,
        )
