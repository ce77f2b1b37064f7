"""What the proxy offers, for the commands that check a reference: asked now, else as last known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...catalog import cache
from ...catalog.selection import check_ref, remarks, unlisted
from ...catalog.typed import read_ref
from ...catalog.unlisted import with_unlisted
from ...errors import FasedError, MissingVariable
from ...refs import PROVIDER, ModelRef
from .. import output

if TYPE_CHECKING:
    from ...catalog.facts import Catalog
    from ...config.load import ConfigSnapshot
    from ...paths import Paths


def catalog_now(
    snapshot: ConfigSnapshot, paths: Paths, wanted: Callable[[Catalog], Iterable[str]] = lambda _: ()
) -> Catalog | None:
    """Ask the proxy; where it cannot be asked, the last good list, with a word about its age; else None.

    ``wanted`` are ids which it is asked about where it does not list them.
    """
    from ...provider import LiteLLMProvider
    from ...provider.settings import Settings

    try:
        settings = Settings.of(snapshot, paths)
    except MissingVariable as error:
        output.diagnostic(f"The proxy's models are not known: {error.message}")
        return None
    with LiteLLMProvider(settings) as provider:
        try:
            listed = provider.discover()
            return with_unlisted(provider.client(), listed, wanted(listed))
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


def last_known(snapshot: ConfigSnapshot, paths: Paths, *, quiet: bool = False) -> Catalog | None:
    """The last good list of the configured proxy, without asking it.

    Args:
        snapshot: the config.
        paths: the installation.
        quiet: say nothing where it is not known: ``catalog_now`` follows, which says why, or nothing depends on it.
    """
    from ...config.defaults import address_of
    from ...proxy.urls import normalize_base_url

    try:
        url = address_of(snapshot)
    except MissingVariable as error:
        if not quiet:
            output.diagnostic(f"The proxy's models are not known: {error.message}")
        return None
    catalog, note = cache.read(paths, normalize_base_url(url))
    if note and not quiet:
        output.diagnostic(note)
    return catalog


def chosen(
    snapshot: ConfigSnapshot, paths: Paths, texts: Iterable[str], *, force: bool, agent: str | None = None
) -> dict[str, ModelRef]:
    """References as typed (see ``catalog.typed``), checked: those under ``litellm/`` which the proxy does not take are refused.

    Nothing is refused where that is not known. The proxy is asked at most once, and with ``force`` not at all.

    Raises:
        InvalidRef: one of the texts is no reference.
        UnknownModel: the proxy does not take one of them.
    """
    before = last_known(snapshot, paths, quiet=True)
    refs = {text: read_ref(snapshot, text, lambda: before, agent=agent) for text in texts}
    if force or all(ref.provider != PROVIDER for ref in refs.values()):
        return refs
    ours = [text for text, ref in refs.items() if ref.provider == PROVIDER]

    def read(catalog: Catalog | None) -> dict[str, ModelRef]:
        return {text: read_ref(snapshot, text, lambda: catalog, agent=agent) for text in ours}

    offered = catalog_now(snapshot, paths, lambda catalog: [ref.model for ref in read(catalog).values()])
    refs |= read(offered)
    wanted = [ref for ref in refs.values() if ref.provider == PROVIDER]
    if offered is None:
        output.diagnostic(f"{', '.join(map(str, wanted))} was not checked.")
    for ref in wanted:
        check_ref(offered, ref)
        for note in filter(None, [unlisted(offered, ref), *remarks(ref)]):
            output.diagnostic(note)
    return refs


def age_of(catalog: Catalog) -> str:
    """The age of a list, for people."""
    return cache.age_text(catalog.age_s(datetime.now(UTC)))
