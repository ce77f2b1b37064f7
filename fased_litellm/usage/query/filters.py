"""The filter language: ``agent:main model:gpt* minCost:$0.10 has:errors -channel:telegram``. Pure.

It is that of Fased's usage page, with more names, lists and negation::

    filter  = term { space term }
    term    = ["-"] [key ":"] value { "," value }
    value   = ["="] ( word | '"' text '"' )

A term without a key is looked for in the session's key, id and label. Case does not matter. A name contains the value;
``*`` and ``?`` make the value a pattern for the whole name; ``=`` asks for exactly this name; ``-`` is for no name. In
quotes, all characters stand for themselves, ``\\"`` for a quote and ``\\\\`` for a backslash.

Several values of one key are alternatives, also in separate terms; with ``-`` none of them may be. All else is joined by
"and": different keys, ``has:``, and words without a key.

Fact: Fased's page knows agent, channel, chat, provider, model, source, tool, label, key, session, id, has and the numbers;
it matches parts of names whatever their case, knows patterns for ``key``, ``session`` and ``id``, puts quotes around a whole
term, and warns of an unknown key (its ``ui/src/ui/usage-helpers.ts``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from ...errors import FilterError
from ...numerals import typed
from ..money import PICO_PER_USD, from_pico
from ..record import STATUSES
from .names import NONE, nearest, plain

NAME_KEYS: dict[str, str] = {
    "agent": "agent",
    "channel": "channel",
    "provider": "provider",
    "model": "model",
    "source": "source",
    "task": "task",
    "role": "role",
    "status": "status",
    "served": "served_model",
    "host": "host",
}
"""Key → column of the table ``dimension``; ``host`` is in a database of many machines."""

TEXT = "text"
"""The key of a term without one. It may be written, for a text that looks like a term."""
SESSION_KEYS = ("session", "chat", "label", "tool", TEXT)
"""Keys about the session of a call."""
CALL_KEYS = ("call", "cause")
"""Keys about single calls, for lists of them only."""
HAS = "has"
HAS_WHAT = ("errors", "tools", "usage", "model", "provider", "unpriced")
NUMBERS = ("minTokens", "maxTokens", "minCost", "maxCost", "minMessages", "maxMessages")
KEYS = (*NAME_KEYS, *SESSION_KEYS, *CALL_KEYS, HAS, *NUMBERS)

_SPELLINGS = {plain(key): key for key in KEYS} | {"key": "session", "id": "session", "servedmodel": "served"}
_KEY = re.compile(r"([A-Za-z][\w-]*):")
_WORD = re.compile(r'[^\s",]+')
_NUMBER = re.compile(r"\$?([0-9.]{1,40})([km]?)", re.IGNORECASE | re.ASCII)
_MOST = 9 * 10**18
"""What is above is no different from it, and still fits into 64 bits."""
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
_LONGEST = 4_000
_PLAIN_WORD = re.compile(r'[^\s",*?=:\\-][^\s",*?]*')

How = Literal["part", "pattern", "exact"]


@dataclass(frozen=True, slots=True)
class Value:
    """What a name is compared with.

    Attributes:
        text: as it was written, without quotes.
        how: ``part`` of the name, a ``pattern`` for all of it, or the name ``exact``; an exact '' is for no name.
    """

    text: str
    how: How = "part"

    def __str__(self) -> str:
        if self.how == "exact":
            return NONE if not self.text else "=" + _quoted(self.text)
        return self.text if self.how == "pattern" else _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    Attributes:
        key: one of ``KEYS``.
        values: what is looked for, one of them; for ``has``, the single word of ``HAS_WHAT``.
        number: for ``NUMBERS``, in tokens, messages, or 10⁻¹² USD.
        negated: whether it must not be so.
    """

    key: str
    values: tuple[Value, ...] = ()
    number: int = 0
    negated: bool = False

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if self.key not in NUMBERS:
            return f"{sign}{self.key}:{','.join(map(str, self.values))}"
        if self.key.endswith("Cost"):
            return f"{sign}{self.key}:${from_pico(self.number):f}"
        return f"{sign}{self.key}:{self.number}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms, all of which have to be met. ``parse(str(filter))`` is the filter again."""

    terms: tuple[Term, ...] = ()

    @property
    def about_sessions(self) -> bool:
        """Whether a term is about the session of a call."""
        return any(term.key not in NAME_KEYS for term in self.terms)

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))


def parse(text: str) -> Filter | None:
    """The filter of a text; None of an empty one.

    Raises:
        FilterError: it cannot be understood; says where, and what was probably meant.
    """
    if len(text) > _LONGEST:
        raise FilterError(f"it is longer than {_LONGEST} characters", _LONGEST)
    found: dict[tuple[str, bool], Term] = {}
    terms: list[Term] = []
    for term in _Reader(text).terms():
        if term.key in (HAS, TEXT, *NUMBERS):
            terms.append(term)
            continue
        # Alternatives, wherever they stand.
        place = (term.key, term.negated)
        before = found.get(place)
        values = dict.fromkeys((*(before.values if before else ()), *term.values))
        found[place] = Term(term.key, tuple(values), negated=term.negated)
    every = (*found.values(), *terms)
    return Filter(tuple(dict.fromkeys(every))) if every else None


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def terms(self) -> Iterator[Term]:
        while self._skip_blanks():
            yield self._term()

    def _skip_blanks(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _term(self) -> Term:
        start = self._at
        negated = self._text[start] == "-"
        self._at += negated
        if self._at < len(self._text) and self._text[self._at] == '"':
            return self._quoted_term(negated=negated)
        found = _KEY.match(self._text, self._at)
        if found is None:
            return Term(TEXT, self._values(TEXT, start), negated=negated)
        key = _key(found[1], self._at)
        self._at = found.end()
        return self._of(key, start, negated=negated)

    def _of(self, key: str, start: int, *, negated: bool) -> Term:
        at = self._at
        values = self._values(key, start)
        if key in NUMBERS:
            return Term(key, number=_number(key, values, at), negated=negated)
        if key == HAS:
            return Term(HAS, (_has(values, at),), negated=negated)
        if key == "status":
            _check_status(values, at)
        if key == "agent" and any(":" in value.text for value in values):
            raise FilterError(
                "an agent's name has no colon", at, hint=f"For a session, write session:agent:{values[0].text}."
            )
        return Term(key, values, negated=negated)

    def _quoted_term(self, *, negated: bool) -> Term:
        """``"label:two words"``, as Fased's page has it; or two words."""
        start = self._at
        text = self._quoted()
        self._end_of_value()
        if not text:
            raise FilterError("nothing is between the quotes", start)
        found = _KEY.match(text)
        if found is None:
            return Term(TEXT, (Value(text),), negated=negated)
        inner = _Reader(f"{found[1]}:{_quoted(text[found.end() :])}")
        try:
            (term,) = inner.terms()
        except FilterError as error:
            raise FilterError(error.problem, start, hint=error.hint) from error
        return Term(term.key, term.values, term.number, negated)

    def _values(self, key: str, start: int) -> tuple[Value, ...]:
        values = [self._value(key, start)]
        while self._at < len(self._text) and self._text[self._at] == ",":
            self._at += 1
            values.append(self._value(key, start))
        self._end_of_value()
        return tuple(dict.fromkeys(values))

    def _value(self, key: str, start: int) -> Value:
        exact = self._text.startswith("=", self._at)
        self._at += exact
        if self._text.startswith('"', self._at):
            text = self._quoted()
            if not text:
                raise FilterError("nothing is between the quotes", start, hint="For no name, write -.")
            return Value(text, "exact" if exact else "part")
        found = _WORD.match(self._text, self._at)
        if found is None:
            after = f"after {key}:" if key != TEXT else "to look for"
            raise FilterError(f"there is nothing {after}", start, hint="For no name, write -.")
        self._at = found.end()
        word = found[0]
        if exact:
            return Value(word, "exact")
        if word == NONE and key != TEXT:
            return Value("", "exact")
        return Value(word, "pattern" if "*" in word or "?" in word else "part")

    def _quoted(self) -> str:
        start = self._at
        letters: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            letter = self._text[self._at]
            self._at += 1
            if letter == '"':
                return "".join(letters)
            if letter == "\\" and self._text[self._at : self._at + 1] in ('"', "\\"):
                letter = self._text[self._at]
                self._at += 1
            letters.append(letter)
        raise FilterError("a quote is not closed", start)

    def _end_of_value(self) -> None:
        if self._at < len(self._text) and not self._text[self._at].isspace():
            raise FilterError(
                "a quote is inside a word", self._at, hint='Put quotes around the whole value, "like this".'
            )


def _key(word: str, at: int) -> str:
    key = _SPELLINGS.get(plain(word))
    if key is None:
        raise FilterError(f"there is no key {word}:", at, hint=nearest(plain(word), _SPELLINGS, KEYS))
    return key


def _number(key: str, values: tuple[Value, ...], at: int) -> int:
    found = _NUMBER.fullmatch(values[0].text) if len(values) == 1 else None
    amount = typed(found[1]) if found else None
    if found is None or amount is None:
        text = ",".join(value.text for value in values)
        raise FilterError(
            f"{text} is not a number for {key}:",
            at,
            hint="Write 5000, 5k, 1.5m or $0.10; with a $, put single quotes around the filter, or the shell reads it.",
        )
    number = Fraction(amount) * _TIMES[found[2].lower()] * (PICO_PER_USD if key.endswith("Cost") else 1)
    # At least 0.5 tokens is at least 1; at most 0.5 is none.
    return min(ceil(number) if key.startswith("min") else floor(number), _MOST)


def _has(values: tuple[Value, ...], at: int) -> Value:
    word = values[0].text.lower()
    if len(values) > 1 or word not in HAS_WHAT:
        if word == "context":
            raise FilterError("the history does not keep what has:context asks for", at)
        known = {plain(name): name for name in HAS_WHAT}
        text = ",".join(value.text for value in values)
        raise FilterError(f"there is no {HAS}:{text}", at, hint=nearest(plain(word), known, HAS_WHAT))
    return Value(word)


def _check_status(values: tuple[Value, ...], at: int) -> None:
    for value in values:
        if value.how != "pattern" and not any(value.text.lower() in status for status in STATUSES):
            known: dict[str, str] = {status: status for status in STATUSES}
            raise FilterError(f"there is no status {value.text}", at, hint=nearest(plain(value.text), known, STATUSES))


def _quoted(text: str) -> str:
    if _PLAIN_WORD.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
