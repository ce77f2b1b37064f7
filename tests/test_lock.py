"""The lock fits ``pyproject.toml``, holds for every Python, and names no place from which packages come."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.lock import FOLDER, Pin, differences, here, pins

ROOT = FOLDER.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, tuple[str, ...]] = {"run": (), "proxy": ("proxy",), "dev": ("proxy", "postgres", "dev")}
LOCKS = tuple(EXTRAS)
PYTHONS = ("3.11", "3.12", "3.13")


def wanted(lock: str) -> list[Requirement]:
    lines = [*PROJECT["dependencies"]]
    for extra in EXTRAS[lock]:
        lines += PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def chosen(lock: str, python: str) -> dict[str, Pin]:
    environment = {"python_version": python, "python_full_version": f"{python}.5", "sys_platform": "linux"}
    return {pin.name: pin for pin in pins(lock) if pin.applies(**environment)}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_has_what_the_project_names(lock: str, python: str) -> None:
    found = chosen(lock, python)
    for requirement in wanted(lock):
        pin = found.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement} is not in requirements/{lock}.txt: make lock KEEP=1"
        assert requirement.specifier.contains(pin.version), f"{pin.requirement} is not {requirement}: make lock KEEP=1"


@pytest.mark.parametrize("python", PYTHONS)
def test_one_release_of_each_package(python: str) -> None:
    dev, proxy, run = (chosen(lock, python) for lock in ("dev", "proxy", "run"))
    for smaller, larger in ((run, proxy), (proxy, dev)):
        assert smaller.keys() < larger.keys()
        assert {name: pin.version for name, pin in smaller.items()} == {name: larger[name].version for name in smaller}
    assert {"hatchling", "editables"} <= proxy.keys()  # the project itself is built with what is locked


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_its_hashes(lock: str) -> None:
    assert len(pins(lock)) > 20
    for pin in pins(lock):
        assert [specifier.operator for specifier in pin.requirement.specifier] == ["=="], pin
        assert pin.requirement.url is None, pin
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_says_nothing_but_names_releases_and_hashes(lock: str) -> None:
    text = (FOLDER / f"{lock}.txt").read_text()
    read = "".join(f"{pin.requirement}{''.join(pin.hashes)}" for pin in pins(lock))
    rest = [line for line in text.splitlines() if not line.lstrip().startswith("--hash=sha256:")]
    assert text.count("--hash=") == sum(len(pin.hashes) for pin in pins(lock))
    assert len([line for line in rest if not line.startswith("#")]) == len(pins(lock))
    assert not re.search(r"https?:|file:|//|index|trusted-host|find-links| /", "\n".join(rest) + read)


def test_what_differs_is_told() -> None:
    locked = {pin.name: pin.version for pin in pins("dev") if pin.applies()}
    assert list(differences(locked)) == []
    httpx = locked.pop("httpx")
    said = list(differences({**locked, "openai": Version("2.54.0"), "new-one": Version("1")}))
    assert said == [f"httpx {httpx} → (none)", "new-one (none) → 1", f"openai {locked['openai']} → 2.54.0"]


def test_this_environment_can_be_compared() -> None:
    assert {"pytest", "litellm"} <= here().keys()


def script(folder: Path, *, name: str = "dev", **variables: str) -> tuple[list[str], str]:
    """Run install.sh in a folder with locks of its own and an interpreter that only notes what it is asked; gives the notes."""
    notes = folder / "notes"
    notes.write_text("")
    done = subprocess.run(
        ["sh", "requirements/install.sh", name],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(folder / "python"), "NOTES": str(notes), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    asked = [line.partition("install --quiet ")[2] or line for line in notes.read_text().splitlines()]
    return [line for line in asked if line], done.stdout + done.stderr


INTERPRETER = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *"print(*sys.version_info"*) echo "${FAKE_VERSION:-3 11}" ;;
  *install*) echo "$*" >>"$NOTES"; test -z "${BREAK:-}" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    for lock in ("proxy", "dev"):
        (tmp_path / "requirements" / f"{lock}.txt").write_text(f"a==1 # {lock}\n")
    (tmp_path / "requirements" / "install.sh").write_text((FOLDER / "install.sh").read_text())
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "python").write_text(INTERPRETER)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def from_lock(name: str) -> str:
    return f"--require-hashes --only-binary :all: --requirement requirements/{name}.txt"


PROJECT_ITSELF = "--no-deps --no-index --no-build-isolation --editable ."


def test_an_environment_is_installed_once(checkout: Path) -> None:
    assert script(checkout) == ([from_lock("dev"), PROJECT_ITSELF], "Making .venv …\nInstalling what requirements/dev.txt names into .venv (a minute or two the first time) …\n")  # fmt: skip
    assert script(checkout) == ([], "")
    assert script(checkout, name="proxy") == ([], "")  # it is part of the other one


def test_the_checkers_come_on_top_of_the_proxy(checkout: Path) -> None:
    assert script(checkout, name="proxy")[0] == [from_lock("proxy"), PROJECT_ITSELF]
    assert script(checkout)[0] == [from_lock("dev")]
    assert script(checkout) == ([], "")


def test_another_lock_makes_it_anew(checkout: Path) -> None:
    script(checkout)
    (checkout / ".venv" / "of-the-older-lock").touch()
    (checkout / "requirements" / "dev.txt").write_text("a==2\n")
    asked, said = script(checkout)
    assert (asked, said.splitlines()[0]) == ([from_lock("dev"), PROJECT_ITSELF], "Making .venv anew …")
    assert not (checkout / ".venv" / "of-the-older-lock").exists()
    assert script(checkout) == ([], "")


def test_an_interrupted_installation_begins_anew(checkout: Path) -> None:
    assert script(checkout, BREAK="1")[0] == [from_lock("dev")]
    assert script(checkout)[0] == [from_lock("dev"), PROJECT_ITSELF]


def test_an_environment_of_unknown_make_is_replaced(checkout: Path) -> None:
    # As earlier versions of the Makefile made it, or somebody by hand.
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / ".installed-dev").touch()
    assert script(checkout)[1].startswith("Making .venv anew …")


def test_a_moved_folder_and_a_lost_interpreter_make_it_anew(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script(checkout)
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    checkout.rename(moved)
    assert script(moved)[1].startswith("Making .venv anew …")  # its programs name the old place
    (moved / ".venv" / "bin" / "python").unlink()
    assert script(moved)[1].startswith("Making .venv anew …")


def test_another_pyproject_installs_the_project_alone(checkout: Path) -> None:
    script(checkout)
    (checkout / "pyproject.toml").write_text("[project]\nversion = '2'\n")
    assert script(checkout) == ([PROJECT_ITSELF], "")


def test_a_named_python_of_another_version_replaces_it(checkout: Path) -> None:
    script(checkout)
    other = checkout / "python3.12"
    other.write_text(INTERPRETER.replace("3 11", "3 12"))
    other.chmod(0o755)
    assert script(checkout, PYTHON=str(other)) == ([], "")  # the default of the system does not
    assert script(checkout, PYTHON=str(other), PYTHON_NAMED="1")[1].startswith("Making .venv anew …")
    assert script(checkout, PYTHON=str(other), PYTHON_NAMED="1") == ([], "")


def test_without_a_python(checkout: Path) -> None:
    assert script(checkout, PYTHON="python-not-here")[1].startswith("There is no python-not-here here.")


def test_the_newest_releases_have_an_environment_of_their_own(checkout: Path) -> None:
    script(checkout)
    (checkout / ".venv" / "mine").touch()
    asked, _ = script(checkout, name="newest", VENV=".venv-newest")
    assert asked == ["--editable .[dev,proxy]"]
    assert (checkout / ".venv" / "mine").exists()
    assert script(checkout) == ([], "")
