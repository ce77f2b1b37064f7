from __future__ import annotations

import pytest

from fased_litellm.errors import AddressBlocked
from fased_litellm.keys.check import check
from fased_litellm.net import addresses
from tests.servers import FaultServers, answer


def test_a_private_address_may_be_allowed() -> None:
    with pytest.raises(AddressBlocked) as caught:
        check("http://127.0.0.1:9", "sk-test-1", allow_private=False)
    assert "--allow-private-network" in (caught.value.hint or "")


def test_a_redirect_to_a_private_address_is_no_reason_to_allow_them(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy must not talk its user into it; and it would not help."""
    server = fault_server(answer(302, "", {"location": "http://10.0.0.1/"}))
    monkeypatch.setattr(addresses, "is_special", lambda address: str(address) == "10.0.0.1")
    with pytest.raises(AddressBlocked, match=r"redirects to http://.*, which is refused") as caught:
        check(server.url, "sk-test-1", allow_private=False)
    assert caught.value.hint == "If that address is your proxy, make it the base URL."


def test_a_metadata_service_is_not_offered_either() -> None:
    with pytest.raises(AddressBlocked) as caught:
        check("http://169.254.169.254", "sk-test-1", allow_private=False)
    assert "--allow-private-network" not in (caught.value.hint or "")
