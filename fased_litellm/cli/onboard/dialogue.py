"""Onboarding's questions on a terminal. All of them go to stderr, so that stdout holds the result alone.

Ctrl-C in any question ends the command through ``typer.Abort``; nothing has been written then.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import typer

from ...catalog.facts import Catalog
from ...errors import AddressBlocked, CallError, CatalogError, FasedError
from ...keys.existing import Existing, GivenKey
from ...numerals import whole
from ...onboarding import choose
from ...onboarding.dialogue import NonInteractive, OnboardingRequest, Retry, clean_key
from ...onboarding.plan import Plan
from ...proxy.urls import normalize_base_url
from ...refs import PROVIDER, ModelRef
from ...roles.choice import ROLES
from .. import output
from . import text as onboard_text

_RETRIES: dict[str, Retry] = {"u": "url", "k": "key", "r": "again", "a": "allow"}


class TerminalPrompter:
    """Ask a person; what the command line says already is not asked."""

    def __init__(self, request: OnboardingRequest) -> None:
        self.request = request
        self._flags = NonInteractive(request)
        self._asked_url = self._asked_key = False
        self._last_url: str | None = None

    def base_url(self, found: Existing) -> str:
        if self.request.base_url and not self._asked_url:
            self._asked_url = True
            return self._flags.base_url(found)
        self._asked_url = True
        if self._last_url is None and found.unknown_address is not None:
            output.diagnostic(f"{found.unknown_address.message} What you type here takes its place.")
        elif self._last_url is None and found.base_url_source != "default":
            output.diagnostic(f"The address comes from {_origin(found)}.")
        while True:
            text = _ask("URL of the LiteLLM proxy", default=self._last_url or found.base_url)
            try:
                self._last_url = normalize_base_url(text)
            except FasedError as error:
                _show(error)
                continue
            return self._last_url

    def key(self, found: Existing, *, again: bool) -> GivenKey:
        if self.request.key is not None and not self._asked_key:
            self._asked_key = True
            return self._flags.key(found)
        self._asked_key = True
        if not again:
            for key in _distinct(found.keys):
                if output.confirm(f"Use the key {key.masked} from {_place(key)}?", default=True):
                    return key
        output.diagnostic("A virtual key of the proxy, or its master key. It is not shown while you type.")
        while True:
            text = typer.prompt("LiteLLM API key", hide_input=True, default="", show_default=False, err=True)
            try:
                return GivenKey(clean_key(str(text), output.diagnostic), "prompt")
            except FasedError as error:
                _show(error)

    def busy(self, text: str) -> AbstractContextManager[object]:
        return output.console(stderr=True).status(text)

    def checked(self, catalog: Catalog) -> None:
        output.diagnostic(
            f"{catalog.base_url} answers and takes the key: {onboard_text.counted(len(catalog.chat_models))}."
        )

    def failed(self, error: FasedError) -> Retry:
        _show(error)
        choices = {"u": "another URL", "k": "another key", "r": "the same again", "q": "give up"}
        likely = "r"
        if isinstance(error, AddressBlocked):
            choices = {"a": "allow it", **choices}
            likely = "u"
        elif isinstance(error, CallError):
            likely = {"caller-key": "k", "caller": "u", "network": "u"}.get(error.origin, "r")
        elif isinstance(error, CatalogError):
            likely = "k"
        words = ", ".join(f"{letter} = {meaning}" for letter, meaning in choices.items())
        while True:
            letter = _ask(f"What now? ({words})", default=likely).lower()[:1]
            if letter == "q":
                raise FasedError("Not set up; nothing was written.")
            if letter in choices:
                return _RETRIES[letter]

    def model(self, found: Existing, catalog: Catalog | None) -> choose.Decision:
        current = found.primary.primary if found.primary else None
        if catalog is None or self.request.model:
            return self._flags.model(found, catalog)
        if current is not None and current.provider != PROVIDER and not self.request.set_default:
            question = f"The primary model is {current}, of another provider. Use a model of this proxy in its place?"
            if not output.confirm(question, default=False):
                return self._flags.model(found, catalog)
        keeps = current is not None and current.provider == PROVIDER and catalog.accepts(current.model)
        proposed = current if keeps else choose.proposed(catalog)
        for line in onboard_text.models(catalog):
            output.diagnostic(line)
        chosen = _ask_model("Primary model", catalog, found, default=proposed.model if proposed else None)
        assert chosen is not None
        remarks = tuple(choose.remarks(catalog, chosen))
        return choose.Decision(chosen, set_primary=current is None or chosen.key != current.key, warnings=remarks)

    def roles(self, found: Existing, catalog: Catalog | None) -> Mapping[str, ModelRef]:
        if catalog is None:
            return {}
        if not output.confirm(f"Choose models for roles ({', '.join(ROLES)}) too?", default=False):
            return {}
        output.diagnostic("Enter leaves a role to the primary model.")
        chosen = {role: _ask_model(role, catalog, found, default="") for role in ROLES}
        return {role: ref for role, ref in chosen.items() if ref is not None}

    def confirm(self, plan: Plan) -> None:
        if not plan.changed:
            return
        output.diagnostic("To be written:")
        for line in onboard_text.files(plan):
            output.diagnostic(line)
        for warning in plan.warnings:
            output.diagnostic(f"! {warning}")
        if not output.confirm("Write this?", default=True):
            raise FasedError("Not set up; nothing was written.")


def _ask(question: str, *, default: str | None) -> str:
    return str(typer.prompt(question, default=default, err=True)).strip()


def _ask_model(question: str, catalog: Catalog, found: Existing, *, default: str | None) -> ModelRef | None:
    """One model by number or id; None for an empty answer, which only a default of ``""`` allows."""
    ids = [model.id for model in catalog.chat_models]
    while True:
        text = str(typer.prompt(question, default=default, show_default=bool(default), err=True)).strip()
        if not text:
            return None
        if text not in ids and (number := whole(text)) is not None and 1 <= number <= len(ids):
            text = ids[number - 1]
        try:
            return choose.named(text, catalog, found.snapshot)
        except FasedError as error:
            _show(error)


def _show(error: FasedError) -> None:
    output.diagnostic(error.message)
    if error.hint:
        output.diagnostic(f"→ {error.hint}")


def _distinct(keys: tuple[GivenKey, ...]) -> list[GivenKey]:
    # A person is asked about what is stored first, and about each key once.
    ordered = sorted(keys, key=lambda key: ("profile", "env", "config").index(key.source))
    return list({key.value: key for key in reversed(ordered)}.values())[::-1]


def _place(key: GivenKey) -> str:
    return f"the profile {key.detail}" if key.source == "profile" else key.detail


def _origin(found: Existing) -> str:
    return str(found.snapshot.path) if found.base_url_source == "config" else found.base_url_source
