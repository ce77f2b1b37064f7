from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.errors import SecretError
from fased_litellm.secrets import execsecret, secretref
from tests.signals import Recorder

SECRET = "sk-test-exec-000001"


class Program:
    """A program that tells a secret, written for one test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tell"

    def write(self, body: str) -> None:
        self.path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
        self.path.chmod(0o700)

    def prints(self, answer: Any) -> None:
        self.write(f"print({(answer if isinstance(answer, str) else json.dumps(answer))!r})")

    def resolve(self, environment: dict[str, str] | None = None, /, **provider: Any) -> str:
        entry = {"source": "exec", "command": str(self.path), **provider}
        ref = {"source": "exec", "provider": "vault", "id": "litellm/main"}
        return secretref.resolve(ref, {"secrets": {"providers": {"vault": entry}}}, environment or {})


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def answer(**values: Any) -> dict[str, Any]:
    return {"protocolVersion": 1, "values": {"litellm/main": SECRET}, "errors": {}, **values}


def test_one_document_in_and_one_out(program: Program, tmp_path: Path) -> None:
    program.write(
        "asked = json.load(sys.stdin)\n"
        "seen = {'asked': asked, 'args': sys.argv[1:], 'env': dict(os.environ), 'cwd': os.getcwd()}\n"
        "json.dump(seen, open('seen.json', 'w'))\n"
        "print(json.dumps({'protocolVersion': 1, 'values': {asked['ids'][0]: '" + SECRET + "'}}))"
    )
    env = {"PASSED": "yes", "KEPT_BACK": "no"}
    found = program.resolve(env, args=["read", "--now"], passEnv=["PASSED", "NOT_SET"], env={"OWN": "1"})
    assert found == SECRET
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["asked"] == {"protocolVersion": 1, "provider": "vault", "ids": ["litellm/main"]}
    assert seen["args"] == ["read", "--now"]
    assert seen["cwd"] == str(tmp_path)
    assert {name for name in seen["env"] if not name.startswith("LC_")} == {"PASSED", "OWN"}


def test_the_program_may_answer_without_listening(program: Program) -> None:
    program.prints(answer())
    assert program.resolve() == SECRET


def test_a_bare_value_counts_where_that_is_allowed(program: Program) -> None:
    program.prints(SECRET)
    assert program.resolve(jsonOnly=False) == SECRET
    with pytest.raises(SecretError, match="did not print JSON") as caught:
        program.resolve()
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    program.prints(json.dumps(SECRET))
    assert program.resolve(jsonOnly=False) == SECRET


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "printed nothing"),
        ("[1]", "no protocolVersion 1"),
        (answer(protocolVersion=2), "no protocolVersion 1"),
        (answer(values=[SECRET]), 'no "values"'),
        (answer(values={}), "no value for litellm/main"),
        (answer(errors={"litellm/main": {"message": SECRET}}), "no value for litellm/main"),
        (answer(values={"litellm/main": {"x": SECRET}}), "empty or not a string"),
        (answer(values={"litellm/main": "  "}), "empty or not a string"),
    ],
)
def test_an_answer_that_is_none_is_not_quoted(program: Program, printed: Any, said: str) -> None:
    program.prints(printed)
    with pytest.raises(SecretError, match=said) as caught:
        program.resolve()
    assert caught.value.message.startswith("exec:vault:litellm/main: ")
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"


def test_a_failure_shows_the_status_alone(program: Program) -> None:
    program.write(f"print('{SECRET}'); sys.stderr.write('{SECRET}'); sys.exit(3)")
    with pytest.raises(SecretError, match="ended with status 3") as caught:
        program.resolve()
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("body", "limits", "said"),
    [
        ("time.sleep(60)", {"noOutputTimeoutMs": 100}, "printed nothing for 100 ms"),
        ("time.sleep(60)", {"timeoutMs": 100}, "did not end within 100 ms"),
        (
            "sys.stdout.close(); os.close(1); os.close(2); time.sleep(60)",
            {"timeoutMs": 400},
            "did not end within 400 ms",
        ),
        ("while True: print('x', flush=True); time.sleep(0.01)", {"timeoutMs": 400}, "did not end within 400 ms"),
        ("sys.stdout.write('x' * 5000)", {"maxOutputBytes": 4999}, "more than 4999 bytes"),
        ("sys.stderr.write('x' * 5000)", {"maxOutputBytes": 4999}, "more than 4999 bytes"),
        ("while True: sys.stdout.write('x' * 65536)", {}, "more than 1048576 bytes"),
    ],
)
def test_limits_end_it(program: Program, body: str, limits: dict[str, Any], said: str) -> None:
    program.write(body)
    with pytest.raises(SecretError, match=said):
        program.resolve(**limits)


def test_what_it_started_is_ended_too(program: Program, tmp_path: Path) -> None:
    program.write(
        "pid = os.fork()\nif pid: open('child', 'w').write(str(pid)); print('{}', flush=True); os._exit(0)\ntime.sleep(600)"
    )
    with pytest.raises(SecretError, match="did not end within"):
        program.resolve(timeoutMs=500)  # the child holds stdout open
    child = int((tmp_path / "child").read_text())
    for _ in range(1000):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        os.sched_yield()
    pytest.fail("the child still runs")


@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_a_program_that_others_may_change_is_not_run(program: Program, mode: int) -> None:
    program.prints(answer())
    program.path.chmod(mode)
    with pytest.raises(SecretError, match="open to others") as caught:
        program.resolve()
    assert caught.value.hint == f"chmod go-w {program.path}"
    assert program.resolve(allowInsecurePath=True) == SECRET


def test_a_program_that_others_may_read_is_run(program: Program) -> None:
    program.prints(answer())
    program.path.chmod(0o755)
    assert program.resolve() == SECRET


def test_a_program_of_another_user_is_not_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.prints(answer())
    monkeypatch.setattr("fased_litellm.secrets.guarded.os.getuid", lambda: os.stat(program.path).st_uid + 1)
    with pytest.raises(SecretError, match="belongs to another user"):
        program.resolve()
    assert program.resolve(allowInsecurePath=True) == SECRET


def test_a_link_is_followed_only_where_that_is_allowed(program: Program, tmp_path: Path) -> None:
    program.prints(answer())
    target, program.path = program.path, tmp_path / "link"
    program.path.symlink_to(target)
    with pytest.raises(SecretError, match="must not be a link"):
        program.resolve()
    assert program.resolve(allowSymlinkCommand=True) == SECRET
    target.chmod(0o770)
    with pytest.raises(SecretError, match="open to others"):
        program.resolve(allowSymlinkCommand=True)


def test_trusted_folders_count_for_where_a_link_leads(program: Program, tmp_path: Path) -> None:
    program.prints(answer())
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    link = trusted / "tell"
    link.symlink_to(program.path)
    with pytest.raises(SecretError, match="outside of trustedDirs"):
        program.resolve(command=str(link), allowSymlinkCommand=True, trustedDirs=[str(trusted)])
    assert program.resolve(trustedDirs=["/nowhere", str(tmp_path)]) == SECRET
    with pytest.raises(SecretError, match="outside of trustedDirs"):
        program.resolve(trustedDirs=[str(tmp_path)[:-1]])


def test_what_is_no_program_is_named(program: Program, tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="cannot be read"):
        program.resolve()
    with pytest.raises(SecretError, match="must be an absolute path"):
        program.resolve(command="tell")
    with pytest.raises(SecretError, match="must be a file"):
        program.resolve(command=str(tmp_path))
    program.path.write_text("no program")
    program.path.chmod(0o600)
    with pytest.raises(SecretError, match="does not start"):
        program.resolve()


def test_the_group_of_a_program_that_was_waited_for_is_not_killed(no_signals: Recorder) -> None:
    """Its id may be that of another program by then."""
    ended = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    ended.wait()
    execsecret._kill(ended)
    assert no_signals.sent == []
