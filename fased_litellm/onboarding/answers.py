"""All that was found out before the files are computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.facts import Catalog
from ..keys.existing import GivenKey
from ..keys.storage import KeptIn
from ..refs import ModelRef


@dataclass(frozen=True, slots=True)
class Answers:
    """What the files are computed from.

    Attributes:
        base_url: the proxy, normalised.
        key: the key and where it came from.
        kept_in: where it is to be kept.
        allow_private: the address may be private by the user's word.
        model: the model of this proxy that will be used; None if none was chosen.
        set_primary: whether it becomes the primary.
        roles: model by role.
        catalog: what the proxy has; None if it was not asked.
        warnings: what was noticed on the way.
        headers: those to be written, by name, as they are written; hidden from ``repr``.
    """

    base_url: str
    key: GivenKey
    kept_in: KeptIn
    allow_private: bool = False
    model: ModelRef | None = None
    set_primary: bool = True
    roles: Mapping[str, ModelRef] = field(default_factory=dict)
    catalog: Catalog | None = None
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
