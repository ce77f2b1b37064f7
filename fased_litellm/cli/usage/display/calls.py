"""Single calls for people (a table, or receipts) and for spreadsheets. Pure: calls and a terminal make lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from itertools import islice
from typing import Any

from ....formatting import count, tokens, usd
from ....usage.exports.csvtext import row
from ....usage.query.calendar.timezones import Zone
from ....usage.query.calls import CallList, CallSubject
from ....usage.record import ESTIMATE, UsageRecord, camel, iso
from ...display import text
from ...display.table import Column, TableLayout
from ...display.terminal import Terminal

_TOGETHER = 200
"""So many calls stand in columns of the same width: a table without end cannot be measured before it is shown."""
_ONLY_IF_ANY = {"Cached", "To cache", "Retries"}
_JSON_NAMES = {"started_at_ms": "startedAt", "cost": "costUsd"}


def table(found: CallList, terminal: Terminal) -> Iterator[str]:
    """The calls in columns."""
    yield from _head(found, terminal)
    zone, first = found.query.zone, True
    while calls := list(islice(found.calls, _TOGETHER)):
        layout = TableLayout(_columns(calls, zone, terminal), terminal, bars=False)
        if first:
            yield ""
            yield terminal.line(layout.titles())
            first = False
        for number in range(len(calls)):
            yield terminal.line(layout.row(number))
    yield from _rest(found, terminal)


def receipts(found: CallList, terminal: Terminal) -> Iterator[str]:
    """The calls with all that is known of each."""
    yield from _head(found, terminal)
    for call in found.calls:
        yield ""
        for line in receipt(call, found.query.zone, terminal, found.task_names):
            yield terminal.line(line)
    yield from _rest(found, terminal)


def receipt(call: UsageRecord, zone: Zone, terminal: Terminal, task_names: Mapping[str, str]) -> Iterator[str]:
    """The lines about one call."""
    status = terminal.paint(call.status, "bad") if call.status in ("error", "interrupted") else call.status
    yield f"{clock(call.started_at_ms, zone)}  {_route(call, terminal)}  {status}"
    if call.status not in ("ok", "cancelled"):
        why = [terminal.name(call.cause or "not known"), *([f"by {terminal.name(call.origin)}"] if call.origin else [])]
        yield f"  cause: {' '.join(why)}" + (f", HTTP {call.http_status}" if call.http_status else "")
    yield f"  {_tokens(call)} · {_cost(call, terminal)}"
    if done := _durations(call):
        yield f"  {done}"
    if names := _names(call, terminal, task_names):
        yield f"  {names}"
    yield terminal.paint(f"  {terminal.name(_ids(call))}", "dim")


def csv(found: CallList) -> Iterator[str]:
    """The calls as rows of CSV, with the fields of the JSON; costs with all their digits."""
    names = [part.name for part in fields(UsageRecord)]
    yield row([_JSON_NAMES.get(name, f"{camel(name)}Usd" if name.endswith("_cost") else camel(name)) for name in names])
    for call in found.calls:
        values = {name: getattr(call, name) for name in names}
        values["started_at_ms"] = iso(call.started_at_ms)
        yield row(map(_cell, values.values()))


def _cell(value: Any) -> str | int | None:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, float) else value


def clock(at_ms: int, zone: Zone) -> str:
    """When a call began, to the second, by the clocks of a zone: ``2026-11-22 10:31:07``."""
    return iso((at_ms + zone.offset_ms(at_ms)) // 1000 * 1000)[:19].replace("T", " ")


def duration(milliseconds: float) -> str:
    """``450 ms``, ``2.1 s``, ``3 min 20 s``."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 99_950:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def _head(found: CallList, terminal: Terminal) -> Iterator[str]:
    query = found.query
    period = text.period(query.from_ms, query.to_ms, query.zone)
    if not found.totals.calls:
        yield terminal.line(f"No calls, {period}.")
        return
    yield terminal.line(f"{_title(found.subject, terminal)}, {period}")
    yield terminal.line(text.summary(found.totals, terminal.width))


def _title(subject: CallSubject | None, terminal: Terminal) -> str:
    if subject is None:
        return "Calls"
    label = f" ({terminal.name(subject.label)})" if subject.label else ""
    return f"{subject.kind.capitalize()} {terminal.name(subject.name)}{label}"


def _rest(found: CallList, terminal: Terminal) -> Iterator[str]:
    if found.more and found.totals.calls:
        yield ""
        yield terminal.line(
            terminal.paint(f"… and {found.more:,} more: --limit {found.totals.calls} shows all.", "dim")
        )


def _columns(calls: Sequence[UsageRecord], zone: Zone, terminal: Terminal) -> list[Column]:
    def names(values: Iterator[str | None]) -> list[str]:
        return [terminal.name(value or "-") for value in values]

    columns = [
        Column("Time", [clock(call.started_at_ms, zone) for call in calls], right=True),
        Column("Model", [_route(call, terminal) for call in calls]),
        Column("Agent", names(call.agent for call in calls), spare=3),
        Column("Session", names(call.session for call in calls), spare=5),
        Column("Status", [_status(call, terminal) for call in calls]),
        Column("Input", [tokens(call.input_tokens) for call in calls], right=True, spare=1),
        Column("Cached", [tokens(call.cache_read_tokens) for call in calls], right=True, spare=4),
        Column("To cache", [tokens(call.cache_write_tokens) for call in calls], right=True, spare=4),
        Column("Output", [tokens(call.output_tokens) for call in calls], right=True, spare=1),
        Column("Cost", [_dollars(call) for call in calls], right=True),
        Column("Took", [duration(call.latency_ms) if call.latency_ms else "-" for call in calls], right=True, spare=2),
        Column("Retries", [str(call.retries or 0) for call in calls], right=True, spare=4),
    ]
    # A column of nothing but zeros says nothing.
    return [one for one in columns if one.title not in _ONLY_IF_ANY or set(one.cells) != {"0"}]


def _status(call: UsageRecord, terminal: Terminal) -> str:
    return f"{call.status}: {terminal.name(call.cause)}" if call.cause else call.status


def _dollars(call: UsageRecord) -> str:
    if call.cost is not None:
        return f"{'~ ' if call.cost_source == ESTIMATE else ''}{usd(call.cost)}"
    return "unpriced" if call.unpriced else "-"


def _route(call: UsageRecord, terminal: Terminal) -> str:
    """``litellm/default → openai/gpt-5.5``: what was called for, and what answered."""
    asked = "/".join(part for part in (call.provider, call.model) if part) or "-"
    parts = [asked]
    if call.requested_model and call.requested_model not in (asked, call.model):
        parts.insert(0, call.requested_model)
    if call.served_model and call.served_model not in (asked, call.model):
        parts.append(call.served_model)
    return " → ".join(map(terminal.name, parts))


def _tokens(call: UsageRecord) -> str:
    counts = [
        (call.input_tokens, "in"),
        (call.output_tokens, "out"),
        (call.cache_read_tokens, "from cache"),
        (call.cache_write_tokens, "to cache"),
        (call.reasoning_tokens, "of it reasoning"),
    ]
    parts = [f"{number:,} {word}" for number, word in counts if number]
    return count(call.total_tokens, "token") + (f" ({', '.join(parts)})" if parts else "")


def _cost(call: UsageRecord, terminal: Terminal) -> str:
    if call.cost is None:
        return "unpriced" if call.unpriced else "no cost"
    origin = call.cost_source + (f", {call.price_note}" if call.price_note else "")
    parts = [
        f"{word} {usd(part)}"
        for part, word in (
            (call.input_cost, "in"),
            (call.output_cost, "out"),
            (call.cache_read_cost, "from cache"),
            (call.cache_write_cost, "to cache"),
        )
        if part
    ]
    about = "about " if call.cost_source == ESTIMATE else ""
    return f"{about}{usd(call.cost)} ({terminal.name(origin)})" + (f": {', '.join(parts)}" if parts else "")


def _durations(call: UsageRecord) -> str:
    times = (
        (call.latency_ms, "took"),
        (call.time_to_first_token_ms, "first token after"),
        (call.proxy_overhead_ms, "proxy"),
    )
    parts = [f"{word} {duration(time)}" for time, word in times if time is not None]
    for number, one, many in ((call.retries, "retry", "retries"), (call.fallbacks, "fallback", "fallbacks")):
        if number:
            parts.append(count(number, one, many))
    return " · ".join(parts)


def _names(call: UsageRecord, terminal: Terminal, task_names: Mapping[str, str]) -> str:
    named = task_names.get(call.task or "")
    names = (
        (call.agent, "agent"),
        (f"{named} ({call.task})" if named else call.task, "task"),
        (call.role, "role"),
        (call.channel, "channel"),
        (call.source, "source"),
    )
    parts = [f"{word} {terminal.name(name)}" for name, word in names if name]
    if call.session:
        parts.append(f"session {terminal.name(call.session)}")
    return " · ".join(parts)


def _ids(call: UsageRecord) -> str:
    parts = [f"call {call.call_id}"]
    if call.proxy_call_id:
        parts.append(f"at the proxy {call.proxy_call_id}")
    if call.response_id and call.response_id != call.call_id:
        parts.append(f"response {call.response_id}")
    if call.deployment_id:
        parts.append(f"deployment {call.deployment_id}")
    if call.proxy_version:
        parts.append(f"LiteLLM {call.proxy_version}")
    return " · ".join(parts)
