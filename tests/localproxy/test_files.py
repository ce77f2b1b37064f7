from __future__ import annotations

import json
from pathlib import Path

import pytest

from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy.files import Files, Process
from fased_litellm.localproxy.routes import MOCK_ROUTES
from fased_litellm.redaction import redact


def test_the_master_key_is_made_once_kept_private_and_redacted(tmp_path: Path) -> None:
    files = Files(tmp_path / "proxy")
    assert files.read_master_key() is None
    key = files.ensure_master_key()
    assert key.startswith("sk-")
    assert len(key) > 40
    assert Files(tmp_path / "proxy").ensure_master_key() == key
    assert files.master_key.stat().st_mode & 0o777 == 0o600
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert key not in redact(f"here: {key}")
    assert Files(tmp_path / "other").ensure_master_key() != key


def test_the_config_is_private_and_without_the_key(tmp_path: Path) -> None:
    files = Files(tmp_path)
    key = files.ensure_master_key()
    files.write_config(MOCK_ROUTES)
    text = files.config.read_text()
    assert len(json.loads(text)["model_list"]) == 3
    assert key not in text
    assert files.config.stat().st_mode & 0o777 == 0o600


def test_the_process_is_kept_and_forgotten(tmp_path: Path) -> None:
    files = Files(tmp_path)
    process = Process(12, "boot:34", 4000, "/x/config.yaml", 1_700_000_000_000)
    files.write_process(process)
    assert files.read_process() == process
    files.forget_process()
    files.forget_process()
    assert files.read_process() is None


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"pid": 1}', '{"pid": 1, "what": 2}'])
def test_what_makes_no_sense_is_no_process(tmp_path: Path, text: str) -> None:
    files = Files(tmp_path)
    files.process.write_text(text)
    assert files.read_process() is None


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "proxy").write_text("a file")
    with pytest.raises(LocalProxyError, match="Cannot"):
        Files(tmp_path / "proxy").ensure_master_key()
