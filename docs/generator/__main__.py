"""``python -m docs.generator [--check] [--tables] [PAGE …]``."""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from .markers import MarkerError
from .pages import ROOT, has_live_parts, pages, with_output, with_tables
from .session import MockProxy, RunError, start_mock


def main(argv: list[str] | None = None) -> int:
    """The command; 1 if ``--check`` finds something, or a command of a page does not end as it says."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.generator", description="Generate the parts of the documentation."
    )
    parser.add_argument("pages", nargs="*", type=Path, help="only these pages")
    parser.add_argument("--check", action="store_true", help="write nothing; show what is out of date")
    parser.add_argument(
        "--tables", action="store_true", help="only what is read from the code: start no proxy, run no command"
    )
    options = parser.parse_args(argv)
    stale = 0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fased-docs-")))
        proxy = shared_proxy(scratch, stack)
        for number, page in enumerate(path.resolve() for path in options.pages or pages()):
            before = page.read_text(encoding="utf-8")
            try:
                after = with_tables(before)
                if not options.tables and has_live_parts(after):
                    home = scratch / f"home-{number}"
                    home.mkdir()
                    after = with_output(after, home, proxy)
            except (MarkerError, RunError) as error:
                sys.stderr.write(f"{page.relative_to(ROOT)}: {error}\n")
                return 1
            if after == before:
                continue
            stale += 1
            if options.check:
                sys.stdout.writelines(difference(before, after, str(page.relative_to(ROOT))))
            else:
                page.write_text(after, encoding="utf-8")
                sys.stdout.write(f"wrote {page.relative_to(ROOT)}\n")
    if options.check and stale:
        sys.stdout.write("Run: make docs\n")
    return 1 if options.check and stale else 0


def shared_proxy(scratch: Path, stack: ExitStack) -> Callable[[], MockProxy]:
    """A function that gives the mock proxy, which is started when the first page wants it and stopped with ``stack``."""

    @cache
    def get() -> MockProxy:
        home = scratch / "proxy"
        home.mkdir()
        session, proxy = start_mock(home)
        stack.callback(session.close)
        return proxy

    return get


def difference(before: str, after: str, name: str) -> list[str]:
    """The change of a page as lines of a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (now)", lineterm="")
    return [f"{line}\n" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
