"""``fased litellm key`` and ``--key-storage``, against a stand-in for the proxy and a keyring in memory."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import json5
import keyring
import pytest

from fased_litellm.cli import main
from fased_litellm.config.files import writing
from fased_litellm.secrets import ownprogram
from tests.keys.standin import KEY, StandIn
from tests.secrets.keyrings import Forgetful, Memory

ONBOARD = ["onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"]
NEW = "sk-test-new-00000002"
USER = ("fased-litellm", "main/litellm:default")


class Place:
    """A home whose proxy is the stand-in, and what commands print there."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str], proxy: StandIn) -> None:
        self.state, self.capture, self.proxy = home / ".fased", capture, proxy

    def run(self, *words: str) -> tuple[int, str, str]:
        self.capture.readouterr()
        status = main(list(words))
        return (status, *self.capture.readouterr())

    def ok(self, *words: str) -> Any:
        status, out, err = self.run(*words, "--json")
        assert status == 0, out + err
        assert KEY not in out + err
        assert NEW not in out + err
        return json.loads(out)

    def error(self, *words: str) -> Any:
        status, out, err = self.run(*words, "--json")
        assert status != 0, out + err
        return json.loads(out)["error"]

    def onboard(self, *words: str, key: str = KEY) -> Any:
        return self.ok(*ONBOARD, "--litellm-api-key", key, "--custom-base-url", self.proxy.url, *words)

    def profile(self, agent: str = "main", name: str = "litellm:default") -> Any:
        return self.profiles(agent)["profiles"][name]

    def profiles(self, agent: str = "main") -> Any:
        return json.loads((self.state / "agents" / agent / "agent" / "auth-profiles.json").read_text())

    @property
    def config(self) -> Any:
        return json5.loads((self.state / "fased.json").read_text())

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.state.rglob("*") if path.is_file()}

    def holds(self, key: str) -> list[str]:
        """The files in which a key stands."""
        return [path for path, data in self.files().items() if key.encode() in data]


@pytest.fixture
def place(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PATH", "/nonexistent")
    with StandIn(["default", "gpt-5.5"]) as proxy:
        yield Place(home, capsys, proxy)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return use(monkeypatch, Memory())


def use(monkeypatch: pytest.MonkeyPatch, backend: Memory) -> Memory:
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


# ---- onboarding


def test_a_keyring_that_works_is_the_first_choice(place: Place, memory: Memory) -> None:
    document = place.onboard()
    assert document["keyStorage"] == "keyring"
    assert memory.entries == {USER: KEY}
    assert place.holds(KEY) == []
    entry = place.config["secrets"]["providers"]["litellm-keyring"]
    assert (entry["source"], entry["args"]) == ("exec", ["litellm", "secrets", "exec"])
    assert place.profile() == {
        "type": "api_key",
        "provider": "litellm",
        "keyRef": {"source": "exec", "provider": "litellm-keyring", "id": "main/litellm:default"},
    }
    assert not any("plain text" in warning for warning in document["warnings"])
    again = place.ok(*ONBOARD)
    assert (again["keySource"], again["keyStorage"]) == ("profile", "keyring")
    assert not any(file["changed"] for file in again["files"])


def test_the_command_in_the_config_is_one_that_the_node_agent_runs(place: Place, memory: Memory) -> None:
    place.onboard()
    command = place.config["secrets"]["providers"]["litellm-keyring"]["command"]
    found = os.lstat(command)
    assert os.path.isabs(command)
    assert stat.S_ISREG(found.st_mode)
    assert not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    assert found.st_uid == os.getuid()


def test_the_environment_comes_before_the_keyring(
    place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    assert place.onboard()["keyStorage"] == "env"
    assert memory.entries == {}


def test_without_a_keyring_it_is_the_profile_with_a_word_why(place: Place) -> None:
    document = place.onboard()
    assert document["keyStorage"] == "profile"
    (said,) = [warning for warning in document["warnings"] if "plain text" in warning]
    assert said.endswith("The OS keyring is not used: No OS keyring is available here.")


def test_a_keyring_that_is_asked_for_and_not_there_is_an_error(place: Place) -> None:
    error = place.error(
        *ONBOARD, "--litellm-api-key", KEY, "--custom-base-url", place.proxy.url, "--key-storage", "keyring"
    )
    assert (error["code"], error["trouble"]) == ("keyring", "no-backend")
    assert place.proxy.asked == []
    assert place.files() == {}


def test_a_program_that_others_could_replace_is_not_used(
    place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "fased-litellm"
    program.write_text("")
    program.chmod(0o775)
    monkeypatch.setattr(ownprogram, "find", lambda: str(program))
    document = place.onboard()
    assert document["keyStorage"] == "profile"
    assert any("open to others (mode 0775)" in warning for warning in document["warnings"])
    assert memory.entries == {}


@pytest.mark.parametrize("before", [None, "sk-test-before-0001"])
def test_the_keyring_is_as_it_was_if_the_files_cannot_be_written(
    place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before:
        memory.entries[USER] = before
    entries = dict(memory.entries)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "Draft", full)
    error = place.error(*ONBOARD, "--litellm-api-key", KEY, "--custom-base-url", place.proxy.url)
    assert error["code"] == "config-write"
    assert memory.entries == entries


def test_a_keyring_that_forgets_leaves_everything_as_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Forgetful())
    error = place.error(*ONBOARD, "--litellm-api-key", KEY, "--custom-base-url", place.proxy.url)
    assert "does not give it back" in error["message"]
    assert place.holds(KEY) == []
    assert not (place.state / "fased.json").exists()


def test_another_state_folder_has_its_own_entry(place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    place.onboard()
    monkeypatch.setenv("FASED_PROFILE", "dev")
    place.proxy.key = NEW
    place.onboard(key=NEW)
    assert memory.entries[USER] == KEY
    (other,) = [user for service, user in memory.entries if (service, user) != USER]
    assert other.startswith("main/litellm:default/")


def test_a_dry_run_writes_nothing_into_the_keyring(place: Place, memory: Memory) -> None:
    document = place.onboard("--dry-run")
    assert any("OS keyring, main/litellm:default" in line for file in document["files"] for line in file["summary"])
    assert memory.entries == {}


# ---- show


def test_show_says_where_the_key_is(place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    place.onboard()
    document = place.ok("litellm", "key", "show")
    assert document["storage"] == "keyring"
    assert document["place"] == "main/litellm:default"
    assert document["effective"] == {"kind": "profiles", "detail": "litellm:default"}
    assert document["masked"] == f"{KEY[:3]}…{KEY[-4:]}"
    status, out, _ = place.run("litellm", "key", "show")
    assert status == 0
    assert out.startswith(f"{KEY[:3]}…{KEY[-4:]}  in the OS keyring, as main/litellm:default\n")
    assert place.ok("litellm", "key", "move", "--to", "profile")["storage"] == "profile"
    assert place.ok("litellm", "key", "show")["storage"] == "profile"
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    place.ok("litellm", "key", "move", "--to", "env")
    assert place.ok("litellm", "key", "show")["place"] == "LITELLM_API_KEY"


def test_show_without_a_key_is_the_error_of_a_call(place: Place) -> None:
    assert place.error("litellm", "key", "show")["code"] == "missing-key"


def test_models_status_shows_a_key_of_the_keyring(place: Place, memory: Memory) -> None:
    place.onboard()
    (row,) = place.ok("models", "status")["auth"]["providers"]
    assert row["effective"] == {"kind": "profiles", "detail": f"{KEY[:3]}…{KEY[-4:]} (litellm:default)"}
    assert row["profiles"]["labels"] == ["litellm:default=exec:main/litellm:default"]


# ---- set


def test_set_keeps_a_key_where_the_old_one_was(place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    place.onboard()
    before = place.files()
    place.proxy.key = NEW
    monkeypatch.setenv("FRESH", NEW)
    times = os.stat(place.state / "agents/main/agent/auth-profiles.json").st_mtime_ns
    document = place.ok("litellm", "key", "set", "--from-env", "FRESH")
    assert (document["storage"], document["before"], document["checked"]) == ("keyring", "sk-…0001", True)
    assert memory.entries == {USER: NEW}
    assert place.files() == before
    assert os.stat(place.state / "agents/main/agent/auth-profiles.json").st_mtime_ns > times


def test_set_into_a_profile_and_from_stdin(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.onboard("--key-storage", "profile")
    place.proxy.key = NEW
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW}\n"))
    document = place.ok("litellm", "key", "set")
    assert document["storage"] == "profile"
    assert place.profile()["key"] == NEW
    assert place.holds(KEY) == []


def test_set_refuses_a_key_that_the_proxy_does_not_take(place: Place, memory: Memory) -> None:
    place.onboard()
    status, out, err = place.run("litellm", "key", "set", "--key", "sk-test-wrong-0009")
    assert status == 1
    assert "does not know the key" in err
    assert "shows in the list of processes" in err
    assert "sk-test-wrong" not in out + err
    assert memory.entries == {USER: KEY}
    assert place.ok("litellm", "key", "set", "--key", "sk-test-wrong-0009", "--skip-health")["checked"] is False
    assert memory.entries == {USER: "sk-test-wrong-0009"}


def test_set_without_any_profile_takes_the_keyring(place: Place, memory: Memory) -> None:
    document = place.ok("litellm", "key", "set", "--key", NEW, "--skip-health")
    assert document["storage"] == "keyring"
    assert memory.entries == {USER: NEW}
    assert place.ok("litellm", "key", "show")["masked"] == document["masked"]


def test_set_does_not_touch_what_others_keep(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    place.onboard()
    error = place.error("litellm", "key", "set", "--key", NEW, "--skip-health")
    assert "refers to env:default:LITELLM_API_KEY" in error["message"]
    document = place.ok("litellm", "key", "set", "--key", NEW, "--skip-health", "--key-storage", "profile")
    assert place.profile()["key"] == NEW
    assert document["before"] == "sk-…0001"


def test_set_for_one_agent_leaves_the_others(place: Place, memory: Memory) -> None:
    place.onboard()
    assert "There is no agent ops" in place.error("litellm", "key", "set", "--key", NEW, "--agent", "ops")["message"]
    place.ok("agents", "models", "set", "--agent", "ops", "--create", "--primary", "litellm/default", "--force")
    place.ok("litellm", "key", "set", "--key", NEW, "--skip-health", "--agent", "ops")
    assert memory.entries == {USER: KEY, ("fased-litellm", "ops/litellm:default"): NEW}
    assert place.ok("litellm", "key", "show", "--agent", "ops")["masked"] == "sk-…0002"
    assert place.ok("litellm", "key", "show")["masked"] == "sk-…0001"


def test_set_says_when_another_key_comes_first(place: Place) -> None:
    place.onboard("--key-storage", "profile")
    path = place.state / "agents/main/agent/auth-profiles.json"
    tree = place.profiles()
    tree["profiles"]["litellm:t"] = {"type": "token", "provider": "litellm", "token": "sk-test-token-0007"}
    tree["order"] = {"litellm": ["litellm:t", "litellm:default"]}
    path.write_text(json.dumps(tree))
    document = place.ok("litellm", "key", "set", "--key", NEW, "--skip-health")
    assert any("Calls use another key now, sk-…0007 from litellm:t" in text for text in document["warnings"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--key", "sk-a b"], "holds a blank"),
        (["--key", ""], "The key is empty"),
        (["--from-env", "NOT_SET"], "NOT_SET is not set"),
        (["--from-env", "A", "--key", "b"], "cannot be combined"),
        (["--key", NEW, "--key-storage", "drawer"], "'drawer' is unknown"),
        (["--key", NEW, "--skip-health", "--key-storage", "env"], "needs the key in LITELLM_API_KEY"),
    ],
)
def test_set_wants_one_good_key(place: Place, words: list[str], said: str) -> None:
    assert said in place.error("litellm", "key", "set", *words)["message"]


# ---- move and delete


def test_a_key_that_is_moved_leaves_its_old_place(place: Place, memory: Memory) -> None:
    place.onboard("--key-storage", "profile")
    assert place.ok("litellm", "key", "move", "--to", "keyring")["storage"] == "keyring"
    assert memory.entries == {USER: KEY}
    assert place.holds(KEY) == []
    assert place.ok("litellm", "key", "move", "--to", "profile")["storage"] == "profile"
    assert memory.entries == {}
    assert place.profile()["key"] == KEY


def test_a_key_in_the_config_is_taken_out_of_it(place: Place, memory: Memory) -> None:
    place.state.mkdir()
    text = "{ models: { providers: { litellm: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'KEY', models: [] } } } }"
    (place.state / "fased.json").write_text(text.replace("KEY", KEY))
    document = place.ok("litellm", "key", "move", "--to", "keyring")
    assert memory.entries == {USER: KEY}
    backup = str(place.state / "fased.json.bak")
    assert place.holds(KEY) == [backup]
    assert document["warnings"] == [f"{backup}, a backup, holds the key: delete it when all works."]
    assert "apiKey" not in place.config["models"]["providers"]["litellm"]
    assert place.ok("litellm", "key", "show")["storage"] == "keyring"


def test_a_keyring_that_does_not_let_go_is_told(place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    place.onboard()
    monkeypatch.setattr(memory, "delete_password", None)
    document = place.ok("litellm", "key", "move", "--to", "profile")
    assert any("does not let go of the old key: delete main/litellm:default" in text for text in document["warnings"])


def test_moving_to_the_environment_needs_it_there(place: Place, memory: Memory) -> None:
    place.onboard()
    assert "needs the key in LITELLM_API_KEY" in place.error("litellm", "key", "move", "--to", "env")["message"]
    assert memory.entries == {USER: KEY}


def test_a_key_that_is_deleted_is_gone_everywhere(place: Place, memory: Memory) -> None:
    place.onboard()
    assert "Add --yes" in (place.error("litellm", "key", "delete")["hint"])
    document = place.ok("litellm", "key", "delete", "--yes")
    assert (document["storage"], document["masked"]) == (None, "sk-…0001")
    assert memory.entries == {}
    assert place.profiles()["profiles"] == {}
    assert "litellm:default" not in place.config["auth"]["profiles"]
    assert place.error("litellm", "key", "show")["code"] == "missing-key"


def test_a_key_of_the_environment_or_of_main_is_not_deleted(
    place: Place, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.onboard()
    place.ok("agents", "models", "set", "--agent", "ops", "--create", "--primary", "litellm/default", "--force")
    assert "in the file of main" in place.error("litellm", "key", "delete", "--yes", "--agent", "ops")["message"]
    place.ok("litellm", "key", "delete", "--yes")
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    assert "comes from LITELLM_API_KEY alone" in place.error("litellm", "key", "delete", "--yes")["message"]
