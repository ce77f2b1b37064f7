"""Run command lines as a user who owns none of the files. A program, started by root: ``python -m tests.cli.as_nobody``.

It reads JSON from stdin, a list of command lines, and writes a list of ``[status, stdout, stderr]``. All modules are imported
before it gives its rights up, since the folder of the sources may be closed to others.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import sys
from typing import Any

NOBODY = 65534
_PACKAGES = (
    *("encodings", "email", "importlib", "json", "logging", "asyncio", "concurrent", "collections", "urllib", "http"),
    *("html", "xml", "sqlite3", "multiprocessing"),
    *("rich", "keyring", "httpx", "httpcore", "anyio", "json5", "typer", "click", "pydantic", "psutil"),
)


def main() -> None:
    commands: list[list[str]] = json.load(sys.stdin)
    _import_everything()
    from fased_litellm.cli import main as fased

    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    found: list[tuple[Any, str, str]] = []
    for words in commands:
        out, errors = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
        sys.stdin = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            status = fased(words)
            out.flush()
        found.append((status, out.buffer.getvalue().decode(), errors.getvalue()))
    json.dump(found, sys.stdout)


def _import_everything() -> None:
    """This package, what it stands on, and the standard library, which may lie where nobody else may look."""
    quiet = sys.stdlib_module_names - {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "test"}
    with contextlib.redirect_stdout(io.StringIO()):
        for name in sorted(name for name in quiet if not name.startswith("_")):
            _try(name)
        for package in (*_PACKAGES, "fased_litellm"):
            root = importlib.import_module(package)
            for module in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.", onerror=lambda _: None):
                if not module.name.endswith("__main__"):
                    _try(module.name)
    importlib.import_module("zoneinfo").ZoneInfo("Europe/Berlin")


def _try(name: str) -> None:
    with contextlib.suppress(Exception):  # what another system has, or an extra
        importlib.import_module(name)


if __name__ == "__main__":
    main()
