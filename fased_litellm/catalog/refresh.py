"""From a difference to the edits of fased.json. Pure.

What is written: values that the proxy knows, and definitions of models that it offers. What never changes: the order,
``name``, ``headers``, ``api`` and the values in ``compat`` that are set; and no definition is ever deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.edits import Edit
from ..errors import ConfigError
from ..refs import PROVIDER, ModelRef
from . import configured, definitions, selection
from .difference import Difference
from .facts import Catalog

MOST_WRITTEN = 50
"""Where a proxy offers more chat models, only those in use and those that are asked for are written."""


@dataclass(frozen=True, slots=True)
class Apply:
    """What ``--apply`` would write.

    Attributes:
        edits: for ``config.save.plan``; empty if everything is there already.
        added: ids of the new definitions.
        left_out: how many models are offered but not written.
    """

    edits: tuple[Edit, ...]
    added: tuple[str, ...]
    left_out: int

    def note(self) -> str | None:
        """What to say of the models that were left out."""
        if not self.left_out:
            return None
        return (
            f"{self.left_out:,} of the models offered were not written: with more than {MOST_WRITTEN}, only those in use"
            " and those named with --model are."
        )


def plan_apply(
    source: Mapping[str, Any],
    uses: configured.Uses,
    catalog: Catalog,
    difference: Difference,
    wanted: Sequence[str] = (),
) -> Apply:
    """The edits that bring the definitions up to what the proxy says.

    Args:
        source: the config as it stands in the file.
        uses: the references in use.
        catalog: what the proxy offers.
        difference: the comparison of the two.
        wanted: ids or references that are to be written in any case.

    Raises:
        ConfigError: the provider is not configured.
        UnknownModel: one of ``wanted`` is not offered.
    """
    key = configured.provider_key(source)
    if key is None:
        raise ConfigError(
            f'Provider "{PROVIDER}" is not configured.',
            hint="Run `fased onboard --auth-choice litellm-api-key`; it writes the provider and its models.",
        )
    root = ("models", "providers", key, "models")
    edits = [
        Edit((*root, change.index, *field.path), field.after)
        for change in difference.changed
        for field in change.fields
    ]
    entries = configured.definitions_of(source)
    added = _to_add(source, uses, catalog, difference, wanted)
    for offset, model_id in enumerate(added):
        facts = catalog.facts_for(model_id)
        assert facts is not None
        edits.append(Edit((*root, len(entries) + offset), definitions.to_definition(facts)))
    if added and not isinstance(source["models"]["providers"][key].get("models"), list):
        edits = [Edit(root, [edit.value for edit in edits])]
    left_out = len(set(difference.additions) - set(added))
    return Apply(tuple(edits), tuple(added), left_out)


def _to_add(
    source: Mapping[str, Any], uses: configured.Uses, catalog: Catalog, difference: Difference, wanted: Sequence[str]
) -> list[str]:
    entries = configured.definitions_of(source)
    defined = {entry.get("id") for entry in entries if isinstance(entry, Mapping)}
    named = [_named(catalog, text) for text in wanted]
    used = [ref.model for ref in uses if ref.provider == PROVIDER]
    offered = list(difference.discovered) if len(difference.discovered) <= MOST_WRITTEN else []
    chosen: dict[str, None] = {}
    for model_id in [*used, *named, *offered]:
        facts = catalog.facts_for(model_id)
        if model_id not in defined and facts is not None and facts.chat_capable:
            chosen[model_id] = None
    return list(chosen)


def _named(catalog: Catalog, text: str) -> str:
    prefix = f"{PROVIDER}/"
    # An id may itself begin with "litellm/"; the proxy's list decides.
    model_id = text if text in catalog.by_id else text.removeprefix(prefix)
    selection.check_ref(catalog, ModelRef(PROVIDER, model_id))
    return model_id
