"""One signature for several methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S")


def parameters_of(
    source: Callable[Concatenate[Any, bool, _P], object],
) -> Callable[[Callable[Concatenate[_S, ...], _R]], Callable[Concatenate[_S, _P], _R]]:
    """Give a method that passes its arguments on the parameters of the method that it passes them to.

    Type checkers, editors and ``help()`` show them. Nothing is wrapped: a call costs no more than before.

    Args:
        source: a method whose first parameter after ``self`` the caller does not give.
    """
    parameters = [*inspect.signature(source).parameters.values()][2:]
    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)

    def decorate(method: Callable[Concatenate[_S, ...], _R]) -> Callable[Concatenate[_S, _P], _R]:
        signature = inspect.Signature([self, *parameters], return_annotation=method.__annotations__["return"])
        method.__signature__ = signature  # type: ignore[attr-defined]
        return method

    return decorate
