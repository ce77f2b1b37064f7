"""The order in which the documentation sets up an agent: the config first, with a variable that is not set; the key later."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from fased_litellm.cli import main
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.admin import KeyAdmin
from tests.live.proxies import Proxy

CONFIG = """{
  // as the documentation has it
  models: { providers: { litellm: {
    baseUrl: "URL", apiKey: "${LITELLM_API_KEY}", api: "openai-completions",
    request: { allowPrivateNetwork: true }, models: [],
  } } },
  agents: { defaults: { model: { primary: "litellm/default" } } },
}
"""


@pytest.mark.database
def test_config_then_master_key_then_a_virtual_key_then_chat(
    home: Path, proxy: Proxy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITELLM_API_KEY", raising=False)
    file = home / ".fased" / "fased.json"
    file.parent.mkdir()
    file.write_text(CONFIG.replace("URL", proxy.url))
    alias = f"test-{uuid.uuid4().hex[:12]}"

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(words))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    assert run()[0] == 0
    status, text = run("litellm", "chat", "hi")
    assert (status, "LITELLM_API_KEY" in text) == (1, True)
    monkeypatch.setenv("LITELLM_MASTER_KEY", proxy.master_key)
    try:
        status, text = run("litellm", "keys", "create", "--use", "--yes", "--alias", alias, "--key-storage", "profile")
        assert status == 0, text
        monkeypatch.delenv("LITELLM_MASTER_KEY")
        status, text = run("litellm", "chat", "hi", "--json", "--no-stream")
        assert status == 0, text
        assert json.loads(text)["text"]
        status, text = run("litellm", "doctor", "--json")
        codes = {finding["code"] for finding in json.loads(text)["findings"]}
        assert "variable-missing" in codes  # the Node agent would refuse the config
        assert "key-missing" not in codes
        assert '"${LITELLM_API_KEY}"' in file.read_text()
    finally:
        with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
            admin = KeyAdmin(client)
            for key in admin.all(key_alias=alias):
                admin.delete(key.token)
