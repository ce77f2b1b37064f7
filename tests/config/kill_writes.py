"""``python -m tests.config.kill_writes WHAT FOLDER [STEP]``: kill writes of a config at every STEPth moment, and judge what is left.

Prints the number of moments; ends with 3 where nothing can be traced, and with the wrong state in words where there is one.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from fased_litellm import atomicfile
from fased_litellm.config import load, save
from fased_litellm.config.change import ConfigChange
from fased_litellm.config.edits import Edit
from fased_litellm.config.json5.operations import same
from fased_litellm.paths import Paths
from tests.killing import NotPermitted, moments

KEY = "sk-test-marked-key"
OLD = f"// mine\n{{ models: {{ providers: {{ litellm: {{ baseUrl: 'http://a', apiKey: '{KEY}', models: [] }} }} }} }}\n"
EDIT = Edit(("models", "providers", "litellm", "baseUrl"), "http://b")


class Case:
    """A folder, the texts in it before, the write, and the texts after it."""

    def __init__(self, state: Path, before: dict[str, str], *edits: Edit) -> None:
        self.state, self.texts, self.edits = state, before, edits
        self.paths = Paths(state=state, config=state / "fased.json", home=state.parent)
        self.change: ConfigChange | None = None

    def prepare(self) -> None:
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(mode=0o755)
        for name, text in self.texts.items():
            with open(os.open(self.state / name, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(text)
        if self.change is None:  # the texts are the same each time
            self.plan()

    def plan(self) -> None:
        self.change = save.plan(load.load(self.paths, {}), self.edits)

    def rewind(self) -> None:
        """Have the old texts back, by a write of the same kind."""
        assert self.change is not None
        for file in self.change.files:
            if file.before is not None:
                atomicfile.replace(file.path, file.before.encode())

    def write(self) -> None:
        assert self.change is not None
        save.commit(self.change)

    def judge(self) -> None:
        """Each file is the old one or the new one, and the key is nowhere for others to read."""
        assert self.change is not None
        after = {file.path.name: file.new.text for file in self.change.files}
        for name in {*self.texts, *after}:
            path = self.state / name
            allowed = {self.texts.get(name), after.get(name, self.texts.get(name))}
            found = path.read_text() if path.exists() else None
            assert found in allowed, f"{name} is {found!r}"
        for path in self.state.rglob("*"):
            if path.is_file() and KEY.encode() in path.read_bytes():
                mode = stat.S_IMODE(path.stat().st_mode)
                assert mode & 0o077 == 0, f"{path.name} holds the key and has mode {mode:o}"

    def judge_next(self) -> None:
        """What was left does not hinder the next write."""
        assert self.change is not None
        save.commit(save.plan(load.load(self.paths, {}), [Edit(("z",), 1), *self.edits]))
        found_tree = load.load(self.paths, {}).source
        assert same(found_tree, {**self.change.wanted, "z": 1}), "the next write went wrong"


class Naive(Case):
    """What must be found out: a file that is written in its place."""

    def write(self) -> None:
        assert self.change is not None
        (file,) = self.change.files
        file.path.write_text(file.new.text)


class Wide(Case):
    """What must be found out: a temporary file that is made first and narrowed then."""

    def write(self) -> None:
        assert self.change is not None
        (file,) = self.change.files
        draft = self.state / "draft"
        draft.write_text(file.new.text)
        draft.chmod(0o600)
        draft.replace(file.path)


CASES: dict[str, Callable[[Path], Case]] = {
    "replace": lambda state: Case(state, {"fased.json": OLD}, EDIT),
    "make": lambda state: Case(state, {}, Edit(("models",), {"providers": {}}), Edit(("env",), {"KEY_API_KEY": KEY})),
    "include": lambda state: Case(
        state, {"fased.json": "{ $include: './part.json5', y: 1 }", "part.json5": OLD}, EDIT, Edit(("y",), 2)
    ),
    "naive": lambda state: Naive(state, {"fased.json": OLD}, EDIT),
    "wide": lambda state: Wide(state, {"fased.json": OLD}, EDIT),
}


def main(what: str, folder: str, step: str = "1") -> int:
    os.umask(0o022)
    case = CASES[what](Path(folder) / "state")
    count = 0
    try:
        for moment in moments(case.prepare, case.write, step=int(step)):
            count = moment
            case.judge()
            case.judge_next()
    except NotPermitted as error:
        print(f"ptrace: {error}")
        return 3
    except AssertionError as error:
        print(f"moment {count}: {error}")
        return 1
    print(count)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
