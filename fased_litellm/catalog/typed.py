"""Which model is meant by what somebody typed: a reference, an alias, or the bare id of a model of the proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config.agents import section
from ..errors import FasedError, InvalidRef
from ..refs import PROVIDER, ModelRef, normalize_provider
from ..roles.choice import parse_ref
from ..roles.known import KnownNames
from .facts import Catalog

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot


def read_ref(
    snapshot: ConfigSnapshot,
    text: str,
    catalog: Callable[[], Catalog | None],
    *,
    agent: str | None = None,
    only_proxy: bool = False,
) -> ModelRef:
    """Read a reference as typed. Every id that the proxy lists can be typed as it is listed.

    In this order: an alias of the config; a reference (see ``refs``) to a model that the proxy takes; the id of a model that
    the proxy lists, whatever it looks like; a reference as it stands, to another provider too. What has no slash is a model of
    the proxy.

    Args:
        snapshot: the config.
        text: what was typed.
        catalog: gives what the proxy offers, as far as it is known; asked only where that makes a difference.
        agent: whose auth profiles count besides those of ``main``.
        only_proxy: whether no other provider is meant in any case. Else an id such as ``openai/gpt-5`` names the provider
            ``openai`` where the config knows of one or has a key for it.

    Raises:
        InvalidRef: it is nothing of that kind.
    """
    body = text.strip()
    names = KnownNames(snapshot, agent, lambda: offered.by_id if (offered := catalog()) else ())
    if "/" not in body:
        if "@" in body and (offered := catalog()) is not None and body in offered.by_id:
            return ModelRef(PROVIDER, body)
        ref, note = parse_ref(snapshot.value, body, names)
        # Fased would take another provider for a bare id; nobody who has this package means that.
        return ModelRef.parse(body, default_provider=PROVIDER, known=names) if note else ref
    try:
        ref = ModelRef.parse(body, known=names)
    except InvalidRef:
        if (offered := catalog()) is not None and body in offered.by_id:
            return ModelRef(PROVIDER, body)
        raise
    if ref.provider == PROVIDER:
        if names.model(PROVIDER, ref.model):
            return ref
        offered = catalog()
        meant = offered is not None and offered.lists(body) and not offered.accepts(ref.model)
        return ModelRef(PROVIDER, body) if meant else ref
    if not only_proxy and _has(snapshot, ref.provider):
        return ref
    offered = catalog()
    return ModelRef(PROVIDER, body) if offered is not None and offered.lists(body) else ref


def _has(snapshot: ConfigSnapshot, provider: str) -> bool:
    """Whether the installation has another provider: an entry in the config, or a key."""
    from ..secrets.lookup import resolve_key

    if any(normalize_provider(str(name)) == provider for name in section(snapshot.value, "models", "providers")):
        return True
    try:
        resolve_key(snapshot, snapshot.paths, provider)
    except FasedError:
        return False
    return True
