"""Which keys the schema knows at a place: what an unknown key may have been meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from .base import Strict


def known_keys(model: type[Strict], path: Sequence[str | int]) -> list[str]:
    """The keys of the objects which may stand at ``path`` below ``model``, sorted."""
    found = {key for at in _models_at(model, path) for key in keys_of(at)}
    return sorted(found)


def keys_of(model: type[Strict]) -> list[str]:
    """The keys of one kind of object, as they stand in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word which looks most like ``word``, if any does."""
    known = list(known)
    same = [candidate for candidate in known if _bare(candidate) == _bare(word)]
    return next(iter(same or difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def _bare(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()


def _models_at(annotation: Any, path: Sequence[str | int]) -> list[type[Strict]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _models_at(arguments[0], path)
    if origin in (Union, UnionType):
        return [model for argument in arguments if argument is not NoneType for model in _models_at(argument, path)]
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        if not path:
            return [annotation]
        below = [
            field.annotation for name, field in annotation.model_fields.items() if (field.alias or name) == path[0]
        ]
        return [model for inner in below for model in _models_at(inner, path[1:])]
    if path and arguments:
        # A record or an array: the last argument is the kind of its values.
        return _models_at(arguments[-1], path[1:])
    return []
