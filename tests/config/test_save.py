"""Planning and writing changes of fased.json."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from fased_litellm.config import load, save
from fased_litellm.config.edits import DELETE, Edit
from fased_litellm.config.files import audit
from fased_litellm.config.files.writing import FileWrite, write_all
from fased_litellm.errors import ConfigConflict, ConfigError, ConfigInvalid, ConfigWriteError
from fased_litellm.paths import Paths

NOW = datetime(2026, 11, 22, 4, 5, 6, 789000, tzinfo=UTC)
PRIMARY = ("agents", "defaults", "model", "primary")
TEXT = textwrap.dedent(
    """\
    // mine
    {
      models: {
        providers: {
          litellm: {
            baseUrl: 'http://localhost:4000', // here
            apiKey: '${LITELLM_API_KEY}',
            models: [],
          },
        },
      },
      agents: { defaults: { model: { primary: 'litellm/default' } } },
    }
    """
)


@pytest.fixture
def paths(tmp_path):
    return Paths(state=tmp_path / "state", config=tmp_path / "state" / "fased.json", home=tmp_path)


@pytest.fixture
def config(paths):
    paths.state.mkdir()
    paths.config.write_text(TEXT)
    paths.config.chmod(0o600)
    return paths.config


def _load(paths, **env):
    return load.load(paths, {"LITELLM_API_KEY": "sk-test-1", **env})


def _mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def _files(folder):
    return sorted(name for name in os.listdir(folder) if name != "logs")


def _audit(paths):
    return [json.loads(line) for line in paths.config_audit.read_text().splitlines()]


def test_a_change_keeps_every_other_byte(paths, config):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/gpt-5.5")], now=NOW)
    assert config.read_text() == TEXT  # planning writes nothing
    assert save.commit(change) == [config]
    assert config.read_text() == TEXT.replace("litellm/default", "litellm/gpt-5.5")
    assert _files(paths.state) == ["fased.json", "fased.json.bak"]
    assert (paths.state / "fased.json.bak").read_text() == TEXT


def test_what_is_there_already_is_not_written(paths, config):
    before = os.stat(config)
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/default"), Edit(("none",), DELETE)])
    assert not change.changed
    assert change.after == change.before == TEXT
    assert change.diff() == ""
    assert save.commit(change) == []
    assert os.stat(config).st_mtime_ns == before.st_mtime_ns
    assert _files(paths.state) == ["fased.json"]
    assert not paths.config_audit.exists()


def test_a_missing_file_is_made_private_with_its_folder(paths):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/default")])
    assert change.before is None
    save.commit(change)
    assert json.loads(paths.config.read_text()) == {"agents": {"defaults": {"model": {"primary": "litellm/default"}}}}
    assert paths.config.read_text().startswith('{\n  "agents": {\n')
    assert (_mode(paths.config), _mode(paths.state)) == (0o600, 0o700)
    assert _files(paths.state) == ["fased.json"]


def test_a_missing_file_stays_missing_without_a_reason(paths):
    change = save.plan(_load(paths), [Edit(("none",), DELETE)])
    assert save.commit(change) == []
    assert not paths.state.exists()


def test_windows_line_ends_and_a_byte_order_mark_stay(paths, config):
    data = b"\xef\xbb\xbf{\r\n\tagents: {\r\n\t},\r\n}\r\n"
    config.write_bytes(data)
    save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/x")]))
    assert config.read_bytes() == data.replace(
        b"agents: {\r\n\t}",
        b'agents: {\r\n\t\tdefaults: {\r\n\t\t\tmodel: {\r\n\t\t\t\tprimary: "litellm/x",\r\n\t\t\t},\r\n\t\t},\r\n\t}',
    )


def test_five_backups_are_kept(paths, config):
    for number in range(7):
        save.commit(save.plan(_load(paths), [Edit(PRIMARY, f"litellm/m{number}")]))
    names = ["fased.json", *("fased.json.bak" + suffix for suffix in ["", ".1", ".2", ".3", ".4"])]
    assert _files(paths.state) == names
    found = [load.load(_at(paths, name), {"LITELLM_API_KEY": "k"}).value for name in names]
    primaries = [value["agents"]["defaults"]["model"]["primary"] for value in found]
    assert primaries == [f"litellm/m{number}" for number in (6, 5, 4, 3, 2, 1)]
    assert {_mode(paths.state / name) for name in names} == {0o600}


def _at(paths, name):
    return Paths(state=paths.state, config=paths.state / name, home=paths.home)


def test_a_file_that_another_program_changed_is_not_overwritten(paths, config):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])
    config.write_text(TEXT + "// theirs\n")
    with pytest.raises(ConfigConflict, match="changed by another program"):
        save.commit(change)
    assert config.read_text() == TEXT + "// theirs\n"
    assert _files(paths.state) == ["fased.json"]
    config.unlink()
    with pytest.raises(ConfigConflict):
        save.commit(change)
    assert _files(paths.state) == []


def test_a_file_that_another_program_made_is_not_overwritten(paths):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])
    paths.state.mkdir()
    paths.config.write_text("{}")
    with pytest.raises(ConfigConflict):
        save.commit(change)
    assert paths.config.read_text() == "{}"


def test_of_many_writers_at_once_one_wins(paths, config):
    changes = [save.plan(_load(paths), [Edit(PRIMARY, f"litellm/m{number}")]) for number in range(8)]

    def attempt(change):
        try:
            return bool(save.commit(change))
        except ConfigConflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, changes)) == [False] * 7 + [True]
    assert _files(paths.state) == ["fased.json", "fased.json.bak"]


def test_a_lock_of_another_program_is_respected(paths, config, monkeypatch):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])
    lock = paths.state / "fased.json.lock"
    lock.write_text(json.dumps({"pid": os.getppid(), "createdAt": audit.timestamp(datetime.now(UTC))}))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ConfigConflict, match=r"fased\.json\.lock"):
        save.commit(change)
    assert config.read_text() == TEXT
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock.write_text(json.dumps({"pid": gone.pid, "createdAt": audit.timestamp(datetime.now(UTC))}))
    assert save.commit(change) == [config]
    assert not lock.exists()


def test_a_link_stays_a_link(paths, tmp_path):
    paths.state.mkdir()
    target = tmp_path / "dotfiles" / "fased.json"
    target.parent.mkdir()
    target.write_text(TEXT)
    paths.config.symlink_to(target)
    save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")]))
    assert paths.config.is_symlink()
    assert "litellm/a" in target.read_text()
    assert _files(target.parent) == ["fased.json"]
    assert _files(paths.state) == ["fased.json", "fased.json.bak"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o600, 0o600), (0o400, 0o400), (0o660, 0o660), (0o640, 0o640), (0o644, 0o600), (0o666, 0o600)],
)
def test_the_mode_is_private_or_what_it_was(paths, config, before, after):
    config.chmod(before)
    old = os.umask(0o077)
    try:
        save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")]))
    finally:
        os.umask(old)
    assert _mode(config) == after
    assert _mode(paths.state / "fased.json.bak") == after


def test_a_shared_service_gets_a_shared_file(paths):
    save.commit(save.plan(_load(paths, FASED_HOST_PROFILE="hosting"), [Edit(PRIMARY, "litellm/a")]))
    assert _mode(paths.config) == 0o660


def test_nix_mode_refuses(paths, config):
    change = save.plan(_load(paths, FASED_NIX_MODE="1"), [Edit(PRIMARY, "litellm/a")])
    with pytest.raises(ConfigError, match="FASED_NIX_MODE=1"):
        save.commit(change)
    assert config.read_text() == TEXT
    unchanged = save.plan(_load(paths, FASED_NIX_MODE="1"), [Edit(PRIMARY, "litellm/default")])
    assert save.commit(unchanged) == []


def test_a_crash_before_the_rename_leaves_the_old_file(paths, config, monkeypatch):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])

    def crash(source, target):
        if os.path.basename(target) == "fased.json":
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    real = os.replace
    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(ConfigWriteError, match="The old content stands"):
        save.commit(change)
    assert config.read_text() == TEXT
    assert [name for name in _files(paths.state) if name.endswith((".tmp", ".lock"))] == []
    (line,) = _audit(paths)
    assert (line["result"], line["nextHash"]) == ("failed", None)


def test_a_full_disk_is_found_before_anything_changes(paths, config, monkeypatch):
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigWriteError, match="No space left"):
        save.commit(change)
    assert _files(paths.state) == ["fased.json"]
    assert config.read_text() == TEXT


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_files_are_written_together_or_not_at_all(paths, config, monkeypatch, failure):
    other, new = paths.state / "a.json", paths.state / "b.json"
    other.write_bytes(b"old")
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])
    writes = [FileWrite(other, b"old", b"new"), FileWrite(new, None, b"new"), FileWrite(paths.state / "c", b"x", b"x")]

    def crash(source, target):
        if os.path.basename(target) == "fased.json":
            raise failure
        real(source, target)

    real = os.replace
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", crash)
        with pytest.raises((ConfigWriteError, KeyboardInterrupt)):
            save.commit(change, others=writes)
    assert other.read_bytes() == b"old"
    assert not new.exists()
    assert config.read_text() == TEXT
    assert save.commit(change, others=writes) == [other, new, config]
    assert (other.read_bytes(), new.read_bytes(), _mode(new)) == (b"new", b"new", 0o600)


def test_one_conflict_stops_all_files(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"changed")
    with pytest.raises(ConfigConflict, match="two was changed"):
        write_all([FileWrite(one, b"1", b"11"), FileWrite(two, b"2", b"22")])
    assert (one.read_bytes(), two.read_bytes()) == (b"1", b"changed")


def test_a_change_that_fased_would_reject_is_not_made(paths, config):
    edits = [Edit(("models", "providers", "litellm", "baseUrll"), "x"), Edit(("agents", "defaults", "model"), 5)]
    with pytest.raises(ConfigInvalid) as caught:
        save.plan(_load(paths), edits)
    assert len(caught.value.issues) == 2
    assert "baseUrll" in str(caught.value)


def test_an_edit_may_repair_a_config(paths, config):
    config.write_text(TEXT.replace("models: []", "models: [], oops: 1"))
    broken = _load(paths)
    assert not broken.valid
    with pytest.raises(ConfigInvalid):
        save.plan(broken, [Edit(PRIMARY, "litellm/a")])
    save.commit(save.plan(broken, [Edit(("models", "providers", "litellm", "oops"), DELETE)]))
    assert _load(paths).valid


def test_old_keys_are_left_to_the_doctor(paths, config):
    config.write_text("{ identity: { name: 'x' } }")
    with pytest.raises(ConfigError, match="identity"):
        save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])


def test_an_edit_through_a_value_that_is_no_object(paths, config):
    with pytest.raises(ConfigError, match=r"apiKey"):
        save.plan(_load(paths), [Edit(("models", "providers", "litellm", "apiKey", "id"), "x")])


def test_what_stands_beside_an_include_can_be_changed(paths, config):
    (paths.state / "models.json5").write_text("{ models: { mode: 'merge' } }")
    config.write_text("{ $include: './models.json5', agents: {} }")
    save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")]))
    assert config.read_text() == (
        "{ $include: './models.json5', agents: { defaults: { model: { primary: 'litellm/a' } } } }"
    )


def test_the_stamp_moves_the_time_and_keeps_the_agents_version(paths, config):
    config.write_text(
        '{\n  "meta": { "lastTouchedVersion": "0.1.76", "lastTouchedAt": "2026-01-01T00:00:00.000Z" }\n}\n'
    )
    save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")], now=NOW))
    meta = json.loads(config.read_text())["meta"]
    assert meta == {"lastTouchedVersion": "0.1.76", "lastTouchedAt": "2026-11-22T04:05:06.789Z"}
    assert not save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")]).changed


def test_the_log_has_fased_s_line_and_no_value(paths, config, monkeypatch):
    monkeypatch.setattr(
        "sys.argv",
        [
            "/usr/bin/fased",
            "agents",
            "models",
            "set",
            "--primary",
            "litellm/a",
            "--litellm-api-key=sk-test-2",
            "sk-test-3",
        ],
    )
    save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a"), Edit(("gateway", "mode"), "local")]))
    (line,) = _audit(paths)
    assert _mode(paths.config_audit) == 0o600
    after = config.read_bytes()
    expected = {
        "event": "config.write",
        "result": "rename",
        "configPath": str(config),
        "argv": ["fased", "agents", "models", "set", "--primary", "***", "--litellm-api-key=***", "***"],
        "existsBefore": True,
        "previousHash": _sha(TEXT.encode()),
        "nextHash": _sha(after),
        "previousBytes": len(TEXT),
        "nextBytes": len(after),
        "changedPathCount": 2,
        "hasMetaBefore": False,
        "hasMetaAfter": False,
        "gatewayModeBefore": None,
        "gatewayModeAfter": "local",
        "suspicious": ["missing-meta-before-write"],
    }
    assert {key: line[key] for key in expected} == expected
    assert "sk-test" not in paths.config_audit.read_text()


def _sha(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_the_log_hides_a_message_typed_as_a_word():
    assert audit.command_line(["fased", "litellm", "chat", "Tell me", "a"]) == [
        "fased",
        "litellm",
        "chat",
        "***",
        "***",
    ]
    assert audit.command_line(["fased", "a", "b", "c", "d"]) == ["fased", "a", "b", "c", "***"]
    assert audit.command_line([]) == []


def test_suspicious_writes_are_marked():
    before = {"meta": {}, "gateway": {"mode": "local"}}
    assert audit.suspicious(before=before, after={}, previous_bytes=600, next_bytes=100) == [
        "size-drop:600->100",
        "gateway-mode-removed",
    ]
    assert audit.suspicious(before={}, after={}, previous_bytes=None, next_bytes=2) == []


def test_a_log_that_cannot_be_written_stops_nobody(paths, config):
    (paths.state / "logs").write_text("in the way")
    assert save.commit(save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])) == [config]


def test_the_diff_shows_lines_and_hides_keys(paths, config):
    config.write_text(
        "{\n  models: {\n    providers: {\n      litellm: { baseUrl: 'http://x', apiKey: 'sk-test-old', models: [] },\n    },\n  },\n}"
    )
    edits = [Edit(("models", "providers", "litellm", "apiKey"), "sk-test-new"), Edit(PRIMARY, "litellm/a")]
    diff = save.plan(_load(paths), edits).diff()
    assert "sk-test" not in diff
    assert "-      litellm: { baseUrl: 'http://x', apiKey: '__FASED_REDACTED__', models: [] },\n" in diff
    assert "+      litellm: { baseUrl: 'http://x', apiKey: '__FASED_REDACTED__ (new)', models: [] },\n" in diff
    assert "+        primary: 'litellm/a',\n" in diff
    assert "\\ No newline at end of file\n" in diff


def test_repr_shows_no_secret(paths, config):
    config.write_text(TEXT.replace("${LITELLM_API_KEY}", "sk-test-plain"))
    change = save.plan(_load(paths), [Edit(PRIMARY, "litellm/a")])
    assert "sk-test" not in repr(change)
    assert "sk-test" not in repr(FileWrite(config, b"sk-test-1", b"sk-test-2"))
