"""The edits behind ``fased models aliases`` and ``fased models fallbacks``. Pure.

Facts about Fased: ``src/commands/models/aliases.ts`` and ``fallbacks.ts`` (wording, order), ``src/config/model-input.ts``
(one fallback is allowed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..config.agents import section
from ..config.edits import DELETE, Edit
from ..errors import RefError
from ..refs import ModelRef
from ..visible import one_line
from .choice import aliases

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

CHAIN = "A longer chain belongs into the proxy: `router_settings.fallbacks` in its config."
_MODEL = ("agents", "defaults", "model")
_MODELS = ("agents", "defaults", "models")
_ALIAS = re.compile(r"[A-Za-z0-9_.:-]+")


def fallbacks_of(tree: Mapping[str, Any], key: str = "model") -> list[str]:
    """``agents.defaults.<key>.fallbacks`` as they stand."""
    listed = section(tree, "agents", "defaults", key).get("fallbacks")
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def one_fallback(known: Sequence[str], wanted: str) -> list[str]:
    """The list with one more fallback.

    Raises:
        RefError: there is one already; a second makes the whole config invalid for Fased.
    """
    if len(known) >= 1:
        raise RefError(
            f"There is a fallback already, {one_line(', '.join(known))}, and Fased takes one alone.",
            hint=f"Replace it: `fased models fallbacks clear`, then `fased models fallbacks add {wanted}`. {CHAIN}",
        )
    return [wanted]


def fallback_edits(snapshot: ConfigSnapshot, fallbacks: Sequence[str]) -> list[Edit]:
    """Make these the global fallbacks; the primary stays."""
    current = section(snapshot.source, "agents", "defaults").get("model")
    wanted = list(fallbacks)
    if fallbacks_of(snapshot.source) == wanted:
        return []
    if isinstance(current, str):
        return [Edit(_MODEL, {"primary": current, "fallbacks": wanted})]
    return [Edit((*_MODEL, "fallbacks"), wanted)]


def add_alias_edits(snapshot: ConfigSnapshot, alias: str, ref: ModelRef) -> list[Edit]:
    """Give a model an alias.

    Raises:
        RefError: the text cannot be an alias, or names another model already.
    """
    name = checked_alias(alias)
    for known, key in aliases(snapshot.source).items():
        if known.lower() == name.lower() and key != ref.key:
            raise RefError(
                f"Alias {name} already points to {key}.", hint=f"Remove it first: fased models aliases remove {name}"
            )
    models = section(snapshot.source, *_MODELS)
    if isinstance(models.get(ref.key), Mapping):
        return [] if models[ref.key].get("alias") == name else [Edit((*_MODELS, ref.key, "alias"), name)]
    return [Edit((*_MODELS, ref.key), {"alias": name})]


def remove_alias_edits(snapshot: ConfigSnapshot, alias: str) -> list[Edit]:
    """Take an alias away; the model stays in the list.

    Raises:
        RefError: there is no such alias.
    """
    wanted = alias.strip().lower()
    found = [key for known, key in aliases(snapshot.source).items() if known.lower() == wanted]
    if not found:
        raise RefError(f"Alias not found: {alias.strip()}.", hint="`fased models aliases list` shows them.")
    return [Edit((*_MODELS, key, "alias"), DELETE) for key in found]


def checked_alias(text: str) -> str:
    """An alias as it is stored.

    Raises:
        RefError: it has other characters than Fased allows.
    """
    name = text.strip()
    if not _ALIAS.fullmatch(name):
        raise RefError(f"{text!r} cannot be an alias.", hint="Use letters, digits and . _ : - in it.")
    return name
