"""Models that the proxy takes although it does not list them, such as hidden aliases of its router."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..proxy.management import unlisted
from ..refs import PROVIDER
from .facts import INHERITED, Catalog

_MOST = 20
"""Names that are asked for; a config uses few that are not listed."""


def with_unlisted(client: unlisted.JsonClient, catalog: Catalog, ids: Iterable[str]) -> Catalog:
    """A catalog that also accepts those of some names which the proxy takes without listing them.

    Args:
        client: of the proxy, with the key that the catalog is of.
        catalog: what it lists.
        ids: names that are used, or wanted, also with ``litellm/`` in front; those which the catalog accepts are not asked for.
    """
    names = [name if catalog.accepts(name) else name.removeprefix(f"{PROVIDER}/") for name in ids]
    asked = [name for name in dict.fromkeys(names) if name and not catalog.accepts(name) and name not in INHERITED]
    taken = tuple(name for name in asked[:_MOST] if unlisted.takes(client, name))
    return replace(catalog, unlisted=taken) if taken else catalog
