"""Redirects: three at most, each vetted, and the key stays within its origin."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from fased_litellm.errors import AddressBlocked, BadAnswer
from fased_litellm.net import addresses, redirects
from fased_litellm.net.messages import Limits, Request
from tests.net.asking import GET, KEY, POST, Resolver, both
from tests.servers import READ, FaultServers, answer


def to(location: str, status: int = 302) -> bytes:
    return answer(status, "", {"location": location})


@pytest.fixture
def public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """For redirects between two servers of this machine: none of them may be private, so here they count as public."""
    monkeypatch.setattr(addresses, "is_special", lambda _: False)


def hop(
    location: str, *, url: str = "https://a.example/v1/models", request: Request = GET, status: int = 302
) -> redirects.Hop:
    return redirects.next_hop(url, request, status, location, allow_private=True, since=0.0)


@both
def test_within_the_origin_the_key_goes_along(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(to("/models?x=1"), answer(200, "ok"))
    assert send(server.url).body == b"ok"
    assert server.requests[1].startswith(b"GET /models?x=1 HTTP/1.1\r\n")
    assert KEY.encode() in server.requests[1]


@both
@pytest.mark.usefixtures("public_loopback")
def test_another_origin_sees_neither_key_nor_configured_headers(send: Any, fault_server: FaultServers) -> None:
    other = fault_server(answer(200, "ok"))
    server = fault_server(to(f"{other.url}/v1/models"))
    assert send(server.url).body == b"ok"
    got = other.requests[0].lower()
    assert b"get /v1/models" in got
    assert b"accept: */*" in got
    assert b"authorization" not in got
    assert b"secret team" not in got
    assert KEY.encode() not in got


@both
@pytest.mark.usefixtures("public_loopback")
def test_the_key_is_not_picked_up_again_on_the_way_back(send: Any, fault_server: FaultServers) -> None:
    other = fault_server([answer(200, "unused")])
    server = fault_server(to(f"{other.url}/there"), answer(200, "back"))
    other._scripts = [[to(f"{server.url}/back")]]
    assert send(server.url).body == b"back"
    assert KEY.encode() not in server.requests[1]


@both
def test_the_fourth_redirect_is_not_followed(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(*[to(f"/{n}") for n in range(1, 5)], answer(200, "too far"))
    with pytest.raises(BadAnswer, match="3 redirects") as caught:
        send(server.url)
    assert caught.value.cause == "redirected"
    assert server.connections == 4


@both
def test_three_redirects_are_followed(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(*[to(f"/{n}") for n in range(1, 4)], answer(200, "here"))
    assert send(server.url).body == b"here"


@both
def test_a_loop_ends_at_once(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(to("/v1/models"))
    with pytest.raises(BadAnswer, match="loop"):
        send(server.url)
    assert server.connections == 1


@both
@pytest.mark.parametrize(
    "where",
    ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1/", "http://0177.0.0.1/"],
)
def test_each_hop_is_vetted(where: str, send: Any, fault_server: FaultServers) -> None:
    server = fault_server(to(where))
    with pytest.raises(AddressBlocked, match=r"redirects to http://.*, which is refused") as caught:
        send(server.url)
    assert "allowPrivateNetwork" not in str(caught.value.hint)


@both
@pytest.mark.usefixtures("public_loopback")
def test_another_origin_that_wants_a_key_is_explained(send: Any, fault_server: FaultServers) -> None:
    other = fault_server(answer(401, "key?"))
    server = fault_server(to(other.url))
    with pytest.raises(BadAnswer, match="not sent to another origin") as caught:
        send(server.url)
    assert "base URL" in str(caught.value.hint)


@both
def test_a_page_to_log_in_is_explained(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(to("/start"), answer(200, "<html>", {"content-type": "text/html"}))
    with pytest.raises(BadAnswer, match="a web page is there"):
        send(server.url)
    for place in (
        "/login",
        "/oauth2/sign_in?rd=%2Fv1%2Fmodels",
        "https://login.microsoftonline.com/x/oauth2/v2.0/authorize?client_id=1",
        "https://id.corp.example/start?client_id=1&redirect_uri=x",
        "https://team.cloudflareaccess.com/cdn-cgi/access/login/llm",
        "https://company.okta.com/app/x",
        "/realms/x/protocol/openid-connect/auth",
    ):
        server = fault_server(to(place))
        with pytest.raises(BadAnswer, match="where somebody is to log in") as caught:
            send(server.url)
        assert (caught.value.cause, caught.value.origin) == ("login-before-proxy", "network")
        assert "headers" in (caught.value.hint or "")


@both
@pytest.mark.parametrize("place", ["/v1/models/", "/catalogin/models", "/authors", "/v1/blogins"])
def test_a_proxy_that_has_moved_is_no_login(place: str, send: Any, fault_server: FaultServers) -> None:
    server = fault_server(to(place), answer(200, "{}", {"content-type": "application/json"}))
    assert send(server.url).status == 200


@both
@pytest.mark.parametrize("status", [307, 308])
def test_a_conversation_is_repeated_within_its_origin(status: int, send: Any, fault_server: FaultServers) -> None:
    server = fault_server([to("/llm/v1/chat/completions", status), READ], answer(200, "ok"))
    assert send(server.url, POST).body == b"ok"
    assert server.requests[-1].endswith(b'\r\n\r\n{"a": 1}')
    assert KEY.encode() in server.requests[-1]


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_conversation_goes_to_no_other_origin(status: int, send: Any, fault_server: FaultServers) -> None:
    other = fault_server(answer(200, "stolen"))
    server = fault_server(to(f"{other.url}/v1/chat/completions", status))
    with pytest.raises(BadAnswer, match="not repeated there"):
        send(server.url, POST)
    assert other.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_conversation_is_not_turned_into_a_question(status: int) -> None:
    with pytest.raises(BadAnswer):
        hop("/elsewhere", request=POST, status=status)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("", "it does not say where"),
        ("ftp://a.example/", "no http"),
        ("file:///etc/passwd", "no http"),
        ("javascript:alert(1)", "no http"),
        ("http://a.example/v1/models", "TLS is given up"),
        ("http:///v1", "no host"),
        ("https://user:secret@a.example/", "a user name"),
        ("https://a.example@127.0.0.1/", "a user name"),
        ("https://[::1", "malformed"),
        ("https://a.example:99999/", "no port"),
        ("https://a.example:port/", "no port"),
        ("https://a.example:0/", "no port to connect to"),
        ("https://key@a.example/", "a user name"),
        ("https://:secret@a.example/", "a user name"),
        ("https://a.example:443@b.example/", "a user name"),
        ("http://a.example:443/v1", "TLS is given up"),
        ("//\u2100.example/", "the compatibility form holds a slash"),
    ],
)
def test_what_is_not_followed(location: str, why: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        hop(location)
    assert "secret" not in str(caught.value), why


@pytest.mark.parametrize(
    ("location", "origin", "target", "stripped"),
    [
        ("/b", "https://a.example:443", "/b", False),
        ("b", "https://a.example:443", "/v1/b", False),
        ("?x=1", "https://a.example:443", "/v1/models?x=1", False),
        ("https://A.example:443/b", "https://a.example:443", "/b", False),
        ("https://a.example./b", "https://a.example:443", "/b", False),
        ("https://a.example:8443/b", "https://a.example:8443", "/b", True),
        ("https://b.example", "https://b.example:443", "/", True),
        ("https://b.example/ä b#part", "https://b.example:443", "/%C3%A4%20b", True),
        ("//b.example/c", "https://b.example:443", "/c", True),
        ("https://a.example.evil.example/", "https://a.example.evil.example:443", "/", True),
    ],
)
def test_what_counts_as_the_same_origin(location: str, origin: str, target: str, stripped: bool) -> None:
    found = hop(location)
    assert (found.origin, found.request.target, found.request.stripped) == (origin, target, stripped)
    assert ("authorization" in found.request.headers) is not stripped


HERE = [
    ("http://127.0.0.1:4000/v1", "http://127.0.0.1:4000/other"),
    ("http://127.0.0.1:4000/v1", "/other"),
    ("http://127.0.0.1:4000/v1", "//127.0.0.1:4000"),
    ("http://127.0.0.1/v1", "http://127.0.0.1:80/"),
    ("http://127.0.0.1:80/v1", "http://127.0.0.1/"),
    ("http://127.0.0.1/v1", "http://127.0.0.1:/"),
    ("https://10.0.0.1:443/v1", "https://10.0.0.1/"),
    ("http://proxy.internal/v1", "HTTP://PROXY.Internal./"),
    ("http://[::1]:4000/v1", "http://[0:0:0:0:0:0:0:1]:4000/"),
    ("http://[::1]:4000/v1", "http://[::0001]:4000/"),
    ("https://xn--bcher-kva.example/v1", "https://b\u00fccher.example/"),
    ("https://xn--bcher-kva.example/v1", "https://B\u00dcCHER.example:443/"),
    ("https://xn--bcher-kva.example/v1", "https://b\u00fccher\u3002example/"),
]
ELSEWHERE = [
    ("http://127.0.0.1:4000/v1", "http://127.0.0.1:4001/"),
    ("http://127.0.0.1:4000/v1", "http://127.0.0.1/"),
    ("http://127.0.0.1:4000/v1", "https://127.0.0.1:4000/"),
    ("http://127.0.0.1:80/v1", "https://127.0.0.1/"),
    ("http://127.0.0.1:443/v1", "https://127.0.0.1:443/"),
    ("http://127.0.0.1:4000/v1", "http://localhost:4000/"),
    ("http://127.0.0.1:4000/v1", "http://127.0.0.2:4000/"),
    ("http://127.0.0.1:4000/v1", "http://[::1]:4000/"),
    ("http://127.0.0.1:4000/v1", "http://[::ffff:127.0.0.1]:4000/"),
    ("http://127.0.0.1:4000/v1", "http://127.1:4000/"),
    ("http://127.0.0.1:4000/v1", "http://2130706433:4000/"),
    ("http://127.0.0.1:4000/v1", "http://192.168.1.1:4000/"),
    ("http://proxy.internal/v1", "http://proxy.internal.evil.example/"),
    ("http://proxy.internal/v1", "http://xproxy.internal/"),
    ("https://xn--fa-hia.example/v1", "https://fass.example/"),
]


@pytest.mark.parametrize(("url", "location"), HERE)
def test_the_same_origin_in_another_spelling(url: str, location: str) -> None:
    found = hop(location, url=url)
    assert found.allow_private_network
    assert found.request.headers == GET.headers
    assert not found.request.stripped


@pytest.mark.parametrize(("url", "location"), ELSEWHERE)
def test_another_scheme_host_or_port_is_another_origin(url: str, location: str) -> None:
    """Neither key nor configured headers nor the permission for a private network go along."""
    found = hop(location, url=url)
    assert not found.allow_private_network
    assert found.request.headers == {"accept": "*/*"}
    assert found.request.stripped


@both
def test_another_port_of_a_private_host_is_not_asked(send: Any, fault_server: FaultServers) -> None:
    victim = fault_server(answer(200, "from the other service"))
    server = fault_server(to(f"{victim.url}/admin/shutdown?x=1"))
    with pytest.raises(AddressBlocked, match=r"redirects to http://.*, which is refused") as caught:
        send(server.url)
    assert victim.connections == 0
    assert f"{server.url} redirects to {victim.url}, which is refused." in caught.value.message
    assert "Only the origin of the base URL itself may be allowed to be private." in caught.value.message
    assert caught.value.hint == "If that address is your proxy, make it the base URL."


@both
def test_the_permission_does_not_come_back_on_a_way_round(
    send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = fault_server([b"unused"])
    server = fault_server(to(f"http://public.example:{public.port}/"), answer(200, "back"))
    public._scripts = [[to(f"{server.url}/back")]]
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"public.example": [["127.0.0.1"]]}))
    special = addresses.is_special
    asked: list[object] = []

    def first_time_public(address: addresses.Address) -> bool:
        asked.append(address)
        return len(asked) > 1 and special(address)

    monkeypatch.setattr(addresses, "is_special", first_time_public)
    with pytest.raises(AddressBlocked):
        send(server.url)
    assert (public.connections, server.connections) == (1, 1)


@both
def test_no_cookie_is_kept_on_the_way(send: Any, fault_server: FaultServers) -> None:
    first = answer(302, "", {"location": "/there", "set-cookie": "session=planted; Path=/"})
    server = fault_server(first, answer(200, "ok"))
    assert send(server.url).body == b"ok"
    assert b"cookie" not in server.requests[1].lower()


@both
def test_each_hop_resolves_and_vets_the_name(
    send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server(to("/there"), answer(200, "ok"))
    resolver = Resolver({"proxy.internal": [["127.0.0.1"], ["169.254.169.254"]]})
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with pytest.raises(AddressBlocked, match="metadata"):
        send(f"http://proxy.internal:{server.port}")
    assert resolver.asked == ["proxy.internal"] * 2


def test_the_total_time_is_not_granted_anew() -> None:
    onward = redirects.next_hop(
        "https://a.example/", Request("GET", "/", limits=Limits(total_s=5)), 302, "/b", allow_private=False, since=0.0
    )
    assert onward.request.limits.total_s is not None
    assert onward.request.limits.total_s < 1


def test_a_message_holds_no_query() -> None:
    with pytest.raises(BadAnswer) as caught:
        hop("http://b.example/x?token=geheim", url="https://a.example/y?key=geheim")
    assert "geheim" not in str(caught.value)
