from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import CallError, KeyAdminError
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.admin import KeyAdmin, parse
from tests.servers import RESET, FaultServers, Script, answer_json

HASH = "ab" * 32


def admin_of(server: FaultServers, *scripts: Script) -> tuple[ProxyClient, Any]:
    started = server(*scripts)
    return ProxyClient(started.url, "sk-test-master-key", allow_private_network=True), started


def refusal(status: int, message: str) -> list[bytes]:
    return [answer_json(status, {"error": {"message": message, "type": "internal_server_error", "code": str(status)}})]


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (500, "{'error': 'DB not connected. This endpoint needs a database; set DATABASE_URL'}", "no database"),
        (500, "Authentication Error, Database not connected", "no database"),
        (
            400,
            "Key with alias 'team' already exists. Unique key aliases across all keys are required.",
            "called team already",
        ),
        (400, "{'error': \"Invalid budget_duration 'abc'. Use a format like '1h'\"}", "budget duration 'abc'"),
        (500, "Invalid duration format", "how long the key is to live"),
        (500, "Regenerating Virtual Keys is an Enterprise feature, You must be a user", "Enterprise"),
        (
            401,
            "Authentication Error, Only proxy admin can be used to generate, delete, update info",
            "may not manage keys",
        ),
        (404, "Key not found in database", "no such key"),
        (401, "Authentication Error, Invalid proxy server token passed. Received", "does not know the master key"),
        (418, "something new", "HTTP 418: something new"),
    ],
)
def test_refusals_are_explained(fault_server: FaultServers, status: int, message: str, says: str) -> None:
    client, _ = admin_of(fault_server, refusal(status, message))
    with client, pytest.raises(KeyAdminError) as caught:
        KeyAdmin(client).generate({"key_alias": "team"})
    assert says in caught.value.message
    assert caught.value.hint
    assert caught.value.status == status


def test_a_proxy_that_is_not_reached_is_another_error(fault_server: FaultServers) -> None:
    client, _ = admin_of(fault_server, [RESET])
    with client, pytest.raises(CallError):
        KeyAdmin(client).block(HASH)


def test_all_keys_are_listed_page_by_page(fault_server: FaultServers) -> None:
    pages = [[{"token": f"{page}{number}"} for number in range(2)] for page in (1, 2)]
    client, server = admin_of(
        fault_server,
        *[
            [answer_json(200, {"keys": page, "current_page": n + 1, "total_pages": 2}, {"connection": "close"})]
            for n, page in enumerate(pages)
        ],
    )
    with client:
        assert [key.token for key in KeyAdmin(client).all(key_alias="a b")] == ["10", "11", "20", "21"]
    assert b"page=1&key_alias=a+b " in server.requests[0]
    assert b"page=2&key_alias=a+b " in server.requests[1]


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
)
FIELDS = [
    "token",
    "key_name",
    "key_alias",
    "spend",
    "max_budget",
    "budget_duration",
    "budget_reset_at",
    "models",
    "rpm_limit",
    "tpm_limit",
    "expires",
    "blocked",
    "status",
    "key_type",
    "user_id",
    "team_id",
    "last_active",
]


@given(st.dictionaries(st.sampled_from(FIELDS), json))
def test_what_cannot_be_read_is_not_known(row: dict[str, Any]) -> None:
    key = parse(row)
    assert key.spent.is_finite()
    assert key.share is None or key.share.is_finite()
    key.as_dict()


def test_a_key_as_the_proxy_tells_it() -> None:
    key = parse(
        {
            "token": HASH,
            "key_name": "sk-...28wA",
            "key_alias": "fased",
            "spend": 40.000000000000004,
            "max_budget": 50.0,
            "budget_reset_at": "2026-12-01T00:00:00+00:00",
            "models": ["default"],
        }
    )
    assert (key.name, key.spent, key.share) == ("…28wA", Decimal(40), Decimal("0.8"))
    assert key.as_dict()["budgetResetAt"] == "2026-12-01T00:00:00Z"
    assert parse({"max_budget": 0}).share == 1
