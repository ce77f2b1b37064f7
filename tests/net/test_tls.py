"""TLS always verifies: no switch for it exists, in code, environment or config."""

from __future__ import annotations

import ast
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

import fased_litellm
from fased_litellm.errors import TlsFailed
from fased_litellm.net import pools
from tests.net.asking import ask
from tests.servers import FaultServers, answer

PACKAGE = Path(fased_litellm.__file__).parent
FORBIDDEN_NAMES = {"CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context", "_create_stdlib_context"}


def loosened(tree: ast.AST) -> list[str]:
    """What in a piece of code turns verification off, or hands on whether to."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("verify", "check_hostname", "cert_reqs"):
            found.append(f"{node.arg}=")
        if isinstance(node, ast.Attribute) and (
            node.attr in FORBIDDEN_NAMES or node.attr in ("check_hostname", "verify_mode")
        ):
            found.append(node.attr)
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            found.append(node.id)
    return found


def test_no_code_turns_verification_off() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 50
    assert {str(file): found for file in files if (found := loosened(ast.parse(file.read_text("utf-8"))))} == {}


@pytest.mark.parametrize(
    "code", ["get(verify=False)", "c.check_hostname = False", "c.verify_mode = ssl.CERT_NONE", "f(CERT_NONE)"]
)
def test_the_search_finds_it(code: str) -> None:
    assert loosened(ast.parse(code))


@pytest.mark.parametrize("secure", [True, False])
def test_every_context_verifies_chain_and_name(secure: bool) -> None:
    context = pools.options(secure=secure, identify=True)["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_plain_http_trusts_nobody_in_case_it_should_ever_meet_tls() -> None:
    assert pools.options(secure=False, identify=True)["ssl_context"].get_ca_certs() == []


@pytest.mark.parametrize(
    "name", ["PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "SSL_VERIFY", "CURL_INSECURE", "HTTPX_VERIFY"]
)
def test_no_variable_turns_it_off(name: str, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "0")
    server = fault_server(answer(200, "secret"), tls=True)
    with pytest.raises(TlsFailed):
        ask(server.url)
    assert server.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="`openssl rehash` names the files of such a folder")
def test_a_folder_of_authorities_is_honoured(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import trustme

    from tests import servers

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    monkeypatch.setattr(servers, "_server_context", lambda: context)
    server = fault_server(answer(200, "ok"), tls=True)
    url = f"https://localhost:{server.port}"
    with pytest.raises(TlsFailed):
        ask(url)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ask(url).body == b"ok"
