"""The cases of the failure atlas for which no proxy is needed: what stands in its place answers as told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fased_litellm.doctor.atlas import CASES, Case
from fased_litellm.errors import CallError
from fased_litellm.net.messages import Limits
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.exchange import Exchange
from fased_litellm.proxy.wire import Attribution, ChatRequest
from tests.servers import HANG, RESET, STREAM_HEAD, UNREAD, FaultServers, Script, answer, answer_json, event, free_port
from tests.tlsservers import Authority, What

PAGE = {"content-type": "text/html"}
HTML = "<html><body>nginx</body></html>"
PARTIAL = event({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
NGINX = "<html><head><title>400 No required SSL certificate was sent</title></head></html>"
DEFECT = {"error": {"message": "'NoneType' object has no attribute 'acompletion'", "type": "None", "code": "500"}}

SERVERS: dict[str, Script | bytes] = {
    "https-for-http": [UNREAD, b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "bad-header": answer(200, "{}"),
    "not-http": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    "silence": [HANG],
    "cut-before-the-answer": [RESET],
    "cut-in-the-answer": [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart", RESET],
    "endless-answer": answer(200, b"x" * (5 * 1024 * 1024), {"content-type": "application/json"}),
    "compressed-answer": answer(200, b"\x1f\x8b", {"content-encoding": "gzip"}),
    "web-page": answer(200, HTML, PAGE),
    "redirect-to-another-host": answer(302, "", {"location": "http://example.com/v1/chat/completions"}),
    "redirect-to-a-login": answer(
        302, "", {"location": "https://team.cloudflareaccess.com/cdn-cgi/access/login/llm?kid=1"}
    ),
    "login-page": answer(200, "<html><form action='/login'><input type='password'></form></html>", PAGE),
    "gateway-page-502": answer(502, HTML, PAGE),
    "gateway-page-504": answer(504, HTML, PAGE),
    "bare-429": answer(429, "slow down"),
    "bare-413": answer(413, HTML, PAGE),
    "bare-401": answer(401, HTML, PAGE),
    "bare-403": answer(403, HTML, PAGE),
    "wordless-401": answer_json(401, {"error": {"message": "Not with this."}}),
    "wordless-403": answer_json(403, {"error": {"message": "Not with this."}}),
    "bare-500": answer(500, "Internal Server Error"),
    "old-defect": answer_json(500, DEFECT),
    "stream-without-end": STREAM_HEAD + PARTIAL,
    "nginx-wants-a-certificate": answer(400, NGINX, PAGE),
    "teapot": answer(418, "teapot"),
}
URLS: dict[str, Callable[[], str]] = {
    "nothing-listens": lambda: f"http://127.0.0.1:{free_port()}",
    "unknown-host": lambda: "http://no-such-host.invalid",
    "no-host": lambda: f"http://{'x' * 300}",
    "private-address": lambda: "http://127.0.0.1:4000",
    "metadata-address": lambda: "http://169.254.169.254",
}
WRONG: dict[str, What] = {
    "client-certificate-wanted": "wants-certificate",
    "other-host-name": "other-name",
    "expired-certificate": "expired",
    "no-trust-file": "good",
}
TLS = {"untrusted-certificate": [UNREAD], "http-for-https": [UNREAD]}
CHOSEN = [case for case in CASES if case.needs == "scripted"]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.name)
def test_cause_and_origin(
    case: Case, fault_server: FaultServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.name in WRONG:
        authority = Authority(tmp_path)
        url = fault_server([UNREAD], tls=authority.server(WRONG[case.name])).url
        trusted = tmp_path / "none.pem" if case.name == "no-trust-file" else authority.file
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    else:
        url = address(case, fault_server)
    with pytest.raises(CallError) as caught:
        ask(case, url)
    error = caught.value
    assert (error.cause, error.origin) == (case.cause, case.origin)
    assert case.message in error.message
    assert error.status == case.status
    assert error.hint


def address(case: Case, fault_server: FaultServers) -> str:
    if case.name in URLS:
        return URLS[case.name]()
    if case.name in TLS:
        server = fault_server(TLS[case.name], tls=True)
        return server.url if case.name == "untrusted-certificate" else server.url.replace("https:", "http:")
    url = fault_server(SERVERS[case.name]).url
    return url.replace("http:", "https:") if case.name == "https-for-http" else url


def ask(case: Case, url: str) -> None:
    key = "sk-test\nline" if case.name == "bad-header" else "sk-test-0123456789"
    chat = ChatRequest(
        model="default",
        messages=[{"role": "user", "content": "hi"}],
        attribution=Attribution("call-1"),
        stream=case.name == "stream-without-end",
        limits=Limits(connect_s=2.0, idle_s=0.3 if case.name == "silence" else 5.0),
    )
    with ProxyClient(url, key, allow_private_network=case.name != "private-address") as client:
        exchange = Exchange(chat, model="litellm/default")
        if chat.stream:
            for _ in client.stream(exchange):
                pass
        else:
            client.chat(exchange)


def test_every_scripted_case_has_its_server() -> None:
    assert {case.name for case in CHOSEN} == SERVERS.keys() | URLS.keys() | TLS.keys() | WRONG.keys()
