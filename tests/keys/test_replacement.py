from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.keys.replacement import may_be_replaced, settings_of
from fased_litellm.proxy.management.admin import parse

ROW: dict[str, Any] = {
    "token": "ab" * 32,
    "key_alias": "agent one",
    "spend": 0.5,
    "max_budget": 2.0,
    "team_id": "t1",
    "key_type": "llm_api",
    "allowed_routes": ["llm_api_routes"],
    "max_parallel_requests": 3,
    "metadata": {"model_rpm_limit": {"default": 3}, "guardrails": ["g"]},
    "permissions": {"allow_pii_controls": True},
    "aliases": {},
    "budget_id": None,
}


def test_what_bounds_a_key_bounds_the_one_in_its_place() -> None:
    made = settings_of(parse(ROW))
    assert {name: value for name, value in made.items() if value is not None} == {
        "spend": 0.5,
        "max_budget": 2.0,
        "team_id": "t1",
        "key_type": "llm_api",
        "allowed_routes": ["llm_api_routes"],
        "max_parallel_requests": 3,
        "metadata": {"model_rpm_limit": {"default": 3}, "guardrails": ["g"]},
        "permissions": {"allow_pii_controls": True},
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"blocked": True}, "fased litellm keys unblock 'agent one'"),
        ({"expires": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}, "keys create --use"),
    ],
)
def test_a_block_or_an_end_is_not_got_round(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        may_be_replaced(parse(ROW | change))
    assert says in (caught.value.hint or "")


def test_a_key_that_is_well_may_be_replaced() -> None:
    may_be_replaced(parse(ROW | {"expires": (datetime.now(UTC) + timedelta(days=1)).isoformat()}))
