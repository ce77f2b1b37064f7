from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from fased_litellm.usage.record import MAX_TEXT, UsageRecord, iso
from tests.usage.samples import records, sample


@given(records())
def test_a_record_survives_json(record: UsageRecord) -> None:
    document = json.loads(json.dumps({**record.as_dict(), "costUsd": str(record.cost) if record.cost else None}))
    assert UsageRecord.from_dict(document) == (record if record.cost else replace(record, cost=None))


def test_the_document_has_no_field_for_text_of_a_conversation() -> None:
    names = set(sample().as_dict())
    assert not {
        name for name in names if any(word in name.lower() for word in ("prompt", "message", "content", "text"))
    }


def test_a_float_from_json_keeps_its_digits() -> None:
    document = {**sample().as_dict(), "costUsd": 0.1}
    assert UsageRecord.from_dict(document).cost == Decimal("0.1")


@pytest.mark.parametrize(
    "change",
    [
        {"call_id": ""},
        {"status": "fine"},
        {"input_tokens": -1},
        {"input_tokens": 1.5},
        {"output_tokens": True},
        {"total_tokens": 2**53},
        {"retries": -1},
        {"http_status": -1},
        {"started_at_ms": -1},
        {"started_at_ms": 10**15},
        {"cost": Decimal(-1)},
        {"cost": Decimal("NaN")},
        {"cost": Decimal("Infinity")},
        {"cost": Decimal("1000000.01")},
        {"latency_ms": -0.5},
        {"latency_ms": float("nan")},
        {"proxy_overhead_ms": float("inf")},
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(sample(), **change)


@pytest.mark.parametrize(
    "change",
    [{"startedAt": "yesterday"}, {"startedAt": "2026-11-21"}, {"costUsd": "much"}, {"agent": 5}, {"reply": "Hello"}],
)
def test_a_document_that_is_no_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        UsageRecord.from_dict({**sample().as_dict(), **change})


def test_names_are_made_fit_for_the_ledger() -> None:
    record = sample(task="", session="x" * 1000, agent="a\ud800b", channel="日本")
    assert (record.task, record.agent, record.channel) == (None, "a?b", "日本")
    assert record.session == "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("change", "unpriced"),
    [
        ({"cost": Decimal(0)}, False),
        ({"cost": None}, True),
        ({"cost": None, "status": "error"}, True),
        ({"cost": None, "status": "error", "total_tokens": 0}, False),
        ({"cost": None, "total_tokens": 0}, True),
        ({"cost": None, "total_tokens": 0, "status": "interrupted"}, True),
        ({"cost": None, "total_tokens": 0, "status": "cancelled"}, True),
        ({"cost": None, "total_tokens": 0, "status": "error", "cause": "timeout"}, True),
        ({"cost": None, "total_tokens": 0, "status": "error", "cause": "connect-refused"}, False),
    ],
)
def test_a_call_is_unpriced_if_it_used_something_of_unknown_price(change: dict[str, Any], unpriced: bool) -> None:
    assert replace(sample(), **change).unpriced is unpriced


def test_times_are_written_in_utc() -> None:
    assert iso(1_795_219_200_000) == "2026-11-21T00:00:00Z"
    assert iso(1_795_219_200_001) == "2026-11-21T00:00:00.001Z"


def test_ids_that_are_too_long_stay_different() -> None:
    long = "x" * 600
    ids = [f"{long}1", f"{long}2", "a\ud800", "a?", "é"]
    kept = [sample(one).call_id for one in ids]
    assert len(set(kept)) == len(ids)
    assert kept[3:] == ["a?", "é"]
    assert all(len(one) <= MAX_TEXT for one in kept)
    assert [sample(one).call_id for one in kept] == kept
