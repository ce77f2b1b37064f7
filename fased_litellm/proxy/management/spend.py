"""The proxy's spend rows, ``/spend/logs/v2``: one per request, with our names in them, read page by page.

Facts, seen on LiteLLM 1.106: the route came with 1.80; it wants both ends of the time, to the second, and takes pages of up
to 1,000 rows (100 in 1.91) of about 7 kB each. The master key sees all rows, a key that belongs to a user those of the user, and a plain
virtual key none. A row is written up to 15 s after its call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ...errors import CallError, SpendError
from ...net.messages import MIB
from ...redaction import hide_known
from ..client import ProxyClient
from ..values import moment, money, name
from . import database

LAG_S = 15.0
"""Seconds after which a call has its row, on a proxy as it is installed."""

SILENT_S = 15.0
"""So many seconds a proxy may take for the headers of an answer about spend, and then for its body. One that takes longer hangs."""

_PAGE = 100
_LONGEST_S = 120.0
_DEEPEST = 20_000
"""Rows of one slice of time: further pages get slower and slower for the proxy's database."""
_SHORTEST_MS = 60_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SpendRow:
    """One request as the proxy has it.

    Attributes:
        call_id: ``x-litellm-call-id``: ours, where the client sent one.
        request_id: id of the completion; the call id again where there is none.
        started_at_ms: milliseconds since 1970, UTC.
        duration_ms: milliseconds.
        status: ``success`` or ``failure``.
        spend: USD; 0 also where the proxy knows no price.
        prompt_tokens, completion_tokens, total_tokens: as LiteLLM counts them: the prompt with its cached tokens.
        cache_read_tokens, cache_write_tokens: of the prompt.
        model: the provider's model.
        model_group: the alias that was asked for.
        model_id: the deployment.
        api_key: SHA-256 of the key; ``litellm_proxy_master_key`` for the master key.
        agent_id, session_id, end_user: as the client named them; a session is made up where it named none.
        tags: as the client named them, with LiteLLM's own about the user agent.
        error_class: of a failure.
        key_alias: name of the key.
    """

    call_id: str
    request_id: str
    started_at_ms: int
    duration_ms: float | None
    status: str
    spend: Decimal
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    model: str | None
    model_group: str | None
    model_id: str | None
    api_key: str | None
    agent_id: str | None
    session_id: str | None
    end_user: str | None
    tags: tuple[str, ...]
    error_class: str | None
    key_alias: str | None

    @property
    def used_tokens(self) -> int:
        """All of them. Where the total is more than prompt and completion, the provider counted reasoning beside these."""
        return max(self.prompt_tokens + self.completion_tokens, self.total_tokens)

    def tag(self, name: str) -> str | None:
        """The value of a tag such as ``task:digest``, None if there is none."""
        prefix = f"{name}:"
        return next((tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix)), None)


def spend_rows(
    client: ProxyClient, from_ms: int, to_ms: int, filters: Mapping[str, str] | None = None
) -> Iterator[SpendRow]:
    """The rows of a window, oldest first; a page of them is in memory at a time.

    Args:
        client: with a key that may see rows.
        from_ms, to_ms: milliseconds since 1970, the end exclusive.
        filters: for the proxy to apply: ``api_key`` (a hash), ``model_group``, ``session_id`` …

    Raises:
        SpendError: this key may not see rows, or the proxy has none.
        CallError: the proxy is not reached, or fails.
    """
    slices = [(from_ms, to_ms)]
    while slices:
        begin, end = slices.pop()
        first = _page(client, begin, end, 1, filters)
        total = _count(first, "total")
        if total > _DEEPEST and end - begin > _SHORTEST_MS:
            middle = (begin + end) // 2
            slices += [(middle, end), (begin, middle)]
            continue
        for number in range(1, max(1, _count(first, "total_pages")) + 1):
            body = first if number == 1 else _page(client, begin, end, number, filters)
            for raw in body.get("data") or ():
                row = parse(raw)
                # The proxy includes both ends, and knows them to the second.
                if row is not None and begin <= row.started_at_ms < end:
                    yield row


def parse(raw: Any) -> SpendRow | None:
    """A row as the proxy tells it; None if it has no id or no time."""
    if not isinstance(raw, dict):
        return None
    started, ended = _ms(raw.get("startTime")), _ms(raw.get("endTime"))
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    call_id = name(raw.get("litellm_call_id")) or name(metadata.get("litellm_call_id")) or name(raw.get("request_id"))
    if started is None or call_id is None:
        return None
    duration = raw.get("request_duration_ms")
    if not isinstance(duration, (int, float)) or isinstance(duration, bool):
        duration = ended - started if ended is not None else None
    read, written = _cached(metadata)
    error = metadata.get("error_information")
    tags = raw.get("request_tags")
    return SpendRow(
        call_id=call_id,
        request_id=name(raw.get("request_id")) or call_id,
        started_at_ms=started,
        duration_ms=None if duration is None or duration < 0 else float(duration),
        status="failure" if raw.get("status") == "failure" or metadata.get("status") == "failure" else "success",
        spend=money(raw.get("spend")) or Decimal(0),
        prompt_tokens=_count(raw, "prompt_tokens"),
        completion_tokens=_count(raw, "completion_tokens"),
        total_tokens=_count(raw, "total_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        model=name(raw.get("model")),
        model_group=name(raw.get("model_group")),
        model_id=name(raw.get("model_id")),
        api_key=name(raw.get("api_key")),
        agent_id=name(raw.get("agent_id")),
        session_id=name(raw.get("session_id")),
        end_user=name(raw.get("end_user")),
        tags=tuple(hide_known(tag) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        error_class=name(error.get("error_class")) if isinstance(error, dict) else None,
        key_alias=name(metadata.get("user_api_key_alias")),
    )


def _page(client: ProxyClient, begin: int, end: int, number: int, filters: Mapping[str, str] | None) -> dict[str, Any]:
    asked = {
        "start_date": _seconds(begin),
        "end_date": _seconds(end + 999),
        "page": str(number),
        "page_size": str(_PAGE),
        "sort_by": "startTime",
        "sort_order": "asc",
        **(filters or {}),
    }
    try:
        body = client.get_json("/spend/logs/v2", asked, timeout_s=_LONGEST_S, idle_s=SILENT_S, max_bytes=256 * MIB).body
    except CallError as error:
        raise as_spend_error(error, client) from None
    if not isinstance(body, dict):
        raise SpendError("The proxy's answer to /spend/logs/v2 is not an object.", hint="Is this a LiteLLM proxy?")
    return body


def as_spend_error(error: CallError, client: ProxyClient) -> CallError | SpendError:
    """A refusal in words; an error of another kind as it is."""
    if database.is_missing(error, client):
        return SpendError(
            "This proxy has no database, and so keeps no spend rows.",
            hint="Have its owner set DATABASE_URL; the local history is in `fased usage`.",
            trouble="no-database",
        )
    if error.status in (401, 403) and re.search(
        r"Only proxy admin|Your role|not allowed|Not authorized|cannot query", error.message
    ):
        return SpendError(
            "This key may not see spend rows: a plain virtual key sees its own totals, and no more.",
            hint="Set LITELLM_MASTER_KEY for this one command, or ask the owner for a key that belongs to a user.",
            trouble="not-allowed",
        )
    if error.status == 404:
        return SpendError(
            "This proxy has no /spend/logs/v2, which came with LiteLLM 1.80.", hint="Upgrade it.", trouble="too-old"
        )
    return error


def _cached(metadata: Mapping[str, Any]) -> tuple[int, int]:
    usage = metadata.get("usage_object")
    if not isinstance(usage, dict):
        return 0, 0
    details = usage.get("prompt_tokens_details")
    read = _count(details, "cached_tokens") if isinstance(details, dict) else 0
    return read or _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")


def _seconds(milliseconds: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d %H:%M:%S}"


def _ms(value: Any) -> int | None:
    found = moment(value)
    return None if found is None else (found - _EPOCH) // timedelta(milliseconds=1)


def _count(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
