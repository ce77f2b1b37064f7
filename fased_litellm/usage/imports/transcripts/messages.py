"""What the ledger takes from the lines of a transcript: calls, and what went on. Never a text.

Fact about Fased: replies that no model made: ``src/config/sessions/transcript.ts``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from msgspec import UNSET, to_builtins
from msgspec.structs import astuple

from ...store.schema import BUCKET_MS
from ..calls import Calls
from ..hashing import blake2b
from ..prices import PriceTable
from . import fields
from .fields import EPOCH, Answered, Asked, Line, Reply, ToolCall, ToolResult, Usage
from .jsonlines import plain
from .numbers import PICO, text, trimmed
from .tokens import of_message

LONGEST_ID = 128
"""An id of more characters is none."""
LONGEST_MS = 12 * 60 * 60 * 1000
"""A reply that took longer was not waited for. Fact: Fased leaves out longer ones, too."""

STATUSES = {"error": "error", "timeout": "error", "aborted": "cancelled"}
"""``stopReason`` → the status of the call; any other is ``ok``."""

NOT_PROVIDERS = frozenset(("fased", "openclaw"))
_NOT_MODELS = {(provider, model) for provider in NOT_PROVIDERS for model in ("delivery-mirror", "gateway-injected")}
_DAY_MS = 86_400_000

Names = tuple[str | None, str | None, str, str | None]
"""Provider, model, status, and the model that served."""

USERS, ASSISTANTS, TOOL_CALLS, TOOL_RESULTS, ERRORS = range(5)
"""Places in the counts of ``Messages.activity``."""

name_of = lru_cache(1024)(text)
"""As ``text``, for names that come again and again."""


class Messages:
    """Takes in the lines of a transcript, and holds what they come to since the last ``clear``.

    Args:
        prices: for messages whose cost the transcript does not say.
        otherwise_ms: the time of messages that have none, as long as there was none with one before.
        seen_until_ms: messages up to then are in ``activity`` already, from an earlier form of this transcript.
        began_ms: messages before that were copied from another transcript, and are counted there.

    Attributes:
        names: the combinations of names of all calls; kept by ``clear``.
        places: names as they are written, with the stop reason, and whether there is no error → the place in ``names``.
        calls: the model calls. Their places are those in ``names``.
        activity: bucket → how many of each kind.
        tools: (bucket, tool) → calls of it.
        first_ms, latest_ms: of all messages so far; None and -1 without any. Kept by ``clear``.
        now_ms: the time of the last message.
        billed: whether any call had tokens, but for copies. Kept by ``clear``.
        copies: whether there were messages before ``began_ms``. Kept by ``clear``.
    """

    def __init__(
        self, prices: PriceTable, *, otherwise_ms: int, seen_until_ms: int | None = None, began_ms: int | None = None
    ) -> None:
        self._prices = prices
        self.began_ms = began_ms or 0
        self.copies = False
        self.now_ms = otherwise_ms
        self._seen_until_ms = -1 if seen_until_ms is None else seen_until_ms
        self.places: dict[tuple[Any, ...], int] = {}
        self.names: list[Names] = []
        self.first_ms: int | None = None
        self.latest_ms = -1
        self.billed = False
        self.clear()

    def clear(self) -> None:
        """Begin anew with the calls and counts."""
        self.calls = Calls()
        self.activity: dict[int, list[int]] = {}
        self.tools: dict[tuple[int, str], int] = {}
        self._counts: list[int] = []
        self._until_ms = -1  # from `latest_ms` on until then, messages belong to these counts

    @property
    def last_ms(self) -> int | None:
        """The latest time of a message; None without any."""
        return None if self.latest_ms < 0 else self.latest_ms

    def take(self, entry: Any, written: bytes) -> str | None:
        """Take in a line.

        Args:
            entry: the ``Line`` that was decoded, or its value, which was read in another way.
            written: itself.

        Returns:
            What is wrong with it, if anything is; it was taken in all the same.

        Raises:
            ValueError: it is not an object; or it is a ``Line`` of which the value is wanted, and nothing was taken in.
        """
        line, value = (entry, None) if type(entry) is Line else (fields.of(entry), entry)
        message = line.message
        now = self.now_ms
        if line.timestamp is not None:
            try:
                since = line.timestamp - EPOCH
            except TypeError as error:
                raise ValueError("a time without a zone") from error
            now = since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
        if now < 0 or (line.timestamp is None and value is None):
            raise ValueError("a time that may stand in the message")
        # `isinstance` takes longer, for these have a metaclass.
        if type(message) is Reply:
            place = self._place_of(message, decoded=value is None)
            counts = self._at(now)
            if counts is not None:
                self._count_reply(counts, message, now)
            return self._call(line.id, message, place, now, (value, written))
        if type(message) is Answered:
            if (counts := self._at(now)) is not None:
                counts[TOOL_RESULTS] += 1
                counts[ERRORS] += message.isError
        elif type(message) is Asked:
            if (counts := self._at(now)) is not None:
                counts[USERS] += 1
                for part in message.content:
                    if type(part) is ToolResult:
                        counts[TOOL_RESULTS] += 1
                        counts[ERRORS] += part.is_error
        elif message is UNSET:
            self.now_ms = now or self.now_ms
        return None

    def _at(self, now: int) -> list[int] | None:
        """Note the time of a message. Gives the counts that it belongs to; None where it was counted before."""
        self.now_ms = now
        if self.latest_ms <= now < self._until_ms:  # as of the message before
            self.latest_ms = now
            return self._counts
        self._until_ms = -1
        if now < self.began_ms:
            self.copies = True
            return None
        if self.first_ms is None or now < self.first_ms:
            self.first_ms = now
        self.latest_ms = max(self.latest_ms, now)
        if now <= self._seen_until_ms:
            return None
        bucket = now // BUCKET_MS
        counts = self.activity.get(bucket)
        if counts is None:
            counts = self.activity[bucket] = [0, 0, 0, 0, 0]
        self._counts, self._until_ms = counts, (bucket + 1) * BUCKET_MS
        return counts

    def _count_reply(self, counts: list[int], message: Reply, now: int) -> None:
        counts[ASSISTANTS] += 1
        if message.stopReason in STATUSES:
            counts[ERRORS] += 1
        if type(message.content) is list:
            for part in message.content:
                if type(part) is ToolCall:
                    counts[TOOL_CALLS] += 1
                    key = now // BUCKET_MS, name_of(part.name) or "unknown"
                    self.tools[key] = self.tools.get(key, 0) + 1

    def _call(self, identity: str, message: Reply, place: int, now: int, whole: tuple[Any, bytes]) -> str | None:
        usage: Any = message.usage
        problem = None
        paid: int | None = None
        if type(usage) is Usage:
            fresh, output, read, write, reasoning, other, total, cost = astuple(usage)
            reasoning = reasoning or other
            if total != fresh + output + read + write or reasoning > output:
                (fresh, output, read, write, total), reasoning, problem = of_message(to_builtins(usage))
            one, two, three, four, usd = astuple(cost)
            paid = round(usd * PICO)
        else:
            (fresh, output, read, write, total), reasoning, problem = of_message(usage)
        if not total:
            if self.names[place][:2] in _NOT_MODELS:
                return None
        elif now >= self.began_ms:
            self.billed = True
        if not 0 < len(identity) <= LONGEST_ID or not identity.isprintable():
            identity = "#" + blake2b(_written(*whole), digest_size=12).hexdigest()
        if paid:
            source, note = "transcript", None
            one = round(one * PICO) if one else 0
            two = round(two * PICO) if two else 0
            three = round(three * PICO) if three else 0
            four = round(four * PICO) if four else 0
        else:
            tokens = fresh, output, read, write, total
            provider, model, _, _ = self.names[place]
            found = self._prices.cost(usage, tokens, provider, model, reasoning, now)
            paid, source, one, two, three, four, note = found
        cause = "timeout" if message.stopReason == "timeout" else None
        response = trimmed(message.responseId)  # keys are looked for in many together
        perhaps = paid, one, two, three, four, _latency(message, now), note, response, cause, reasoning or None
        self.calls.add((identity, place, now, fresh, output, read, write, total, source, 0), perhaps)
        return problem

    def _place_of(self, message: Reply, *, decoded: bool) -> int:
        """The place of a reply in ``names``."""
        stop, served = message.stopReason, message.responseModel
        written = message.provider, message.model, stop, served, not message.errorMessage
        place = self.places.get(written)
        if place is None:
            provider, model = text(message.provider), text(message.model)
            if decoded and not (provider and model):
                raise ValueError("names that may stand beside the message")
            status = STATUSES.get(stop or "", "error" if message.errorMessage else "ok")
            place = self.places[written] = self._place((provider, model, status, text(served)))
        return place

    def _place(self, names: Names) -> int:
        if names not in self.names:
            self.names.append(names)
        return self.names.index(names)


def _written(value: Any, line: bytes) -> bytes:
    """What a line says, however it is spaced and ordered, and whatever it follows: copies of it differ in that."""
    try:
        entry = plain(line) if value is None else value
        said = {name: value for name, value in entry.items() if name != "parentId"}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return line.strip()


def _latency(message: Reply, now: int) -> int | float | None:
    """How long a reply took, in milliseconds; None where that is not known.

    Fact: where a line does not say it, ``message.timestamp`` is when the coding agent began to wait for the reply, and
    the line's own time is when it wrote it down.
    """
    took = message.durationMs
    if took is None:
        if message.timestamp is None or message.timestamp >= now:
            return None
        took = now - message.timestamp
    return took if 0 <= took <= LONGEST_MS else None
