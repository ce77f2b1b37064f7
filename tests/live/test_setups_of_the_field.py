"""Set-ups as people have them, on real proxies: another header for the key, a server root path, pasted keys, a key that was replaced."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from fased_litellm.cli import main
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.admin import KeyAdmin
from tests.live.configuration import config
from tests.live.conftest import StartProxy
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

Run = Callable[..., tuple[int, str]]
QUIET = [
    "onboard",
    "--auth-choice",
    "litellm-api-key",
    "--non-interactive",
    "--accept-risk",
    "--key-storage",
    "profile",
]
ODD_KEY = "sk-Pa$$w0rd#%&+/="


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FASED_STATE_DIR", str(home / ".fased"))
    monkeypatch.setenv("PATH", "/nonexistent")

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(words))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return command


def test_another_header_for_the_key(
    run: Run, home: Path, start_proxy: StartProxy, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(upstream.url)
    settings["general_settings"] = {**settings.get("general_settings", {}), "litellm_key_header_name": "X-Litellm-Key"}
    proxy = start_proxy(config=settings, master_key=ODD_KEY)
    monkeypatch.setenv("LITELLM_API_KEY", ODD_KEY)
    header = ["--header", "X-Litellm-Key=Bearer ${LITELLM_API_KEY}"]
    status, text = run(*QUIET, "--custom-base-url", proxy.url, *header)
    assert status == 0, text
    assert '"X-Litellm-Key": "Bearer ${LITELLM_API_KEY}"' in (home / ".fased" / "fased.json").read_text()
    for words in (
        [],
        ["providers", "refresh"],
        ["litellm", "chat", "hi"],
        ["litellm", "verify"],
        ["litellm", "doctor"],
        [*QUIET],
    ):
        status, text = run(*words)
        assert status == 0, text
        assert ODD_KEY not in text
    _, text = run("litellm", "debug")
    assert ODD_KEY not in text
    assert "x-litellm-key: ***" in text.lower()


def test_a_server_root_path(
    run: Run, start_proxy: StartProxy, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy(config=config(upstream.url), env={"SERVER_ROOT_PATH": "/litellm"})
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    for path in ("/litellm", "/litellm/v1", "/litellm/v1/", ""):
        status, text = run(*QUIET, "--custom-base-url", proxy.url + path)
        assert status == 0, text
        for words in (["litellm", "chat", "hi"], ["litellm", "doctor"], []):
            status, text = run(*words)
            assert status == 0, (path, words, text)
            assert "not reached" not in text


@pytest.mark.parametrize("around", ['"{}"', "'{}'", "“{}”", "{}\u200b", "Bearer {}", "{}\\n"])
def test_a_pasted_key(run: Run, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", around.format(proxy.master_key))
    status, text = run(*QUIET, "--custom-base-url", proxy.url)
    assert status == 0, text
    assert "LITELLM_API_KEY has " in text
    assert "only the key itself is used" in text
    monkeypatch.delenv("LITELLM_API_KEY")
    assert run("litellm", "chat", "hi")[0] == 0


@pytest.mark.database
def test_a_key_that_was_replaced(run: Run, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"test-{uuid.uuid4().hex[:12]}"
    with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
        admin = KeyAdmin(client)
        old, new = (admin.generate({"key_alias": f"{name}-{one}"}) for one in ("old", "new"))
        try:
            monkeypatch.setenv("LITELLM_API_KEY", old.key)
            assert run(*QUIET, "--custom-base-url", proxy.url)[0] == 0
            admin.delete(old.about.token or old.key)
            monkeypatch.setenv("LITELLM_API_KEY", new.key)
            for words in (["litellm", "chat", "hi"], ["litellm", "verify"], ["litellm", "doctor"]):
                status, text = run(*words)
                assert status == 1, text
                assert f"The key in use is sk-…{old.key[-4:]} from the profile litellm:default" in text, words
                assert f"sk-…{new.key[-4:]} in LITELLM_API_KEY" in text, words
                assert "Check LITELLM_API_KEY" not in text
            command = "litellm key set --from-env LITELLM_API_KEY --key-storage profile"
            assert command in text
            assert run(*command.split())[0] == 0
            status, text = run("litellm", "chat", "hi", "--json", "--no-stream")
            assert status == 0, text
            assert json.loads(text)["text"]
        finally:
            for key in admin.all():
                if key.alias and key.alias.startswith(name):
                    admin.delete(key.token)
