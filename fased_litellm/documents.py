"""What JSON documents are declared with: a ``TypedDict`` beside the code that makes the document, and nothing besides.

A type checker holds that the code makes what is declared; ``schemas.py`` makes the JSON Schema of it. At run time a
declaration is a plain class whose annotations nobody evaluates: pydantic wants the ``TypedDict`` of typing_extensions
before Python 3.12, whose import takes longer than the rest of a short command, and each evaluates its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

_Declared = TypeVar("_Declared")

if TYPE_CHECKING:
    from typing_extensions import TypedDict as TypedDict  # noqa: PLC0414 - for others
else:

    class TypedDict:
        """The base of declarations; called with a name and fields it makes one, for keys that are words of Python."""

        _total = True

        def __new__(cls, name: str, fields: Mapping[str, Any]) -> type[TypedDict]:
            return type(name, (TypedDict,), {"__annotations__": fields})

        def __init_subclass__(cls, *, total: bool = True) -> None:
            cls._total = total

        @classmethod
        def __get_pydantic_core_schema__(cls, _source: Any, handler: Any) -> Any:
            return handler(_evaluated(cls))


class Doc:
    """What the JSON Schema says of a value, in its ``Annotated``.

    Args:
        description: a sentence or two.
        keywords: further keywords of JSON Schema.
    """

    __slots__ = ("keywords",)

    def __init__(self, description: str | None = None, **keywords: Any) -> None:
        self.keywords = ({} if description is None else {"description": description}) | keywords

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), **self.keywords}


Count = Annotated[int, Doc(minimum=0)]
Number = Annotated[int, Doc(minimum=1)]
Name = Annotated[str, Doc(minLength=1)]
Usd = Annotated[float, Doc("USD.")]
Cost = Annotated[float, Doc(minimum=0)]
Milliseconds = Annotated[float, Doc("Milliseconds.", minimum=0)]
Moment = Annotated[str, Doc("UTC.", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")]
Second = Annotated[str, Doc("UTC.", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Day = Annotated[str, Doc("A day, in the report's time zone.", pattern=r"^\d{4}-\d\d-\d\d$")]

_Begin, _End = Doc("Beginning of the window, inclusive."), Doc("End of the window, exclusive.")
# As calls, since ``from`` is a word of Python.
FromTo = TypedDict("FromTo", {"from": Annotated[Moment, _Begin], "to": Annotated[Moment, _End]})
"""The window of a report."""
FromDayToDay = TypedDict("FromDayToDay", {"from": Annotated[Second, _Begin], "to": Annotated[Second, _End]})
"""A window of whole days."""


class TokensPart(TypedDict):
    """Tokens, counted as Fased does."""

    inputTokens: Annotated[Count, Doc("Without the cached ones.")]
    outputTokens: Annotated[Count, Doc("With the reasoning.")]
    cacheReadTokens: Count
    cacheWriteTokens: Count
    reasoningTokens: Annotated[Count, Doc("Contained in outputTokens.")]
    totalTokens: Annotated[Count, Doc("Input, output, cache read and cache write.")]


def open_ended(declared: type[_Declared]) -> type[_Declared]:
    """Decorates a declaration whose documents may have further keys; those of all others may not."""
    declared._open = True  # type: ignore[attr-defined]  # noqa: SLF001
    return declared


def _evaluated(declared: Any) -> Any:
    """The declaration as pydantic reads it."""
    import typing_extensions

    hints = get_type_hints(declared, include_extras=True)
    for base in declared.__mro__:
        if not getattr(base, "_total", True):
            hints |= {name: typing_extensions.NotRequired[hints[name]] for name in base.__annotations__}
    make: Any = typing_extensions.TypedDict
    made = make(declared.__name__, hints)
    made.__doc__, made.__module__ = declared.__doc__, declared.__module__
    made.__pydantic_config__ = {"extra": "allow" if getattr(declared, "_open", False) else "forbid"}
    return made
