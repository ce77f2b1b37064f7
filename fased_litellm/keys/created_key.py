"""A virtual key that was made, and where it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from ..catalog.facts import Catalog
from ..documents import Doc, TypedDict
from ..proxy.management.admin import NewKey, VirtualKey, VirtualKeyPart
from ..proxy.receipt import Receipt, ReceiptPart
from .agent_key import KeyStoredPart, KeyUpdate


class VirtualKeyDocument(VirtualKeyPart):
    """The document of ``fased litellm keys info --json``; ``keys list`` has a list of such without ``place``."""

    place: Annotated[str | None, Doc("Where the agent has it from; null for another key.")]


class KeyCheckedPart(TypedDict):
    """The request by which a key was tried."""

    model: str
    receipt: ReceiptPart


class MadeKeyPart(VirtualKeyPart):
    """A key that was made, and where it went."""

    used: Annotated[bool, Doc("Whether the agent uses it now.")]
    stored: KeyStoredPart | None
    checked: KeyCheckedPart | None


class KeyMadeDocument(MadeKeyPart, TypedDict, total=False):
    """The document of ``fased litellm keys create --json``; of ``rotate`` too, which adds what became of the old key."""

    key: Annotated[str, Doc("The key itself; only there with --reveal.")]
    oldToken: Annotated[str, Doc("rotate: the SHA-256 of the old key.")]
    oldDeleted: Annotated[bool, Doc("rotate: whether the old key is deleted at the proxy.")]


@dataclass(frozen=True, slots=True)
class CheckedKey:
    """A key that can list models and was answered."""

    catalog: Catalog
    model: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key that was made.

    Attributes:
        new: the key and what the proxy says of it.
        checked: the check, if it was made to be used.
        done: where it is kept, if the agent uses it now.
    """

    new: NewKey = field(repr=False)
    checked: CheckedKey | None = None
    done: KeyUpdate | None = None

    def as_dict(self) -> MadeKeyPart:
        """The JSON document, without the key."""
        checked = self.checked
        return {
            **self.new.about.as_dict(),
            "used": self.done is not None,
            "stored": self.done.as_dict() if self.done else None,
            "checked": {"model": checked.model, "receipt": checked.receipt.as_dict()} if checked else None,
        }


@dataclass(frozen=True, slots=True)
class RotatedKey:
    """A key that took the place of another.

    Attributes:
        before: the old key, as it was.
        deleted: whether it is gone at the proxy.
        warning: why it is not.
    """

    made: CreatedKey
    before: VirtualKey
    deleted: bool
    warning: str | None = None

    def as_dict(self) -> KeyMadeDocument:
        """The JSON document."""
        document = cast("KeyMadeDocument", self.made.as_dict())
        document["oldToken"], document["oldDeleted"] = self.before.token, self.deleted
        return document
