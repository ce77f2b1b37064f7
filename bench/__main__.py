"""``python -m bench [--write] [SECTION …]``: measure, print the tables, and with ``--write`` keep them in the documentation.

``python -m bench --against TREE`` measures this checkout beside another one instead.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import against, calls, discovery, json5_text, machine, startup, usage_query, usage_read, usage_record
from .figures import Part, as_markdown, as_text, missed

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"
SECTIONS: dict[str, Callable[[Path], Sequence[Part]]] = {
    "startup": lambda scratch: [startup.measure(scratch)],
    "discovery": discovery.measure,
    "json5": lambda _: [json5_text.measure()],
    "usage-read": usage_read.measure,
    "usage-record": usage_record.measure,
    "usage-query": usage_query.measure,
    # Last: it loads SDKs, and on Linux a child's peak of memory begins with that of the process which started it.
    "calls": calls.measure,
}

_INTRODUCTION = """# Performance

Written by `make bench`. Times depend on the machine and on what else it does: read the ratios, and compare only figures of
one run. Nothing here is a test. `median` and `best` are of the repeated measurements; `target` is what this project aims at.
Programs to compare with are installed once, from PyPI and npm; a line says so where one is missing.
"""


def main(arguments: list[str]) -> int:
    """Measure. A target that was missed is no error: the machine may be slow or busy."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure beside peers, in one run.")
    parser.add_argument("--write", action="store_true", help="write docs/reference/performance.md")
    parser.add_argument(
        "--against", type=Path, metavar="TREE", help="compare this checkout with another one, and measure nothing else"
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of: {', '.join(SECTIONS)}; all by default")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    if options.write and options.sections:
        parser.error("--write is for a run of all sections")
    if options.against and (options.write or options.sections):
        parser.error("--against stands alone")
    if options.against and not (options.against / "fased_litellm").is_dir():
        parser.error(f"{options.against} is no checkout of fased-litellm")

    about = machine.described()
    print("\n".join(about))
    done: list[Part] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for section in _sections(Path(folder), options.sections or list(SECTIONS), options.against):
            print(f"\n{as_text(section)}", flush=True)
            done.append(section)
    about.append(f"Load when the run ended: {', '.join(f'{value:.2f}' for value in os.getloadavg())}")
    print(f"\nTargets missed: {', '.join(what for section in done for what in missed(section)) or 'none'}")
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(about, done))
        print(f"Written: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    return 0


def _sections(scratch: Path, names: Sequence[str], other: Path | None) -> Iterator[Part]:
    if other is not None:
        yield against.measure(scratch, other.resolve())
        return
    for name in names:
        yield from SECTIONS[name](scratch)


def page(about: list[str], sections: Sequence[Part]) -> str:
    """The page of the documentation."""
    lines = "\n".join(f"- {line}" for line in about)
    tables = "\n\n".join(as_markdown(section) for section in sections)
    return f"{_INTRODUCTION}\n{lines}\n\n{tables}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
