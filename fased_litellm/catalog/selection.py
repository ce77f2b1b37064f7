"""May this reference be used? The proxy's list decides, with the nearest ids where the answer is no."""

from __future__ import annotations

import difflib

from ..errors import UnknownModel
from ..refs import PROVIDER, ModelRef
from .facts import INHERITED, Catalog

_MOST_NEAREST = 5


def check_ref(catalog: Catalog | None, ref: ModelRef, *, force: bool = False) -> None:
    """Refuse a reference under ``litellm/`` which the proxy does not take, or which is not for chat.

    Args:
        catalog: what the proxy offers; None if it could not be asked, and then nothing is refused.
        ref: the reference; those of other providers pass.
        force: accept it all the same.

    Raises:
        UnknownModel: it does not; with the nearest ids.
    """
    if catalog is None or force or ref.provider != PROVIDER:
        return
    listed = catalog.by_id.get(ref.model)
    if listed is not None and not listed.chat_capable:
        raise UnknownModel(
            f"{ref.key} is not a chat model: the proxy says its mode is {listed.mode}.",
            hint=_hint(catalog, nearest_ids(catalog, ref.model)),
            nearest=nearest_ids(catalog, ref.model),
        )
    if catalog.accepts(ref.model):
        return
    nearest = nearest_ids(catalog, ref.model)
    if ref.model in INHERITED:
        raise UnknownModel(
            f"{ref.model} is not a model: it stands for {INHERITED[ref.model]}.",
            hint="Name a model that the owner of the proxy gave you.",
            nearest=nearest,
        )
    raise UnknownModel(
        f"The proxy at {catalog.base_url} does not expose {ref.model!r}.", hint=_hint(catalog, nearest), nearest=nearest
    )


def listed_as(catalog: Catalog, ref: ModelRef) -> ModelRef:
    """A reference that was read before the list was known, as the list has it.

    The id of a model may begin with ``litellm/``, and may hold an ``@``.
    """
    if ref.provider != PROVIDER or (ref.profile is None and catalog.lists(ref.model)):
        return ref
    whole = f"{ref.model}@{ref.profile}" if ref.profile else ref.model
    if whole in catalog.by_id:
        return ModelRef(PROVIDER, whole)
    if not catalog.accepts(ref.model) and catalog.lists(f"{PROVIDER}/{whole}"):
        return ModelRef(PROVIDER, f"{PROVIDER}/{whole}")
    return ref


def unlisted(catalog: Catalog | None, ref: ModelRef) -> str | None:
    """What to say of a reference that ``check_ref`` let pass although the proxy does not list the model."""
    if catalog is None or ref.provider != PROVIDER or ref.model in catalog.by_id:
        return None
    if ref.model in catalog.unlisted:
        return (
            f"The proxy takes {ref.model}, but does not list it: it is a hidden alias, or a pattern takes it. What it costs and how"
            f" long a prompt may be is not known. `fased litellm verify {ref.key}` tries it."
        )
    if not catalog.inherited:
        return None
    inherits = " and ".join(INHERITED[name] for name in catalog.inherited)
    return (
        f"The proxy does not list {ref.model}, and would not: the key may use {inherits}."
        f" `fased litellm verify {ref.key}` tries it."
    )


def remarks(ref: ModelRef) -> list[str]:
    """What to say of a model whose name means something else to others."""
    if ref.provider != PROVIDER:
        return []
    said = []
    if "@" in ref.model[ref.model.rfind("/") + 1 :].lstrip("@"):
        said.append(
            f"The Node agent reads what stands behind an @ as an auth profile, and would ask for another model than {ref.model}."
            " Where it is used too, give the model a name without @ in LiteLLM's config (model_group_alias)."
        )
    if any(letter > "\xff" for letter in ref.model):
        said.append(
            f"LiteLLM before 1.110 cannot answer as {ref.model}: it puts the name into a header, where only letters of Latin-1 may"
            " stand."
        )
    if "," in ref.model:
        # Fact: seen on LiteLLM 1.108.7; the answer is a list, or an error.
        said.append(
            f"LiteLLM takes a comma in the name of a model for a list of models, and so cannot answer as {ref.model}."
            " Give the model another name in LiteLLM's config."
        )
    return said


def nearest_ids(catalog: Catalog, wanted: str) -> tuple[str, ...]:
    """Up to five chat ids that look like ``wanted``: same but for case, then contained, then similar."""
    ids = [model.id for model in catalog.chat_models]
    folded = wanted.casefold()
    same = [item for item in ids if item.casefold() == folded]
    tail = folded.rpartition("/")[2]
    inside = [item for item in ids if _contains(item.casefold(), tail) or _contains(folded, item.casefold())]
    similar: list[str] = []
    if len(same) + len(inside) < _MOST_NEAREST:
        similar = _similar(folded, {item.casefold(): item for item in ids})
        similar += _similar(tail, {item.casefold().rpartition("/")[2]: item for item in ids})
    return tuple(dict.fromkeys([*same, *sorted(inside, key=len), *similar]))[:_MOST_NEAREST]


def _similar(wanted: str, ids: dict[str, str]) -> list[str]:
    return [ids[item] for item in difflib.get_close_matches(wanted, ids, n=_MOST_NEAREST, cutoff=0.6)]


def _contains(text: str, part: str) -> bool:
    return len(part) >= 3 and part in text  # one or two letters are in everything


def _hint(catalog: Catalog, nearest: tuple[str, ...]) -> str:
    if nearest:
        meant = "Nearest: " + ", ".join(f"{PROVIDER}/{item}" for item in nearest) + "."
    elif catalog.chat_models:
        first = ", ".join(model.id for model in catalog.chat_models[:_MOST_NEAREST])
        rest = len(catalog.chat_models) - _MOST_NEAREST
        meant = f"It exposes {first}" + (f" and {rest:,} more." if rest > 0 else ".")
    else:
        meant = "It exposes no chat model to this key."
    return f"{meant} --force accepts the reference as it is; `fased litellm verify REF` tries a name that the proxy does not list."
