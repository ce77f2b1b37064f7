"""Running a command: exit statuses, errors as text and as JSON, and the handover."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fased_litellm import __version__
from fased_litellm.cli import handover, main
from fased_litellm.cli.run import _as_fased_error
from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import process


def fased(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own."""
    program = [sys.executable, "-m", "fased_litellm", *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, check=False, env={**os.environ, **env}, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out == f"fased-litellm {__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("onboard", "providers", "models", "agents", "usage", "litellm"):
        assert f"\n  {command} " in shown


@pytest.mark.parametrize(
    "arguments", [["usage", "--nonsense"], ["litellm", "chat", "--max-tokens", "x", "hi"], ["nonsense"]]
)
def test_wrong_usage_is_exit_2_with_a_way_on(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "→" in shown.err


@pytest.mark.parametrize("arguments", [["--profile", "work", "agents", "list"], ["--profile=work", "agents", "list"]])
def test_a_profile_before_the_command(arguments: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".fased-work").mkdir()
    (home / ".fased-work" / "fased.json").write_text('{agents: {list: [{id: "of-work"}]}}')
    assert main(arguments) == 0
    assert "of-work" in capsys.readouterr().out


def test_a_misspelt_command_of_a_group_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "chta"]) == 2
    assert "fased litellm chat" in capsys.readouterr().err


def test_wrong_usage_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "--nonsense", "--json"]) == 2
    shown = capsys.readouterr()
    error = json.loads(shown.out)["error"]
    assert (error["code"], shown.err) == ("usage", "")
    assert "--nonsense" in error["message"]


def test_an_invalid_config_lists_all_its_problems(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".fased").mkdir()
    config = '{models: {providers: {litellm: {baseURL: "x", apiKey: "${NOT_SET}", models: [{id: "a"}]}}}}'
    (home / ".fased" / "fased.json").write_text(config)
    assert main(["models", "status", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "config-invalid"
    messages = {issue["path"]: issue["message"] for issue in error["issues"]}
    assert messages["models.providers.litellm.apiKey"] == (
        'Missing env var "NOT_SET" referenced at config path: models.providers.litellm.apiKey'
    )
    assert "baseUrl" in json.dumps(messages)
    assert "models.providers.litellm.models[0].name" in messages


def test_a_syntax_error_shows_the_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".fased").mkdir()
    (home / ".fased" / "fased.json").write_text("{\n  models: {\n    providers 1\n}")
    assert main([]) == 1
    shown = capsys.readouterr().err
    assert "fased.json:3:" in shown
    assert "    providers 1" in shown
    assert "Traceback" not in shown


def test_no_traceback_without_being_asked_for() -> None:
    code = (
        "import fased_litellm.cli.status as g\ng.show = lambda **_: 1 / 0\nfrom fased_litellm.cli import main\nmain([])"
    )
    for debug, traceback in (("0", False), ("1", True)):
        env = {**os.environ, "FASED_DEBUG": debug}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
        assert "Unexpected ZeroDivisionError" in done.stderr
        assert ("Traceback" in done.stderr) is traceback


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("line", ["--help", "--version", "usage --all --json", "models list", "litellm doctor --json"])
def test_a_reader_that_leaves_is_no_error(line: str, buffered: bool, tmp_path: Path) -> None:
    """Who writes finds that out at once, or when all is flushed at the end."""
    reader, writer = os.pipe()
    os.close(reader)
    env = {**os.environ, "HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")}
    env |= {"PYTHONUNBUFFERED": "" if buffered else "1"}
    command = [sys.executable, "-m", "fased_litellm", *line.split()]
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, env=env)
    finally:
        os.close(writer)
    assert "BrokenPipe" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("line", ["--help", "--version", "usage", "models list", "litellm chat"])
def test_closed_streams(line: str, closed: str, tmp_path: Path) -> None:
    script = f"{sys.executable} -m fased_litellm {line} {closed}"
    env = {**os.environ, "HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=env)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Unexpected" not in done.stdout + done.stderr
    assert done.returncode in ((0,) if line != "litellm chat" else (1, 2))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("line", ["--help", "--version", "usage --all --json", "models list", "litellm doctor --json"])
def test_a_full_disk(line: str, tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")}
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "fased_litellm", *line.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=env)
    assert done.stderr.endswith("The output cannot be written: No space left on device.\n")
    assert done.stderr.count("cannot be written") == 1
    assert "Unexpected" not in done.stderr
    assert done.returncode == 1


# ---- the handover


def another_fased(folder: Path) -> Path:
    folder.mkdir()
    program = folder / "fased"
    program.write_text('#!/bin/sh\necho "other: $@"\nexit 7\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_an_unknown_command_goes_to_the_next_fased_on_path(tmp_path: Path) -> None:
    another_fased(tmp_path / "bin")
    done = fased("gateway", "status", "--json", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert (done.stdout, done.returncode) == ("other: gateway status --json\n", 7)


def test_another_auth_choice_goes_there_too(tmp_path: Path) -> None:
    another_fased(tmp_path / "bin")
    done = fased("onboard", "--auth-choice", "openai-api-key", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert (done.stdout, done.returncode) == ("other: onboard --auth-choice openai-api-key\n", 7)


def test_without_another_fased_it_is_an_error_with_the_nearest_command(tmp_path: Path) -> None:
    done = fased("modles", PATH=str(tmp_path))
    assert done.returncode == 2
    assert "Unknown command: modles." in done.stderr
    assert "fased models" in done.stderr


def test_the_program_never_hands_over_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = another_fased(tmp_path / "own")
    other = another_fased(tmp_path / "other")
    link = tmp_path / "links"
    link.mkdir()
    (link / "fased").symlink_to(own)
    monkeypatch.setattr(sys, "argv", [str(own)])
    monkeypatch.setenv("PATH", f"{link}:{own.parent}:{other.parent}")
    assert handover.next_fased() == other
    done = fased("gateway", PATH=str(own.parent), FASED_LITELLM_HANDOVER="1")
    assert done.returncode == 2  # a handover does not come back round


@pytest.mark.parametrize("entry", ["", ".", "bin"])
def test_no_program_of_the_working_folder_is_started(home: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    program = another_fased(home / "bin") if entry == "bin" else another_fased(home / "x").rename(home / "fased")
    program.with_name("litellm").write_bytes(program.read_bytes())
    program.with_name("litellm").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(home / "nowhere" / "python"))
    monkeypatch.setenv("PATH", f"{entry}:/nowhere")
    assert handover.next_fased() is None
    with pytest.raises(LocalProxyError, match="not installed"):
        process.find_program()


def test_a_word_that_the_locale_cannot_read_is_no_defect() -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "\udcc3".encode()
    error = _as_fased_error(caught.value)
    assert error.exit_status == 2
    assert "LC_ALL=C.UTF-8" in (error.hint or "")
