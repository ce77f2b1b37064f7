"""How the config and the proxy differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.agents import section
from ..refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from . import configured, definitions, selection
from .facts import Catalog, ModelFacts

_FASED_DEFAULTS = {"reasoning": False, "input": ["text"]}
"""What a definition means without these keys; to write them out would change nothing."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value of a definition which the proxy knows otherwise; ``before`` is None where it is not set.

    ``path`` is the place within the definition: ``("contextWindow",)``, ``("cost", "input")``.
    """

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The dotted path."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A definition that differs; ``index`` is its place in ``models.providers.litellm.models``."""

    id: str
    index: int
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class VanishedRef:
    """A reference which an agent uses and the proxy does not take for chat."""

    ref: ModelRef
    used_by: tuple[str, ...]
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Config against proxy.

    Attributes:
        current: ids defined in the config, and ``default``, which the plug-in always registers.
        discovered: ids which the proxy offers for chat.
        additions: offered, not defined.
        removals: defined, not offered; they are kept.
        changed: definitions with values that the proxy knows otherwise.
        vanished: references in use which the proxy does not take.
        silent: definitions with ``compat.supportsUsageInStreaming: false``; Fased then counts no tokens of streams.
        own_prices: definitions whose prices the user set, and which the proxy names otherwise; they are kept.
    """

    current: tuple[str, ...]
    discovered: tuple[str, ...]
    additions: tuple[str, ...]
    removals: tuple[str, ...]
    changed: tuple[ModelChange, ...]
    vanished: tuple[VanishedRef, ...]
    silent: tuple[str, ...] = ()
    own_prices: tuple[str, ...] = ()


def compare(source: Mapping[str, Any], uses: configured.Uses, catalog: Catalog) -> Difference:
    """Compare the config, as it stands in the file, and what its agents use, with what the proxy offers."""
    entries = configured.definitions_of(source)
    current = current_ids(entries)
    known = set(current)
    discovered = tuple(model.id for model in catalog.chat_models)
    return Difference(
        current=current,
        discovered=discovered,
        additions=tuple(item for item in discovered if item not in known),
        removals=tuple(item for item in current if not catalog.accepts(item)),
        changed=tuple(changes_of(entries, catalog)),
        vanished=tuple(vanished_refs(uses, catalog)),
        silent=tuple(
            str(entry.get("id"))
            for entry in entries
            if isinstance(entry, Mapping) and section(entry, "compat").get("supportsUsageInStreaming") is False
        ),
        own_prices=tuple(
            str(entry["id"])
            for entry in entries
            if isinstance(entry, Mapping)
            and isinstance(entry.get("id"), str)
            and (facts := catalog.facts_for(entry["id"])) is not None
            and facts.prices.input is not None
            and not definitions.is_own(section(entry, "cost"), facts)
        ),
    )


def current_ids(entries: Sequence[Any]) -> tuple[str, ...]:
    """The ids that are defined, in their order, and ``default`` first where it is not among them."""
    ids = dict.fromkeys(
        entry["id"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)
    )
    return tuple(ids) if DEFAULT_MODEL_ID in ids else (DEFAULT_MODEL_ID, *ids)


def changes_of(entries: Sequence[Any], catalog: Catalog) -> list[ModelChange]:
    """What the proxy knows otherwise of the models that are defined."""
    found = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            continue
        facts = catalog.facts_for(entry["id"])
        if facts is None:
            continue
        fields = field_changes(entry, facts)
        if fields:
            found.append(ModelChange(entry["id"], index, tuple(fields)))
    return found


def field_changes(entry: Mapping[str, Any], facts: ModelFacts) -> list[FieldChange]:
    """The values of one definition that differ from what the proxy knows.

    Only what the proxy knows counts. Of ``compat`` only keys that are missing are filled in: what stands there was set
    by somebody who knows the model. ``name``, ``headers`` and ``api`` are the user's, and so are prices that are not the
    proxy's.
    """
    changes = []
    for key, after in definitions.known_fields(facts).items():
        before = entry.get(key, _FASED_DEFAULTS.get(key))
        if key == "cost" and isinstance(before, Mapping) and not definitions.is_own(before, facts):
            continue
        if isinstance(after, dict) and isinstance(before, Mapping):
            changes += [
                FieldChange((key, inner), before.get(inner), value)
                for inner, value in after.items()
                if not _same(before.get(inner), value)
            ]
        elif not _same(before, after):
            changes.append(FieldChange((key,), before, after))
    given = entry.get("compat")
    if isinstance(given, Mapping):
        missing = {key: value for key, value in definitions.compat(facts).items() if key not in given}
        changes += [FieldChange(("compat", key), None, value) for key, value in missing.items()]
    else:
        changes.append(FieldChange(("compat",), None, definitions.compat(facts)))
    return changes


def vanished_refs(uses: configured.Uses, catalog: Catalog) -> list[VanishedRef]:
    """References under ``litellm/`` that are in use, and that the proxy does not take."""
    return [
        VanishedRef(ref, tuple(paths), selection.nearest_ids(catalog, ref.model))
        for ref, paths in uses.items()
        if ref.provider == PROVIDER and not catalog.accepts(ref.model)
    ]


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, list) and isinstance(after, list):
        return sorted(map(str, before)) == sorted(map(str, after))
    # In Python 1 == True; in the config they are two things.
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
