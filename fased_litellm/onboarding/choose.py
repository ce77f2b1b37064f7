"""Which model becomes the primary. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..catalog import selection
from ..catalog.facts import INHERITED, Catalog
from ..catalog.selection import check_ref, nearest_ids, unlisted
from ..catalog.typed import read_ref
from ..errors import InvalidRef, UnknownModel
from ..refs import DEFAULT_MODEL_ID, DEFAULT_REF, PROVIDER, ModelRef

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot
    from ..keys.existing import Existing

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome.

    Attributes:
        model: the model of this proxy that is to be used; None if a model of another provider stays and none was named.
        set_primary: whether it is to be written as the primary.
        warnings: what the user should know.
    """

    model: ModelRef | None
    set_primary: bool
    warnings: tuple[str, ...] = ()


def proposed(catalog: Catalog) -> ModelRef | None:
    """``litellm/default`` where the proxy answers to that name, else its only chat model; None where one has to choose."""
    default = catalog.by_id.get(DEFAULT_MODEL_ID)
    # Whether there is a model of that name among those which a key inherits cannot be said.
    if catalog.accepts(DEFAULT_MODEL_ID) and (default.chat_capable if default else not catalog.inherited):
        return DEFAULT_REF
    if len(catalog.chat_models) == 1 and not catalog.patterns and not catalog.inherited:
        return ModelRef(PROVIDER, catalog.chat_models[0].id)
    return None


def named(text: str, catalog: Catalog | None, snapshot: ConfigSnapshot) -> ModelRef:
    """The model that was typed: an id of the proxy, whatever it looks like, or a reference to one.

    Raises:
        InvalidRef: it is neither.
        UnknownModel: the proxy does not expose it.
    """
    typed = text.strip()
    if not typed or typed == f"{PROVIDER}/":
        raise InvalidRef(f"{text!r} is not a model.", hint=f"Write an id of the proxy, such as {DEFAULT_MODEL_ID}.")
    if catalog is not None and typed in catalog.by_id:
        ref = ModelRef(PROVIDER, typed)
    else:
        ref = read_ref(snapshot, typed, lambda: catalog, only_proxy=True)
        ref = ref if ref.provider == PROVIDER else ModelRef(PROVIDER, typed)
    if catalog is None:
        return ref
    try:
        check_ref(catalog, ref)
    except UnknownModel as error:
        raise UnknownModel(
            error.message,
            hint=f"{_meant(catalog, error.nearest)} Choose one with --model; --skip-health takes a name unchecked.",
            nearest=error.nearest,
        ) from None
    return ref


def without_questions(found: Existing, catalog: Catalog | None, *, wanted: str | None, set_default: bool) -> Decision:
    """Choose by rule.

    Args:
        found: the state before.
        catalog: what the proxy has; None if it was not asked (``--skip-health``).
        wanted: ``--model``.
        set_default: replace a primary that is set.

    Raises:
        UnknownModel: there is no model to take by rule, or the one that was named is not there.
    """
    current = found.primary
    keep = current is not None and not set_default
    unchecked = () if catalog else ("Nothing was checked: the proxy was not asked (--skip-health).",)
    if keep and current is not None:
        model = named(wanted, catalog, found.snapshot) if wanted else None
        if model is None and current.primary.provider != PROVIDER and catalog is not None:
            model = proposed(catalog)
        return Decision(
            model, set_primary=False, warnings=(*unchecked, *_kept(found, catalog, model if wanted else None))
        )
    if wanted:
        model = named(wanted, catalog, found.snapshot)
        return Decision(model, set_primary=True, warnings=(*unchecked, *remarks(catalog, model)))
    if catalog is None:
        return Decision(DEFAULT_REF, set_primary=True, warnings=unchecked)
    model = proposed(catalog)
    if model is None:
        raise no_obvious_model(catalog)
    return Decision(model, set_primary=True)


def remarks(catalog: Catalog | None, model: ModelRef) -> list[str]:
    """What is to be said of a model that was chosen."""
    return [note for note in (unlisted(catalog, model), *selection.remarks(model)) if note]


def no_obvious_model(catalog: Catalog) -> UnknownModel:
    """The error where the proxy has no ``default`` and several models, or does not list those that the key inherits."""
    if catalog.inherited and not catalog.chat_models:
        names = ", ".join(catalog.inherited)
        inherits = " and ".join(INHERITED[name] for name in catalog.inherited)
        return UnknownModel(
            f"The proxy at {catalog.base_url} lists {names} in place of models: the key may use {inherits}. Which these are it"
            " does not say.",
            hint="Ask the owner of the proxy for the name of one, and run this again with --model NAME. Nothing was written.",
        )
    ids = [model.id for model in catalog.chat_models]
    shown = ", ".join(ids[:_MOST_SHOWN]) + (f" and {len(ids) - _MOST_SHOWN:,} more" if len(ids) > _MOST_SHOWN else "")
    patterns = f" It also takes names like {', '.join(catalog.patterns[:5])}." if catalog.patterns else ""
    return UnknownModel(
        f"The proxy at {catalog.base_url} has no chat model called {DEFAULT_MODEL_ID!r}, so a model has to be chosen."
        f" This key may use: {shown or 'no listed model'}.{patterns}",
        hint=f"Run this again with --model {ids[0] if ids else 'ID'}, or give a model of the proxy the name"
        f" {DEFAULT_MODEL_ID!r} (model_name in LiteLLM's config). Nothing was written.",
        nearest=nearest_ids(catalog, DEFAULT_MODEL_ID),
    )


def _kept(found: Existing, catalog: Catalog | None, wanted: ModelRef | None) -> list[str]:
    assert found.primary is not None
    current = found.primary.primary
    said: list[str] = []
    if wanted is not None and wanted.key != current.key:
        said.append(
            f"{found.primary.source} stays {current}. --set-default makes {wanted} the primary, or run"
            f" `fased models set {wanted}`."
        )
    elif current.provider != PROVIDER:
        said.append(f"{found.primary.source} stays {current}, of another provider. --set-default replaces it.")
    if catalog is not None and current.provider == PROVIDER and not catalog.accepts(current.model):
        near = nearest_ids(catalog, current.model)
        said.append(
            f"{found.primary.source} is {current}, which the proxy does not expose. {_meant(catalog, near)}"
            " --set-default with --model replaces it."
        )
    return said


def _meant(catalog: Catalog, nearest: tuple[str, ...]) -> str:
    if nearest:
        return "Nearest: " + ", ".join(nearest) + "."
    ids = [model.id for model in catalog.chat_models]
    if not ids:
        return "It lists no chat model."
    more = f" and {len(ids) - 5:,} more" if len(ids) > 5 else ""
    return f"It exposes {', '.join(ids[:5])}{more}."
