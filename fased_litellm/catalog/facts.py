"""What is known of the models of one proxy. Pure data; ``None`` always means "not known", never "no" or "free"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from ..proxy.pricing.prices import Prices

CHAT_MODES = frozenset({"chat", "responses", "completion"})
"""Modes of LiteLLM which answer a chat request. A model without a mode is offered as well, and marked as unknown."""

INHERITED = {
    "all-team-models": "the models of its team",
    "all-proxy-models": "all models of the proxy",
    "no-default-models": "no models of its own, only those of the teams of its user",
}
"""Names which LiteLLM lists in place of models, and what a key with one of them may use. Fact: ``SpecialModelNames`` in
LiteLLM's ``proxy/_types.py``; some releases list the name itself (BerriAI/litellm#30619)."""

NO_PRICES = Prices()
"""Nothing is known of the price."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model alias of the proxy.

    Attributes:
        id: as the proxy lists it; case and slashes are kept.
        mode: LiteLLM's mode (``chat``, ``embedding``, …), None where the proxy does not say.
        context_window: tokens that a request may hold; the smallest of all deployments.
        max_output_tokens: tokens that a reply may hold; the smallest of all deployments.
        prices: the highest of all deployments; unknown as soon as one deployment's is.
        vision, reasoning, tools, json, audio_input, audio_output: True only if all deployments can, False if one
            is known not to.
        providers: LiteLLM's provider names behind the alias.
        deployments: how many deployments were seen; 0 where the proxy did not show them.
        earlier_costs: what ``cost`` of a definition would have been by what the proxy said before, newest first.
    """

    id: str
    mode: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    prices: Prices = NO_PRICES
    vision: bool | None = None
    reasoning: bool | None = None
    tools: bool | None = None
    json: bool | None = None
    audio_input: bool | None = None
    audio_output: bool | None = None
    providers: tuple[str, ...] = ()
    deployments: int = 0
    earlier_costs: tuple[Mapping[str, int | float], ...] = ()

    @property
    def chat_capable(self) -> bool:
        """Whether the model is offered for chat; an unknown mode counts as chat."""
        return self.mode is None or self.mode in CHAT_MODES


CAPABILITIES = ("vision", "reasoning", "tools", "json", "audio_input", "audio_output")
"""The names of the three-valued fields of ``ModelFacts``."""


@dataclass(frozen=True)
class Catalog:
    """The models which one key may use at one proxy, at one time.

    Attributes:
        base_url: the proxy, without ``/v1``.
        fetched_at: when it answered, in UTC.
        models: every model listed, chat or not, in the proxy's order.
        patterns: wildcard names such as ``openai/*``; any name that matches is routed.
        single_model: the proxy runs as ``litellm --model X`` and answers to every name.
        notes: what could not be learnt, and why, in plain sentences.
        sources: the routes that answered.
        inherited: the names of ``INHERITED`` that were listed: the key may use models which the list does not name.
        unlisted: names that the proxy takes and does not list, as far as it was asked (``unlisted``); not kept.
    """

    base_url: str
    fetched_at: datetime
    models: tuple[ModelFacts, ...] = ()
    patterns: tuple[str, ...] = ()
    single_model: bool = False
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = field(default=())
    inherited: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, ModelFacts]:
        """The models by their id."""
        return {model.id: model for model in self.models}

    @cached_property
    def chat_models(self) -> tuple[ModelFacts, ...]:
        """The models that are offered for chat."""
        return tuple(model for model in self.models if model.chat_capable)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        # Fact: LiteLLM turns each `*` of a wildcard name into `.*` and matches the whole name, case and all.
        if not self.patterns:
            return None
        return re.compile("|".join(map(_any_text, self.patterns)), re.DOTALL)

    def accepts(self, model_id: str) -> bool:
        """Whether the proxy takes this name, as far as can be said: listed, matched by a wildcard, in single-model mode, known
        to be taken all the same, or perhaps among the models that the key inherits and the list does not name."""
        if self.single_model or self.lists(model_id) or model_id in self.unlisted:
            return True
        return bool(self.inherited) and model_id not in INHERITED

    def lists(self, model_id: str) -> bool:
        """Whether the list names this model, or a wildcard of it takes the name; what may be taken besides is left out."""
        return model_id in self.by_id or (self._pattern is not None and self._pattern.fullmatch(model_id) is not None)

    def facts_for(self, model_id: str) -> ModelFacts | None:
        """What is known of a name that the proxy accepts; None where it does not accept it.

        In single-model mode every name leads to the one model, so its facts hold for all of them.
        """
        listed = self.by_id.get(model_id)
        if listed is not None or not self.accepts(model_id):
            return listed
        if self.single_model and len(self.models) == 1:
            return replace(self.models[0], id=model_id)
        return ModelFacts(model_id)

    def age_s(self, now: datetime) -> float:
        """Seconds since the proxy answered, never negative."""
        return max(0.0, (now - self.fetched_at).total_seconds())


def _any_text(pattern: str) -> str:
    """A wildcard name as a regular expression for ``fullmatch``.

    What stands between two stars is taken where it is found first, and never looked for again: a name of many stars would
    otherwise be tried in more ways than there is time for.
    """
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return first
    *between, last = rest
    return first + "".join(f"(?>.*?{text})" for text in between if text) + ".*" + last
