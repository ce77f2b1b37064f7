"""What a row of the table of failures is."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Origin
from .marks import Mark


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. A rule fits if all that it names fits.

    Attributes:
        cause: short name. Rows with the same name have the same origin, and say the same in other words.
        origin: whose side it broke on.
        remedy: what to do.
        statuses: HTTP statuses, empty for any.
        types: values of ``error.type`` of which one suffices in place of ``message``.
        message: pattern that is searched for in the message.
        header: a header that suffices in place of ``message``.
        keyless: the rule fits only requests that were sent without a key.
        only: a mark which the answer has to have (``marks``), such as ``behind``.
        common: its words are so common that they mean nothing where the status is not known.
    """

    cause: str
    origin: Origin
    remedy: str
    statuses: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    message: str = ""
    header: str = ""
    keyless: bool = False
    only: Mark | None = None
    common: bool = False

    @property
    def by_status_alone(self) -> bool:
        """Whether nothing but the status decides."""
        return not (self.types or self.message or self.header or self.only)


SHOW_MODELS = "`fased models list --all` shows the models which this key may use."

WORDLESS = r"[-:] Error code: \d{3}(?:\s*$|\s+LiteLLM Retried)"
"""A provider's refusal of which nothing but the status is left.

Fact: openai 2 puts the answer behind it (``Error code: 404 - {'detail': 'Not Found'}``, or a web page in its place); openai 3
only an answer's ``error.message``, so that of a page, of FastAPI's ``detail`` and of a plain text nothing is left.
"""
