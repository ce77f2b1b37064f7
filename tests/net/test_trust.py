"""Client certificates, and a sentence of its own for each way in which TLS fails."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import httpcore
import pytest

from fased_litellm.errors import NetworkError, TlsFailed
from fased_litellm.net import addresses, trust
from fased_litellm.net.messages import Request, Response
from fased_litellm.net.streams import AsyncDeadlineStream
from fased_litellm.net.transport import AsyncTransport, Transport
from tests.net.asking import ask, both
from tests.servers import UNREAD, FaultServer, FaultServers, answer
from tests.tlsservers import Authority, What


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority which is trusted."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def named(server: FaultServer) -> str:
    return f"https://localhost:{server.port}"


@pytest.mark.parametrize(
    ("what", "cause", "words"),
    [
        ("wants-certificate", "tls-client-certificate", "wants a client certificate"),
        ("expired", "tls-expired", "has expired"),
        ("other-name", "tls-host-name", "for another host"),
    ],
)
def test_each_failure_has_its_sentence(
    what: What, cause: str, words: str, authority: Authority, fault_server: FaultServers
) -> None:
    for url in ("https://localhost:{}", "https://127.0.0.1:{}"):
        server = fault_server([UNREAD], tls=authority.server(what))
        with pytest.raises(TlsFailed) as caught:
            ask(url.format(server.port))
        assert (caught.value.cause, caught.value.origin) == (cause, "network")
        assert words in str(caught.value.hint)


def test_a_trust_file_that_is_not_there_is_named(
    authority: Authority, fault_server: FaultServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server([UNREAD], [UNREAD], [UNREAD], tls=authority.server("good"))
    (tmp_path / "text.pem").write_text("no certificate")
    for path, words in ((tmp_path / "nope.pem", "cannot be read"), (tmp_path / "text.pem", "no certificate")):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(TlsFailed) as caught:
            ask(named(server))
        assert caught.value.cause == "tls-trust-file"
        assert str(path) in str(caught.value.hint)
        assert words in str(caught.value.hint)
    # With a file that is in order, the authority is the question.
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).file))
    with pytest.raises(TlsFailed) as caught:
        ask(named(server))
    assert caught.value.cause == "tls"
    assert "not trusted" in str(caught.value.hint)


@pytest.mark.parametrize("together", [False, True], ids=["two files", "one file"])
def test_a_client_certificate_is_shown(
    together: bool, authority: Authority, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = authority.client()
    if together:
        certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    else:
        monkeypatch.setenv("SSL_CLIENT_KEY", str(key))
    monkeypatch.setenv("SSL_CLIENT_CERT", str(certificate))
    server = fault_server(answer(200, "ok"), answer(200, "ok"), tls=authority.server("wants-certificate"))
    assert ask(named(server)).body == b"ok"

    async def asked() -> bytes:
        transport = AsyncTransport(named(server), allow_private_network=True)
        try:
            return (await transport.send(Request("GET", "/"))).body
        finally:
            await transport.aclose()

    assert asyncio.run(asked()) == b"ok"


def test_one_that_the_proxy_does_not_accept(
    authority: Authority, fault_server: FaultServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign").mkdir()
    certificate, key = Authority(tmp_path / "foreign").client()
    monkeypatch.setenv("SSL_CLIENT_CERT", str(certificate))
    monkeypatch.setenv("SSL_CLIENT_KEY", str(key))
    server = fault_server([UNREAD], tls=authority.server("wants-certificate"))
    with pytest.raises(TlsFailed) as caught:
        ask(named(server))
    assert caught.value.cause == "tls-client-certificate"
    assert "does not accept the client certificate" in str(caught.value.hint)


def test_an_encrypted_key_needs_its_password_and_asks_nobody(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives import serialization

    certificate, key = authority.client()
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"open sesame")
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(loaded.private_bytes(serialization.Encoding.PEM, form, secret))
    monkeypatch.setenv("SSL_CLIENT_CERT", str(certificate))
    monkeypatch.setenv("SSL_CLIENT_KEY", str(key))
    for password, words in ((None, "is not set"), ("wrong one", "does not fit")):
        if password:
            monkeypatch.setenv("SSL_CLIENT_KEY_PASSWORD", password)
        with pytest.raises(TlsFailed, match=words) as caught:
            Transport("https://localhost:1", allow_private_network=True)
        assert "wrong one" not in str(caught.value)
    monkeypatch.setenv("SSL_CLIENT_KEY_PASSWORD", "open sesame")
    Transport("https://localhost:1", allow_private_network=True).close()


def test_files_that_cannot_be_used_are_named(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = authority.client()
    _, other = authority.client("other")
    (tmp_path / "text").write_text("no certificate")
    for cert_file, key_file, words in (
        (None, key, "SSL_CLIENT_CERT is not"),
        (tmp_path / "none", key, "SSL_CLIENT_CERT names"),
        (certificate, tmp_path / "none", "SSL_CLIENT_KEY names"),
        (tmp_path, None, "cannot be read"),
        (certificate, other, "is not the key of"),
        (tmp_path / "text", key, "no certificate with its key"),
        (certificate, None, "no certificate with its key"),
    ):
        for name, path in (("SSL_CLIENT_CERT", cert_file), ("SSL_CLIENT_KEY", key_file)):
            if path:
                monkeypatch.setenv(name, str(path))
            else:
                monkeypatch.delenv(name, raising=False)
        with pytest.raises(TlsFailed) as caught:
            Transport("https://localhost:1", allow_private_network=True)
        assert words in caught.value.message
        assert (caught.value.cause, caught.value.origin) == ("tls-client-certificate", "caller")
        # Plain http has no use for it.
        Transport("http://localhost:1", allow_private_network=True).close()


def test_another_origin_does_not_see_it(
    authority: Authority, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = authority.client()
    monkeypatch.setenv("SSL_CLIENT_CERT", str(certificate))
    monkeypatch.setenv("SSL_CLIENT_KEY", str(key))
    server = fault_server([UNREAD], tls=authority.server("wants-certificate"))
    transport = Transport(named(server), allow_private_network=True, identify=False)
    with pytest.raises(TlsFailed, match="certificate required"):
        transport.send(Request("GET", "/"))
    transport.close()


@both
def test_it_goes_along_within_the_origin_and_to_no_other_after_a_redirect(
    send: Callable[[str], Response],
    authority: Authority,
    fault_server: FaultServers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "is_special", lambda _: False)  # the other origin is on this machine, too
    certificate, key = authority.client()
    monkeypatch.setenv("SSL_CLIENT_CERT", str(certificate))
    monkeypatch.setenv("SSL_CLIENT_KEY", str(key))
    wants = authority.server("wants-certificate")

    def to(location: str) -> bytes:
        return answer(302, "", {"location": location})

    within = fault_server(to("/there"), answer(200, "ok"), tls=wants)
    assert send(within.url).body == b"ok"
    other = fault_server(answer(200, "seen"), tls=wants)
    server = fault_server(to(f"{other.url}/v1/models"), tls=wants)
    # The alert, or the end of the connection if that overtakes it.
    with pytest.raises(NetworkError):
        send(server.url)
    assert (len(server.requests), other.connections, other.requests) == (1, 1, [])
    # Nor is it shown again where the way leads back.
    back = fault_server(to(f"{within.url}/back"), tls=authority.server("good"))
    first = fault_server(to(f"{back.url}/there"), tls=wants)
    before = len(within.requests)
    with pytest.raises(NetworkError):
        send(first.url)
    assert (len(back.requests), len(within.requests)) == (1, before)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)", "tls-client-certificate"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)", "tls-client-certificate"),
        ("[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate", "tls-client-certificate"),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1006)", "tls"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", "tls-expired"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid", "tls-expired"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '::1'.", "tls-host-name"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "tls"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "tls"),
        ("[SSL] something new", "tls"),
    ],
)  # fmt: skip
def test_the_words_of_openssl(text: str, cause: str) -> None:
    found = trust.failure("https://proxy", text)
    assert found.cause == cause
    assert found.hint


def test_the_doctor_is_told_of_wrong_files(tmp_path: Path) -> None:
    env = {"SSL_CERT_FILE": str(tmp_path / "a"), "SSL_CLIENT_CERT": str(tmp_path / "b")}
    assert [str(tmp_path / name) in said for name, said in zip("ab", trust.trouble_with_files(env), strict=True)]
    assert trust.trouble_with_files({}) == []


class _Refusing(httpcore.AsyncNetworkStream):
    """A stream whose other side refuses after the handshake, as TLS 1.3 has it."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        raise ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        raise ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")


def test_a_refusal_after_the_handshake_is_told_in_asyncio_too() -> None:
    stream = AsyncDeadlineStream(_Refusing())
    with pytest.raises(httpcore.ReadError, match="CERTIFICATE_REQUIRED"):
        asyncio.run(stream.read(1))
    asyncio.run(stream.write(b"head"))  # which is sent with what follows
    with pytest.raises(httpcore.WriteError, match="UNKNOWN_CA"):
        asyncio.run(stream.write(b"body"))
