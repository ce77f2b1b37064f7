from __future__ import annotations

from typing import Any

import pytest

from fased_litellm.errors import ProxyError
from fased_litellm.provider.keybudget import enrich
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.failures import classify
from tests.servers import FaultServers, answer_json

INFO: dict[str, Any] = {
    "key": "ab" * 32,
    "info": {
        "key_alias": "fased",
        "spend": 49.5,
        "max_budget": 50.0,
        "budget_reset_at": "2026-12-01T00:00:00+00:00",
    },
}


def refused(whose: str) -> ProxyError:
    message = f"Budget has been exceeded! {whose} Current cost: 50.1, Max budget: 50.0"
    return classify(422, {}, f'{{"error": {{"message": "{message}", "type": "budget_exceeded"}}}}'.encode()).as_error()


@pytest.mark.parametrize(
    ("whose", "answer", "says"),
    [
        (
            "Key=fased (sk-...28wA)",
            (200, INFO),
            "The budget of the key fased: $50.00 of $50.00 spent. It resets on 2026-12-01",
        ),
        (
            "",
            (200, {"info": {**INFO["info"], "key_alias": None, "budget_reset_at": None}}),
            "this key: $50.00 of $50.00 spent. It does not",
        ),
        ("Team=576677f1", (200, INFO), "budget of the team that this key belongs to"),
        ("Key=fased", (403, {"detail": "not allowed to call this route"}), "Wait for its reset"),
    ],
)
def test_which_budget_it_is(fault_server: FaultServers, whose: str, answer: tuple[int, Any], says: str) -> None:
    server = fault_server([answer_json(*answer)])
    error = refused(whose)
    with ProxyClient(server.url, "sk-test-k", allow_private_network=True) as client:
        enrich(client, error)
    assert says in str(error.hint)
    assert error.cause == "budget-exceeded"
