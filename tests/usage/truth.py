"""The filter language in plain Python, over records: what the SQL of a report has to agree with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fased_litellm.usage.query.filters import HAS, NAME_KEYS, NUMBERS, Filter, Term, Value
from fased_litellm.usage.record import UsageRecord

Test = Callable[[UsageRecord], bool]


def matches(value: Value, name: str | None) -> bool:
    name = name or ""
    if value.how == "exact":
        return name == value.text
    text, name = _folded(value.text), _folded(name)
    if value.how == "part":
        return text in name
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text)
    return re.fullmatch(pattern, name, re.DOTALL) is not None


def meets(where: Filter | None, inside: Sequence[UsageRecord], *, single: bool = False) -> Test:
    """Whether a record meets a filter.

    Args:
        where: the filter.
        inside: all records of the window.
        single: whether numbers and ``has:`` are about the call itself.
    """
    tests = [(term, _test(term, inside, single=single)) for term in (where.terms if where else ())]
    return lambda record: all(test(record) is not term.negated for term, test in tests)


def _test(term: Term, inside: Sequence[UsageRecord], *, single: bool) -> Test:
    def of(record: UsageRecord) -> list[UsageRecord]:
        return [record] if single else [other for other in inside if other.session == record.session]

    if term.key == "model":
        return lambda record: any(
            matches(value, record.model) or matches(value, f"{record.provider or ''}/{record.model or ''}")
            for value in term.values
        )
    if term.key in NAME_KEYS:
        return lambda record: any(matches(value, getattr(record, NAME_KEYS[term.key])) for value in term.values)
    if term.key in ("session", "text"):
        return lambda record: any(matches(value, record.session) for value in term.values)
    if term.key == "call":
        return lambda record: any(
            matches(value, name) for value in term.values for name in (record.call_id, record.proxy_call_id) if name
        )
    if term.key == "cause":
        return lambda record: any(matches(value, record.cause) for value in term.values)
    if term.key in NUMBERS:
        return lambda record: _within(term, of(record))
    assert term.key == HAS
    return lambda record: any(_has(term.values[0].text, other) for other in of(record))


def _within(term: Term, calls: Sequence[UsageRecord]) -> bool:
    if term.key.endswith("Cost"):
        sum_ = sum(int(call.cost * 10**12) for call in calls if call.cost is not None)
    else:
        sum_ = sum(call.total_tokens for call in calls)
    return sum_ >= term.number if term.key.startswith("min") else sum_ <= term.number


def _has(what: str, record: UsageRecord) -> bool:
    return {
        "errors": record.status in ("error", "interrupted"),
        "usage": record.total_tokens > 0,
        "model": record.model is not None,
        "provider": record.provider is not None,
        "unpriced": record.cost is None
        and (record.total_tokens > 0 or record.status != "error" or record.cause in ("timeout", "connection-lost")),
    }[what]


def _folded(text: str) -> str:
    """A to Z as a to z, and all else as it is: what both databases do."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
