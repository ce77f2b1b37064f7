"""What the proxy offers, for the commands that check a reference: asked now, else as last known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..catalog import cache
from ..catalog.selection import check_ref
from ..errors import FasedError
from ..refs import PROVIDER, ModelRef
from . import output

if TYPE_CHECKING:
    from ..catalog.facts import Catalog
    from ..config.load import ConfigSnapshot
    from ..paths import Paths


def catalog_now(snapshot: ConfigSnapshot, paths: Paths) -> Catalog | None:
    """Ask the proxy; where it cannot be asked, the last good list, with a word about its age; else None."""
    from ..provider import LiteLLMProvider
    from ..provider.settings import Settings

    with LiteLLMProvider(Settings.of(snapshot, paths)) as provider:
        try:
            return provider.discover()
        except FasedError as error:
            reason = error.message.partition("\n")[0]
            catalog, note = cache.read(paths, provider.base_url)
    if note:
        output.diagnostic(note)
    if catalog is None:
        output.diagnostic(f"The proxy's models are not known: {reason}")
        return None
    output.diagnostic(f"The proxy cannot be asked now ({reason}) Its list is {age_of(catalog)} old.")
    return catalog


def last_known(snapshot: ConfigSnapshot, paths: Paths) -> Catalog | None:
    """The last good list of the configured proxy, without asking it."""
    from ..config.implied import provider_of
    from ..proxy.urls import normalize_base_url

    catalog, note = cache.read(paths, normalize_base_url(provider_of(snapshot).base_url))
    if note:
        output.diagnostic(note)
    return catalog


def check(snapshot: ConfigSnapshot, paths: Paths, refs: Iterable[ModelRef], *, force: bool) -> None:
    """Refuse references under ``litellm/`` which the proxy does not take; nothing is refused where it is not known.

    Raises:
        UnknownModel: it does not take one of them.
    """
    wanted = [ref for ref in refs if ref.provider == PROVIDER]
    if force or not wanted:
        return
    catalog = catalog_now(snapshot, paths)
    if catalog is None:
        output.diagnostic(f"{', '.join(map(str, wanted))} was not checked.")
    for ref in wanted:
        check_ref(catalog, ref)


def age_of(catalog: Catalog) -> str:
    """The age of a list, for people."""
    return cache.age_text(catalog.age_s(datetime.now(UTC)))
