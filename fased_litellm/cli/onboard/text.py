"""What onboarding says to people."""

from __future__ import annotations

from collections.abc import Iterator

from ...catalog.facts import INHERITED, Catalog, ModelFacts
from ...formatting import count
from ...onboarding.plan import Plan
from ...onboarding.run import OnboardingOutcome
from ...refs import PROVIDER

_MOST_LISTED = 20


def result(outcome: OnboardingOutcome) -> Iterator[str]:
    """The lines at the end of the command."""
    plan = outcome.plan
    if not plan.changed:
        yield f"Nothing to change: calls go to {plan.primary} as before, through {plan.answers.base_url}."
        return
    if not outcome.written:
        yield "Would write:"
        yield from files(plan)
        yield "Nothing was written (--dry-run)."
        return
    checked = f" ({counted(outcome.models)} for this key)" if outcome.models is not None else " (not checked)"
    yield f"LiteLLM at {plan.answers.base_url} is set up{checked}."
    for file in plan.files():
        if file.changed:
            backup = outcome.backups.get(file.path)
            yield f"Wrote {file.path}" + (f" (before: {backup})" if backup else "")
    yield f"Primary model: {plan.primary}"
    if plan.storage == "env":
        yield "The Node agent needs LITELLM_API_KEY in its own environment too, or in the .env file of the state folder."
    if plan.storage == "keyring":
        yield "The key is in the OS keyring. The Node agent asks this program for it, as secrets.providers says."
    if plan.primary.provider == PROVIDER:
        yield 'Next: fased litellm chat "Hello"'
    else:
        yield f"Next: fased models set {PROVIDER}/<model-id>"


def files(plan: Plan) -> Iterator[str]:
    """What will stand in which file."""
    for file in plan.files():
        yield f"  {file.path}" + ("" if file.changed else " (as it is)")
        for line in file.summary:
            yield f"    {line}"
        for line in file.diff.splitlines():
            yield f"    {line}"


def models(catalog: Catalog) -> Iterator[str]:
    """The numbered list to choose from."""
    for number, facts in enumerate(catalog.chat_models[:_MOST_LISTED], start=1):
        yield f"  {number:>2}  {facts.id}" + _described(facts)
    hidden = len(catalog.chat_models) - _MOST_LISTED
    if hidden > 0:
        yield f"      and {hidden:,} more; type an id"
    for pattern in catalog.patterns[:_MOST_LISTED]:
        yield f"      any name like {pattern}"
    for name in catalog.inherited:
        yield f"      {name}: {INHERITED[name]}, which the proxy does not list; type the name of one"
    if catalog.single_model:
        yield "      any other name leads to the same model"


def counted(models: int) -> str:
    """``1 chat model``, ``24 chat models``."""
    return count(models, "chat model")


def _described(facts: ModelFacts) -> str:
    known = []
    if facts.context_window:
        known.append(f"{facts.context_window:,} tokens")
    if facts.vision:
        known.append("images")
    if facts.reasoning:
        known.append("reasoning")
    if facts.mode is None:
        known.append("kind unknown")
    return f"  ({', '.join(known)})" if known else ""
