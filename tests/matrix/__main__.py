"""``python -m tests.matrix [--write] [RELEASE …]``: install the releases, go through everything with each, show the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fased_litellm import __version__
from tests.matrix.releases import RELEASES, install

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "compatibility.md"
_LIMIT_S = 1200
_INTRODUCTION = """# Compatibility with releases of LiteLLM

Written by `make matrix`, which installs each release in an environment of its own, starts it without a database in front of the tests' upstream, and goes through the same things with each: onboarding, discovery, a whole
call, a stream, a stream that the provider cuts, `verify`, `doctor`, and every case of the [failure atlas](failures.md) that needs no database.

Supported are LiteLLM 1.77 to 1.108 and later; older ones as far as they go.
"""
_NEXT = "## Packages\n"
_NOTES = """
- `*`: installed as `litellm==X --no-deps` over the parts of 1.108.7, since not every index has the packages for which these releases ask. What they do with their own parts was not tried.
- Of 1.108.7 the same was done with each generation of the `openai` SDK.
- *Cost of a call, of a stream*: where the receipt has it from. `header` and `stream` are the proxy's own figures; `price-table` is tokens times the prices which the proxy told or the config has.
- *Cut stream*: whether a client is told that the provider cut a stream. LiteLLM 1.72 to 1.91 makes up an ending and a usage; no client can tell. The receipt of each stream from such a release says so, and so do `fased litellm doctor` and `verify`.
- *Doctor says*: what it knows against the release; the notices are in `fased_litellm/doctor/advisories.json`.
- *Atlas*: cases with the right cause and origin, of those that the release can show. Releases before 1.101 do not set `error.type`, and word some failures otherwise; status and class name decide then.
"""


def main(arguments: list[str]) -> int:
    """Run; 1 if a release does not do what is promised of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/reference/compatibility.md")
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help=f"of: {', '.join(RELEASES)}; all by default")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.releases if name not in RELEASES]:
        parser.error(f"no release {unknown[0]!r}; there are {', '.join(RELEASES)}")
    if options.write and options.releases:
        parser.error("--write is for a run of all releases")
    rows = {}
    for release in options.releases or list(RELEASES):
        print(f"LiteLLM {release}: installing …", flush=True)
        program = install(RELEASES[release])
        print(f"LiteLLM {release}: running …", flush=True)
        rows[release] = one(program)
        print(json.dumps(rows[release], indent=2), flush=True)
    text = table(rows)
    print(f"\n{text}")
    if options.write:
        about = f"\nfased-litellm {__version__}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.\n"
        _, heading, packages = PAGE.read_text().partition(_NEXT)  # what is not of the matrix stays
        PAGE.write_text(f"{_INTRODUCTION}{about}\n{text}\n{_NOTES}\n{heading}{packages}")
        print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0 if all(map(holds, rows.values())) else 1


def one(program: Path) -> dict[str, Any]:
    """Go through everything with one release, in a process of its own."""
    environment = {**os.environ, "FASED_TEST_LITELLM": str(program)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.matrix.one"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def holds(row: dict[str, Any]) -> bool:
    """Whether a release does all that is promised."""
    if "error" in row:
        return False
    parts = all(row[name].get("ok") for name in ("onboarding", "discovery", "chat", "stream", "verify"))
    hidden = not row["cutStream"].get("told")
    said = "cut-streams" in row["doctor"].get("codes", ()) and row["cutStream"].get("warned")
    return parts and (said or not hidden) and row["atlas"].get("right") == row["atlas"].get("produced")


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as Markdown."""
    head = (
        "LiteLLM",
        "Onboarding",
        "Discovery",
        "Call",
        "Cost of a call",
        "Stream",
        "Cost of a stream",
        "Cut stream",
        "Verify",
        "Atlas",
        "Doctor says",
    )
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for release, row in rows.items():
        if "error" in row:
            lines.append(f"| {release} | {row['error'][0]} |" + " |" * (len(head) - 2))
            continue
        atlas = row["atlas"]
        cells = (
            release,
            _yes(row["onboarding"]),
            _yes(row["discovery"]),
            _yes(row["chat"]),
            row["chat"].get("cost", "-"),
            _yes(row["stream"]),
            row["stream"].get("cost", "-"),
            "told" if row["cutStream"].get("told") else "looks complete",
            _yes(row["verify"]),
            f"{atlas.get('right', '-')} of {atlas.get('produced', '-')}",
            ", ".join(row["doctor"].get("codes", ())) or "nothing",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _yes(part: dict[str, Any]) -> str:
    return (
        "works"
        if part.get("ok")
        else f"FAILS: {part.get('error') or ', '.join(part.get('failed', ())) or 'see the run'}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
