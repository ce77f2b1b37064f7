from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from fased_litellm.config.load import load
from fased_litellm.errors import KeyAdminError, UsageError
from fased_litellm.keys.virtualkeys import MASTER_IN_KEYRING, VirtualKeys, master_key
from fased_litellm.localproxy import ownprocess, process
from fased_litellm.localproxy.files import Files, Process
from fased_litellm.paths import Paths
from fased_litellm.proxy.management.admin import KeyAdmin
from fased_litellm.secrets.keyring_store import SERVICE
from tests import signals
from tests.localproxy import standin
from tests.secrets.keyrings import Memory
from tests.servers import FaultServers, answer_json

URL = "http://127.0.0.1:4000"


@pytest.fixture
def memory() -> Iterator[Memory]:
    before, kept = keyring.get_keyring(), Memory()
    keyring.set_keyring(kept)
    yield kept
    keyring.set_keyring(before)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.from_env({"HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")})


def found(paths: Paths, url: str = URL, **env: str) -> tuple[str, str] | None:
    return master_key(load(paths, {"HOME": str(paths.home), **env}), paths, url)


def test_where_the_master_key_is_looked_for(paths: Paths, memory: Memory) -> None:
    assert found(paths) is None
    memory.entries[SERVICE, MASTER_IN_KEYRING] = "sk-test-in-the-keyring"
    assert found(paths) == ("sk-test-in-the-keyring", "the OS keyring")
    files = Files(paths.local_proxy)
    made = files.ensure_master_key()
    child = standin.sleep(arguments=process.arguments("/config.yaml", 4000))
    started = ownprocess.start_time(child.pid)
    assert started is not None
    files.write_process(Process(child.pid, started, 4000, "/config.yaml", int(time.time() * 1000)))
    assert found(paths) == (made, str(files.master_key))
    assert found(paths, LITELLM_MASTER_KEY="sk-test-in-the-env") == ("sk-test-in-the-env", "LITELLM_MASTER_KEY")
    elsewhere = ("sk-test-in-the-keyring", "the OS keyring")
    for url in (
        "https://another.example",
        "http://another.example:4000",
        "http://127.0.0.1:40001",
        "https://127.0.0.1:4000",
        "http://127.0.0.1:5000/x:4000",
        "http://10.0.0.1:4000",
    ):
        assert found(paths, url) == elsewhere  # its key is for the local proxy alone
    signals.end(child)
    assert found(paths) == elsewhere  # another program may listen there by now


def keys(paths: Paths, url: str) -> VirtualKeys:
    env = {"HOME": str(paths.home), "LITELLM_BASE_URL": url, "LITELLM_API_KEY": "sk-test-in-the-env"}
    return VirtualKeys(load(paths, env), paths, env=env)


def test_a_key_from_the_environment_is_not_replaced_behind_its_back(paths: Paths) -> None:
    with pytest.raises(UsageError, match="LITELLM_API_KEY"):
        keys(paths, URL).ready_to_switch(None)
    keys(paths, URL).ready_to_switch("profile")


@pytest.mark.parametrize(
    ("status", "says"), [(404, "master key"), (403, "made for calls alone"), (401, "does not know the agent's key")]
)
def test_what_a_key_hears_about_itself(fault_server: FaultServers, paths: Paths, status: int, says: str) -> None:
    message = {
        404: "Key not found in database",
        403: "not allowed to call this route",
        401: "Invalid proxy server token passed",
    }[status]
    server = fault_server([answer_json(status, {"error": {"message": message}})])
    with pytest.raises(KeyAdminError, match=says):
        keys(paths, server.url).own()


def test_a_key_is_found_by_its_whole_name(fault_server: FaultServers, paths: Paths) -> None:
    listed = [
        answer_json(
            200,
            {
                "keys": [{"token": "1", "key_alias": "fased-old"}, {"token": "2", "key_alias": "fased"}],
                "total_pages": 1,
            },
            {"connection": "close"},  # one connection per answer: it is the server that closes it
        )
    ]
    vk = keys(paths, fault_server(listed).url)
    with vk.client("sk-test-master") as client:
        assert vk.find(KeyAdmin(client), "fased").token == "2"
        with pytest.raises(KeyAdminError) as caught:
            vk.find(KeyAdmin(client), "fasde")
    assert "fased" in str(caught.value.hint)


def test_no_key_is_made_that_cannot_be_kept(fault_server: FaultServers, paths: Paths) -> None:
    """The profile names a variable that is not set: the new key would have no place."""
    store = paths.state / "agents" / "main" / "agent" / "auth-profiles.json"
    store.parent.mkdir(parents=True)
    ref = {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"}
    profile = {"type": "api_key", "provider": "litellm", "keyRef": ref}
    store.write_text(json.dumps({"version": 1, "profiles": {"litellm:default": profile}}))
    server = fault_server(answer_json(500, {}))
    env = {"HOME": str(paths.home), "LITELLM_BASE_URL": server.url}
    vk = VirtualKeys(load(paths, env), paths, env=env)
    with (
        vk.client("sk-test-master") as client,
        pytest.raises(UsageError, match="refers to env:default:LITELLM_API_KEY"),
    ):
        vk.create(KeyAdmin(client), {"key_alias": "x"}, use=True)
    assert server.connections == 0
