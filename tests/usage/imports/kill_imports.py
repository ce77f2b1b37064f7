"""``python -m tests.usage.imports.kill_imports WHAT FOLDER STEP``: kill imports at every STEPth moment, and judge what is left.

Prints the number of moments; ends with 3 where nothing can be traced, and with the wrong state in words where there is one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from fased_litellm.usage.imports import pipeline
from tests.killing import NotPermitted, moments
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, reply

STAMP = "2026-11-22T03-00-00.000Z"
FILES = 3
SETTLED = ("call_id", "started_at_ms", "total_tokens", "cost_pico", "session", "task", "source")


class Case:
    """A state folder after one import, in which then much was changed at once."""

    def __init__(self, folder: Path) -> None:
        self.node = node = Node(folder / "state")
        for number in range(FILES):
            node.write(node.transcript(f"s{number}"), self._lines(0, 4))
        node.runs("j", [self._run("s9")])
        node.read_in()
        self.kept = folder / "kept"
        self._settle()
        shutil.copytree(node.ledger.parent, self.kept)
        self.before = self._files()
        for number in range(FILES):
            node.append(node.transcript(f"s{number}"), self._lines(4, 8))
        node.transcript("s0").rename(node.sessions() / f"s0.jsonl.bak.{STAMP}")
        node.write(node.transcript("s0"), self._lines(6, 10))
        node.write(node.transcript("s9"), self._lines(0, 2))
        node.store({"agent:main:cron:j": {"sessionId": "s1"}, "agent:main:x": {"sessionId": "s7", "inputTokens": 3}})
        node.read_in()
        self.after, self.wanted, self.counted = self._files(), self._rows(), node.activity()

    def prepare(self) -> None:
        shutil.rmtree(self.node.ledger.parent)
        shutil.copytree(self.kept, self.node.ledger.parent)

    def act(self) -> None:
        self.node.read_in(workers=0)

    def judge(self) -> None:
        """Each file is in the ledger as it was before, or as it is now; and the next import brings it up to date."""
        assert_rollups_equal_rows(self.node.ledger)
        found = self._files()
        for path in {*self.before, *self.after}:
            allowed = (self.before.get(path), self.after.get(path))
            assert found.get(path) in allowed, f"{path} is {found.get(path)}, not one of {allowed}"
        self.node.read_in(workers=0)
        assert_rollups_equal_rows(self.node.ledger)
        assert self._rows() == self.wanted, "the calls are others"
        assert self.node.activity() == self.counted, "the counts are others"
        assert self._files() == self.after, "the files are others"

    def _settle(self) -> None:
        """All of the ledger in one file, which can be copied."""
        connection = sqlite3.connect(self.node.ledger)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def _files(self) -> dict[str, tuple[Any, ...]]:
        """Conversation → how much of it is in the ledger: calls, and messages that were counted."""
        calls = Counter(name.split("/")[1] for (name,) in self.node.calls() if name.startswith("main/"))
        rows = self.node.rows(
            "SELECT name, "
            "(SELECT sum(user_messages) || '/' || sum(assistant_messages) FROM activity WHERE conversation = id), "
            "(SELECT group_concat(line) FROM (SELECT line FROM feed WHERE conversation = conversation.id ORDER BY line)) "
            "FROM conversation WHERE last_ms IS NOT NULL"
        )
        return {name: (calls[name], *rest) for name, *rest in rows}

    def _rows(self) -> list[tuple[Any, ...]]:
        return self.node.calls(", ".join(SETTLED))

    @staticmethod
    def _lines(begin: int, end: int) -> list[Any]:
        return [line for n in range(begin, end) for line in (asked(f"u{n}", T0 + n), reply(f"a{n}", T0 + n))]

    @staticmethod
    def _run(session: str) -> dict[str, Any]:
        used = {"input_tokens": 5}
        return {"ts": T0, "jobId": "j", "action": "finished", "sessionId": session, "usage": used}


class Halves(Case):
    """What must be found out: half a file is committed."""

    def act(self) -> None:
        from fased_litellm.usage.imports import writing

        real = writing._Batch._end

        def hasty(batch: Any, *rest: Any) -> None:
            batch._put()
            batch._connection.execute("COMMIT")
            batch._connection.execute("BEGIN IMMEDIATE")
            real(batch, *rest)

        writing._Batch._end = hasty  # type: ignore[assignment, method-assign]
        self.node.read_in(workers=0)


def main(what: str, folder: str, step: str) -> int:
    os.environ["HOME"] = folder
    case = {"import": Case, "halves": Halves}[what](Path(folder))
    assert pipeline  # what a child does is to work, and not to load modules
    case.prepare()
    case.judge()
    count = 0
    try:
        for moment in moments(case.prepare, case.act, step=int(step)):
            count = moment
            case.judge()
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
