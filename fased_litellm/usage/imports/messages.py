"""What the ledger takes from the lines of a transcript: calls, and what went on. Never a text.

Facts about Fased: the fields of a line: ``src/infra/session-cost-usage.ts``; the kinds of blocks: ``src/utils/
transcript-tools.ts``; replies that no model made: ``src/config/sessions/transcript.ts``.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from ..migrations import BUCKET_MS
from .numbers import moment, number, text
from .prices import PriceTable
from .tokens import NONE, of_message

LONGEST_MS = 12 * 60 * 60 * 1000
"""A reply that took longer was not waited for. Fact: Fased leaves out longer ones, too."""

STATUSES = {"error": "error", "timeout": "error", "aborted": "cancelled"}
"""``stopReason`` → the status of the call; any other is ``ok``."""

_NOT_MODELS = {("fased", "delivery-mirror"), ("openclaw", "delivery-mirror")}
_NOT_MODELS |= {("fased", "gateway-injected"), ("openclaw", "gateway-injected")}
_TOOL_CALLS = frozenset(("tool_use", "toolcall", "tool_call"))
_TOOL_RESULTS = frozenset(("tool_result", "tool_result_error"))
_NAMELIKE = (str, type(None))
_ROLES = frozenset(("user", "assistant", "toolResult", "tool"))

Names = tuple[str | None, str | None, str, str | None]
"""Provider, model, status, and the model that served."""

Call = tuple[Any, ...]
"""A value for each of ``columns`` of its shape. The id is that of the message, or begins with ``#``."""

_ALWAYS = (
    "call_id",
    "dimension",
    "started_at_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "total_tokens",
    "cost_source",
)
_PERHAPS = (
    "cost_pico",
    "input_cost_pico",
    "output_cost_pico",
    "cache_read_cost_pico",
    "cache_write_cost_pico",
    "latency_ms",
    "price_note",
    "response_id",
    "cause",
)
_USUAL = 0b111111
"""The shape of nearly all calls: with a cost in parts, and a latency."""


USERS, ASSISTANTS, TOOL_CALLS, TOOL_RESULTS, ERRORS = range(5)
"""Places in the counts of ``Messages.activity``."""


def columns(shape: int) -> tuple[str, ...]:
    """The columns of ``call`` which calls of that shape have. The others are not known."""
    return (*_ALWAYS, *(name for place, name in enumerate(_PERHAPS) if shape >> place & 1))


class Messages:
    """Takes in the lines of a transcript, and holds what they come to since the last ``clear``.

    Args:
        prices: for messages whose cost the transcript does not say.
        otherwise_ms: the time of messages that have none, as long as there was none with one before.
        seen_until_ms: messages up to then are in ``activity`` already, from an earlier form of this transcript.

    Attributes:
        names: the combinations of names of all calls; kept by ``clear``.
        calls: shape → the model calls of that shape by id. In place of its dimension, a call has its place in ``names``.
        activity: bucket → how many of each kind.
        tools: (bucket, tool) → calls of it.
        first_ms, last_ms: of all messages so far; None without any. Kept by ``clear``.
        billed: whether any call had tokens. Kept by ``clear``.
    """

    def __init__(self, prices: PriceTable, *, otherwise_ms: int, seen_until_ms: int | None = None) -> None:
        self._prices = prices
        self._now_ms = otherwise_ms
        self._seen_until_ms = -1 if seen_until_ms is None else seen_until_ms
        self._places: dict[tuple[Any, ...], int] = {}
        self.names: list[Names] = []
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.billed = False
        self.clear()

    def clear(self) -> None:
        """Begin anew with the calls and counts."""
        self.calls: dict[int, dict[str, Call]] = {}
        self._shapes: dict[str, int] = {}
        self.activity: dict[int, list[int]] = {}
        self.tools: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self._shapes)

    def take(self, entry: Any, line: bytes) -> None:
        """Take in a line.

        Args:
            entry: its value.
            line: itself; a message without an id is named by its digest.

        Raises:
            ValueError: it is no object.
        """
        if type(entry) is not dict:
            raise ValueError("not an object")
        message = entry.get("message")
        if type(message) is not dict:
            self._now_ms = moment(entry.get("timestamp")) or self._now_ms
            return
        role = message.get("role")
        if type(role) is not str or role not in _ROLES:
            return
        now = moment(entry.get("timestamp"))
        if now is None:
            now = moment(message.get("timestamp"))
        if now is None:
            now = self._now_ms
        counts = self._counts(now)
        if counts is not None:
            self._count(counts, message, role, now // BUCKET_MS)
        if role == "assistant":
            self._call(entry, message, now, line)

    def _counts(self, now: int) -> list[int] | None:
        """Note the time of a message. Gives the counts that it belongs to; None where it was counted before."""
        self._now_ms = now
        if self.first_ms is None or now < self.first_ms:
            self.first_ms = now
        if self.last_ms is None or now > self.last_ms:
            self.last_ms = now
        if now <= self._seen_until_ms:
            return None
        bucket = now // BUCKET_MS
        counts = self.activity.get(bucket)
        if counts is None:
            counts = self.activity[bucket] = [0, 0, 0, 0, 0]
        return counts

    def _count(self, counts: list[int], message: dict[str, Any], role: str, bucket: int) -> None:
        content = message.get("content")
        blocks = content if type(content) is list else ()
        if role == "assistant":
            counts[ASSISTANTS] += 1
            if message.get("stopReason") in ("error", "timeout", "aborted"):
                counts[ERRORS] += 1
            for block in blocks:
                if type(block) is dict and block.get("type") != "text" and _is(block, _TOOL_CALLS):
                    counts[TOOL_CALLS] += 1
                    key = (bucket, text(block.get("name")) or "unknown")
                    self.tools[key] = self.tools.get(key, 0) + 1
        elif role == "user":
            counts[USERS] += 1
            for block in blocks:
                if type(block) is dict and block.get("type") != "text" and _is(block, _TOOL_RESULTS):
                    counts[TOOL_RESULTS] += 1
                    counts[ERRORS] += block.get("is_error") is True
        else:
            counts[TOOL_RESULTS] += 1
            counts[ERRORS] += message.get("isError") is True

    def _call(self, entry: dict[str, Any], message: dict[str, Any], now: int, line: bytes) -> None:
        usage = message.get("usage")
        if usage is None:
            usage = entry.get("usage")
        tokens = of_message(usage)
        place = self._place(entry, message)
        provider, model, _, _ = self.names[place]
        if tokens == NONE and (provider, model) in _NOT_MODELS:
            return
        if tokens[4]:
            self.billed = True
        identity = entry.get("id")
        if type(identity) is not str or not 0 < len(identity) <= 128 or not identity.isprintable():
            identity = "#" + blake2b(line.strip(), digest_size=12).hexdigest()
        cost, source, fresh, output, read, written, note = self._prices.cost(usage, tokens, provider, model)
        values: tuple[Any, ...] = (cost, fresh, output, read, written, _latency(entry, message, now))
        response = message.get("responseId")
        timeout = message.get("stopReason") == "timeout"
        shape = _USUAL
        if None in values or timeout or note is not None or response is not None:
            values += (note, text(response), "timeout" if timeout else None)
            shape = sum(1 << place for place, value in enumerate(values) if value is not None)
            values = tuple(value for value in values if value is not None)
        if identity in self._shapes:  # what the later of two lines says counts
            del self.calls[self._shapes[identity]][identity]
        self._shapes[identity] = shape
        calls = self.calls.get(shape)
        if calls is None:
            calls = self.calls[shape] = {}
        calls[identity] = (identity, place, now, *tokens, source, *values)

    def _place(self, entry: dict[str, Any], message: dict[str, Any]) -> int:
        """The place of a message's combination in ``names``."""
        stop = message.get("stopReason")
        written = message.get("provider"), message.get("model"), stop, message.get("responseModel")
        usual = "errorMessage" not in message
        try:
            if usual:
                return self._places[written]
        except (KeyError, TypeError):  # not seen before, or no names at all
            pass
        provider = text(written[0]) or text(entry.get("provider"))
        model = text(written[1]) or text(entry.get("model"))
        status = STATUSES.get(stop, "ok") if type(stop) is str else "ok"
        if status == "ok" and message.get("errorMessage"):
            status = "error"
        names = (provider, model, status, text(written[3]))
        if names not in self.names:
            self.names.append(names)
        place = self.names.index(names)
        if usual and text(written[0]) and text(written[1]) and all(type(name) in _NAMELIKE for name in written):
            self._places[written] = place
        return place


def _is(block: dict[str, Any], kinds: frozenset[str]) -> bool:
    """Whether a part of a message's content is of one of the kinds."""
    kind = block.get("type")
    return type(kind) is str and kind.strip().lower() in kinds


def _latency(entry: dict[str, Any], message: dict[str, Any], now: int) -> int | float | None:
    """How long a reply took, in milliseconds; None where that is not known.

    Fact: where a line does not say it, ``message.timestamp`` is when the coding agent began to wait for the reply, and
    the line's own time is when it wrote it down.
    """
    found = message.get("durationMs")
    if type(found) is not int:
        found = number(found if "durationMs" in message else entry.get("durationMs"))
    if found is None:
        begun = message.get("timestamp")
        if type(begun) is not int or not begun < now:
            return None
        found = now - begun
    return found if 0 <= found <= LONGEST_MS else None
