"""Which distribution provides which provider, and which plug-ins are not used."""

from __future__ import annotations

from collections.abc import Iterator

from ...plugin import Registry
from ..findings import Finding


def unused(registry: Registry) -> Iterator[Finding]:
    """Plug-ins that are installed and not used."""
    for broken in registry.broken:
        name = broken.source.name
        claims = broken.claims is not None
        yield Finding(
            "plugin-claims-id" if claims else "plugin-broken",
            "warning",
            str(broken),
            "Uninstall what you do not need." if claims else "Update or uninstall it; nothing else depends on it.",
            command=f"pip uninstall {name}" if name else None,
        )
