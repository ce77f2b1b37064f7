"""What the config says of the proxy's models: which are defined, and which are in use."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from ..config.agents import section
from ..config.interpolation.placeholders import without_escapes
from ..refs import PROVIDER, ModelRef, normalize_provider
from ..roles.allowed import ALLOWED, refs_in_use
from ..roles.choice import IMPLIED, resolve
from ..roles.known import KnownNames

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

Uses = Mapping[ModelRef, list[str]]


def uses_of(snapshot: ConfigSnapshot, listed: Container[str] = ()) -> Uses:
    """References under ``litellm/`` that agents use → dotted paths where they stand; profiles are dropped.

    Where the config names no primary, the implied ``litellm/default`` is in use. The keys of ``agents.defaults.models``
    say what is allowed, not what is used. ``listed`` are the ids that the proxy lists, as far as they are known.
    """
    uses: dict[ModelRef, list[str]] = {}
    known = KnownNames(snapshot, listed=lambda: listed)
    primary = resolve(snapshot, known=known)
    if primary.source == IMPLIED and primary.primary.provider == PROVIDER:
        uses[primary.primary] = ["(implied, no primary is configured)"]
    for path, ref in refs_in_use(snapshot, PROVIDER, known=known):
        if not path.startswith(ALLOWED):
            uses.setdefault(ModelRef(ref.provider, ref.model), []).append(path)
    return uses


def provider_key(source: Mapping[str, Any], provider: str = PROVIDER) -> str | None:
    """The key of a provider in ``models.providers`` as it is written there; None where it is not configured."""
    providers = section(source, "models", "providers")
    if provider in providers:
        return provider
    return next((key for key in providers if normalize_provider(str(key)) == normalize_provider(provider)), None)


def definitions_of(source: Mapping[str, Any], provider: str = PROVIDER) -> list[Any]:
    """``models.providers.<provider>.models`` as it stands, with its indexes, but ids as they are meant (``$${NAME}`` is
    ``${NAME}``); empty where there is none."""
    key = provider_key(source, provider)
    if key is None:
        return []
    models = section(source, "models", "providers", key).get("models")
    return [_meant(entry) for entry in models] if isinstance(models, list) else []


def _meant(entry: Any) -> Any:
    name = entry.get("id") if isinstance(entry, Mapping) else None
    return {**entry, "id": without_escapes(name)} if isinstance(name, str) and "$${" in name else entry
