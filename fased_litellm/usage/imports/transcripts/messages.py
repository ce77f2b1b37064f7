"""What the ledger takes from the lines of a transcript: calls, and what went on. Never a text.

Facts about Fased: the fields of a line: ``src/infra/session-cost-usage.ts``; the kinds of blocks: ``src/utils/
transcript-tools.ts``; replies that no model made: ``src/config/sessions/transcript.ts``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from ...store.schema import BUCKET_MS
from ..calls import Calls, shaped
from ..hashing import blake2b
from ..prices import PriceTable
from .numbers import moment, number, text, trimmed
from .tokens import NONE, of_message

LONGEST_ID = 128
"""An id of more characters is none."""
LONGEST_MS = 12 * 60 * 60 * 1000
"""A reply that took longer was not waited for. Fact: Fased leaves out longer ones, too."""

STATUSES = {"error": "error", "timeout": "error", "aborted": "cancelled"}
"""``stopReason`` → the status of the call; any other is ``ok``."""

NOT_PROVIDERS = frozenset(("fased", "openclaw"))
_NOT_MODELS = {(provider, model) for provider in NOT_PROVIDERS for model in ("delivery-mirror", "gateway-injected")}
_ROLES = frozenset(("user", "assistant", "toolResult", "tool"))

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
        places: what ``place`` was asked → what it said.
        calls: the model calls. Their places are those in ``names``.
        activity: bucket → how many of each kind.
        tools: (bucket, tool) → calls of it.
        first_ms, latest_ms: of all messages so far; None and -1 without any. Kept by ``clear``.
        now_ms: the time of the last message.
        counts, until_ms: from ``latest_ms`` on until then, messages belong to these counts.
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
        self.places: dict[tuple[str | None, ...], int] = {}
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
        self.counts: list[int] = []
        self.until_ms = -1

    @property
    def last_ms(self) -> int | None:
        """The latest time of a message; None without any."""
        return None if self.latest_ms < 0 else self.latest_ms

    def take(self, entry: Any, line: bytes) -> str | None:
        """Take in a line.

        Args:
            entry: its value.
            line: itself.

        Returns:
            What is wrong with it, if anything is; it was taken in all the same.

        Raises:
            ValueError: it is no object.
        """
        if type(entry) is not dict:
            raise ValueError("not an object")
        message = entry.get("message")
        if type(message) is not dict:
            self.now_ms = moment(entry.get("timestamp")) or self.now_ms
            return None
        role = message.get("role")
        if type(role) is not str or role not in _ROLES:
            return None
        now = moment(entry.get("timestamp"))
        if now is None:
            now = moment(message.get("timestamp"))
        if now is None:
            now = self.now_ms
        counts = self.at(now)
        if counts is not None:
            self._count(counts, message, role, now // BUCKET_MS)
        return self._call(entry, message, now, line) if role == "assistant" else None

    def at(self, now: int) -> list[int] | None:
        """Note the time of a message. Gives the counts that it belongs to; None where it was counted before."""
        self.now_ms = now
        self.until_ms = -1
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
        self.counts, self.until_ms = counts, (bucket + 1) * BUCKET_MS
        return counts

    def use(self, bucket: int, tool: str | None) -> None:
        """Count the use of a tool."""
        key = (bucket, tool or "unknown")
        self.tools[key] = self.tools.get(key, 0) + 1

    def _count(self, counts: list[int], message: dict[str, Any], role: str, bucket: int) -> None:
        content = message.get("content")
        blocks = content if type(content) is list else ()
        if role == "assistant":
            counts[ASSISTANTS] += 1
            if _status(message.get("stopReason")) != "ok":
                counts[ERRORS] += 1
            for block in blocks:
                if type(block) is dict and type(kind := block.get("type")) is str and is_tool_call(kind):
                    counts[TOOL_CALLS] += 1
                    self.use(bucket, text(block.get("name")))
        elif role == "user":
            counts[USERS] += 1
            for block in blocks:
                if type(block) is dict and type(kind := block.get("type")) is str and is_tool_result(kind):
                    counts[TOOL_RESULTS] += 1
                    counts[ERRORS] += block.get("is_error") is True
        else:
            counts[TOOL_RESULTS] += 1
            counts[ERRORS] += message.get("isError") is True

    def _call(self, entry: dict[str, Any], message: dict[str, Any], now: int, line: bytes) -> str | None:
        usage = message.get("usage")
        if usage is None:
            usage = entry.get("usage")
        tokens, reasoning, problem = of_message(usage)
        place = self._place_of(entry, message)
        provider, model, _, _ = self.names[place]
        if tokens == NONE and (provider, model) in _NOT_MODELS:
            return None
        if tokens[4] and now >= self.began_ms:
            self.billed = True
        identity = entry.get("id")
        if not _is_id(identity):
            identity = "#" + blake2b(_written(entry, line), digest_size=12).hexdigest()
        cost, source, fresh, output, read, written, note = self._prices.cost(
            usage, tokens, provider, model, reasoning, now
        )
        cause = "timeout" if message.get("stopReason") == "timeout" else None
        response = trimmed(message.get("responseId"))  # keys are looked for in many together
        latency = _latency(entry, message, now)
        perhaps = cost, fresh, output, read, written, latency, note, response, cause, reasoning or None
        shape, has = shaped(perhaps)
        self.calls.add(shape, (identity, place, now, *tokens, source, 0, *has))
        return problem

    def place(self, written: tuple[str | None, str | None, str | None, str | None]) -> int | None:
        """The place of a reply without an error in ``names``, by its provider, model, stop reason and model that served;
        None where these are not all that is to be looked at. Kept in ``places``."""
        provider, model, stop, served = written
        names = (text(provider), text(model), _status(stop), text(served))
        if names[0] is None or names[1] is None or stop == "timeout":
            return None
        place = self.places[written] = self._place(names)
        return place

    def _place_of(self, entry: dict[str, Any], message: dict[str, Any]) -> int:
        """The place of any reply in ``names``."""
        stop = message.get("stopReason")
        provider = text(message.get("provider")) or text(entry.get("provider"))
        model = text(message.get("model")) or text(entry.get("model"))
        status = _status(stop)
        if status == "ok" and message.get("errorMessage"):
            status = "error"
        return self._place((provider, model, status, text(message.get("responseModel"))))

    def _place(self, names: Names) -> int:
        if names not in self.names:
            self.names.append(names)
        return self.names.index(names)


def _status(stop: Any) -> str:
    return STATUSES.get(stop, "ok") if type(stop) is str else "ok"


def _written(entry: dict[str, Any], line: bytes) -> bytes:
    """What a line says, however it is spaced and ordered, and whatever it follows: copies of it differ in that."""
    try:
        said = {name: value for name, value in entry.items() if name != "parentId"}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return line.strip()


def _is_id(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= LONGEST_ID and value.isprintable()


@lru_cache(256)
def is_tool_call(kind: str) -> bool:
    """Whether a part of a message's content, of that ``type``, is the call of a tool."""
    return kind.strip().lower() in ("tool_use", "toolcall", "tool_call")


@lru_cache(256)
def is_tool_result(kind: str) -> bool:
    """Whether a part of a message's content, of that ``type``, is what a tool gave."""
    return kind.strip().lower() in ("tool_result", "tool_result_error")


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
