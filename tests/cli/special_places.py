"""``python -m tests.cli.special_places PLACE FOLDER``: something else than a file in one place, and the commands that look there.

A program of its own, so that one which hangs is stopped from outside. Prints a JSON line per command.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from fased_litellm.catalog import cache
from fased_litellm.cli import main
from fased_litellm.localproxy import process
from fased_litellm.paths import Paths
from tests import specialfiles, statefolder
from tests.servers import free_port

PROXY = "litellm/proxy"
LEDGER = "litellm/usage.sqlite3"
SPOOL = "litellm/usage.spool.jsonl"
PROFILES = "agents/main/agent/auth-profiles.json"

CONFIG_GET = ["config", "get", "agents"]
CONFIG_SET = ["config", "set", "agents.defaults.model.primary", "litellm/other"]
KEY_SET = ["litellm", "key", "set", "--from-env", "OTHER_KEY", "--key-storage", "profile", "--skip-health"]
CHAT = ["litellm", "chat", "hi"]
BUDGET_SET = ["usage", "budget", "set", "--agent", "main", "--daily", "6"]
PORT = ["--port", str(free_port())]
"""Tests run side by side, and one of them has port 4000."""
UP = ["litellm", "up", "--mock", *PORT]


@dataclass(frozen=True)
class Place:
    """Commands that look at a place; each has to name it, but for those behind it, which do without."""

    commands: tuple[list[str], ...]
    without: tuple[list[str], ...] = ()


PLACES = {
    "fased.json": Place(
        (CONFIG_GET, CONFIG_SET, CHAT, [], ["litellm", "doctor"], ["litellm", "undo", "--yes"]), (["usage"],)
    ),
    "fased.json.lock": Place((CONFIG_SET, ["litellm", "undo", "--yes"]), (CONFIG_GET,)),
    "fased.json.bak": Place((["litellm", "undo", "--yes"],), (["litellm", "doctor"], KEY_SET)),
    "part.json5": Place((CONFIG_GET, CHAT)),
    # A folder of that name is a virtual environment, and nobody has to hear of it.
    ".env": Place((), (["config", "validate"], ["litellm", "doctor"])),
    "logs/config-audit.jsonl": Place((CONFIG_SET,)),
    PROFILES: Place((["models", "status"], ["litellm", "key", "show"], KEY_SET, CHAT)),
    f"{PROFILES}.lock": Place((KEY_SET,), (["models", "status"],)),
    "agents/main/sessions/sessions.json": Place((["usage", "import"],), (["usage"],)),
    "agents/main/sessions/s1.jsonl": Place((["usage", "import"],), (["usage"],)),
    "cron/runs/digest.jsonl": Place((["usage", "import"],), (["usage"],)),
    LEDGER: Place((["usage"], ["usage", "import"], ["usage", "calls"], ["litellm", "doctor"], CHAT), ([],)),
    f"{LEDGER}-wal": Place((["usage"], ["usage", "import"]), ([], CHAT)),
    f"{LEDGER}-shm": Place((["usage"],), (CHAT,)),
    f"{LEDGER}-journal": Place((["usage"],), (CHAT,)),
    f"{LEDGER}.import.lock": Place((["usage", "import"], ["usage", "reprice"]), (["usage"], CHAT)),
    SPOOL: Place((["usage"], ["litellm", "doctor"]), ([], CHAT)),
    "litellm/budgets.json": Place((["usage", "budget", "list"], BUDGET_SET, CHAT, []), (["usage"],)),
    "litellm/budgets.json.lock": Place((BUDGET_SET,), (["usage", "budget", "list"], CHAT)),
    "litellm/ladder.json": Place((["litellm", "verify"],)),
    "litellm/ladder.json.lock": Place((["litellm", "verify"],)),
    "CATALOG": Place((["models", "list", "--all"], []), (["usage", "reprice"], CHAT)),
    f"{PROXY}/process.json": Place((["litellm", "status"], ["litellm", "down"], UP), (["litellm", "logs"],)),
    f"{PROXY}/process.json.lock": Place((["litellm", "down"], UP), (["litellm", "status"],)),
    f"{PROXY}/master-key": Place((["litellm", "logs"], UP), (["litellm", "status"],)),
    f"{PROXY}/proxy.log": Place((["litellm", "logs"], ["litellm", "logs", "--json"], UP)),
    f"{PROXY}/proxy.log.1": Place((UP,), (["litellm", "logs"],)),
    f"{PROXY}/config.yaml": Place((["litellm", "up", *PORT], UP), (["litellm", "map"],)),
    "litellm": Place((["usage", "import"], BUDGET_SET, UP), (["usage"], CHAT, [], ["litellm", "status"])),
}
"""Place below the state folder → what looks there. ``litellm`` and ``proxy`` are folders, of which a folder is none."""


def try_place(place: str, folder: Path) -> None:
    """Put one thing after the other there, and run each command."""
    for kind in specialfiles.KINDS:
        if (place, kind) == ("litellm", "folder"):
            continue
        for number, arguments in enumerate((*PLACES[place].commands, *PLACES[place].without)):
            state = folder / f"{kind}{number}"
            paths = statefolder.fill(state)
            path = _path(place, paths)
            word = specialfiles.put(kind, path)
            before = os.lstat(path)
            process.find_program = lambda: Path("/bin/false")  # should `up` get that far
            os.environ |= {"FASED_STATE_DIR": str(state), "OTHER_KEY": "sk-test-another-key-1234", "HOME": str(folder)}
            status, out, err = _run(arguments)
            told = {
                "kind": kind,
                "word": word,
                "path": str(path),
                "arguments": arguments,
                "named": arguments in PLACES[place].commands,
                "status": status,
                "out": out,
                "err": err,
                "there": os.path.lexists(path) and os.path.samestat(os.lstat(path), before),
            }
            print(json.dumps(told), flush=True)


def _path(place: str, paths: Paths) -> Path:
    return cache.file_of(paths, statefolder.BASE_URL) if place == "CATALOG" else paths.state / place


def _run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    try_place(sys.argv[1], Path(sys.argv[2]))
