"""Where onboarding's answers come from: flags alone, or a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from ..catalog.facts import Catalog
from ..errors import FasedError, MissingKey, UsageError
from ..keys.existing import Existing, GivenKey
from ..proxy.urls import normalize_base_url
from ..redaction import remember
from ..refs import ModelRef
from ..secrets import pasted
from ..secrets.placement import Storage
from . import choose

if TYPE_CHECKING:
    from .plan import Plan

Retry = Literal["url", "key", "allow", "again"]
"""What to change after a failed check: another address, another key, allow the private address, or nothing."""

KeyStorage = Storage


@dataclass(frozen=True, slots=True)
class OnboardingRequest:
    """What the command line asks for.

    Attributes:
        key: ``--litellm-api-key``; hidden from ``repr``.
        base_url: ``--custom-base-url``.
        headers: ``--header``, name and value; the value may have ``${VAR}`` in it. Hidden from ``repr``.
        model: ``--model``, an id or a reference.
        agent: ``--agent``.
        storage: where the key is to be kept; None decides by itself.
        set_default: replace a primary model that is set.
        allow_private: the address may be private, whatever the config says.
        skip_health: do not ask the proxy.
        dry_run: write nothing.
    """

    key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    model: str | None = None
    agent: str | None = None
    storage: KeyStorage | None = None
    set_default: bool = False
    allow_private: bool = False
    skip_health: bool = False
    dry_run: bool = False


class Prompter(Protocol):
    """Who answers. Each method may raise ``Cancelled``; nothing has been written then."""

    def base_url(self, found: Existing) -> str:
        """The proxy's address, normalised."""
        ...

    def key(self, found: Existing, *, again: bool) -> GivenKey:
        """The key; ``again`` tells that the one before was refused."""
        ...

    def busy(self, text: str) -> AbstractContextManager[object]:
        """Show that something is under way."""
        ...

    def checked(self, catalog: Catalog) -> None:
        """Show what the proxy said."""
        ...

    def failed(self, error: FasedError) -> Retry:
        """What to change after a check that failed; raises ``error`` to give up."""
        ...

    def model(self, found: Existing, catalog: Catalog | None) -> choose.Decision:
        """Which model is to be the primary."""
        ...

    def roles(self, found: Existing, catalog: Catalog | None) -> Mapping[str, ModelRef]:
        """Models for roles, by the role's name."""
        ...

    def confirm(self, plan: Plan) -> None:
        """Agree to what will be written."""
        ...


class NonInteractive:
    """Answers from the command line alone; what it does not say is decided by rule, or is an error."""

    def __init__(self, request: OnboardingRequest) -> None:
        self.request = request

    def base_url(self, found: Existing) -> str:
        if self.request.base_url:
            return normalize_base_url(self.request.base_url)
        if found.unknown_address is not None:
            raise found.unknown_address
        return found.base_url

    def key(self, found: Existing, *, again: bool = False) -> GivenKey:
        del again  # nobody to ask; a refused key ends the command in `failed`
        if self.request.key is not None:
            said: list[str] = []
            key = clean_key(self.request.key, said.append)
            return GivenKey(key, "flag", "--litellm-api-key", tuple(said))
        if found.keys:
            return found.keys[0]
        raise MissingKey(
            "Missing --litellm-api-key (or LITELLM_API_KEY in env, or existing litellm API-key profile).",
            hint="Export LITELLM_API_KEY, so that the key does not show in the list of processes, and run this again.",
        )

    def busy(self, text: str) -> AbstractContextManager[object]:
        del text
        return nullcontext()

    def checked(self, catalog: Catalog) -> None:
        del catalog

    def failed(self, error: FasedError) -> Retry:
        raise error

    def model(self, found: Existing, catalog: Catalog | None) -> choose.Decision:
        return choose.without_questions(found, catalog, wanted=self.request.model, set_default=self.request.set_default)

    def roles(self, found: Existing, catalog: Catalog | None) -> Mapping[str, ModelRef]:
        del found, catalog
        return {}

    def confirm(self, plan: Plan) -> None:
        del plan


def clean_key(text: str, say: Callable[[str], None] | None = None) -> str:
    """A key as it is sent: without what came along when it was pasted (``secrets.pasted``).

    Args:
        text: as typed.
        say: is told in a sentence what was taken away.

    Raises:
        UsageError: it is empty, or cannot stand in a header.
    """
    key, removed = pasted.clean(text)
    remember(key)
    told = pasted.remark("What was given", removed)
    if told and say is not None:
        say(told)
    if not key:
        raise UsageError("The key is empty.", hint="Paste the key, such as sk-….")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            "The key holds a blank, a control character or a letter outside ASCII.",
            hint="Copy the key alone, on one line, such as sk-….",
        )
    return key
