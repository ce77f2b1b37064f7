"""Programs to compare with: from npm, installed once into the user's cache; or why one is not there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .places import cache, environment, run

CCUSAGE = ("ccusage", "20.0.24")
TOKSCALE = ("@tokscale/core", "1.4.3")

# Fact: tokscale-core reads HOME/.openclaw/agents, and gives every message to its caller, who is to sum them up.
_READ_WITH_TOKSCALE = """
const core = require(process.argv[1]);
const parsed = core.parseLocalSources({homeDir: process.argv[2], sources: ['openclaw']});
const sums = {messages: parsed.messages.length, coreMs: parsed.processingTimeMs};
for (const kind of ['input', 'output', 'cacheRead', 'cacheWrite'])
  sums[kind] = parsed.messages.reduce((sum, message) => sum + message[kind], 0);
console.log(JSON.stringify(sums));
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: the ``command`` that reads a state folder, and its environment; or ``missing``, why there is none."""

    name: str
    command: tuple[str | Path, ...] = ()
    env: Mapping[str, str] | None = None
    missing: str = ""


def ccusage(state: Path, scratch: Path) -> Peer:
    """``ccusage openclaw daily``, which needs no network with ``--offline``."""
    name = f"ccusage {CCUSAGE[1]}"
    folder, missing = _installed(*CCUSAGE)
    if missing:
        return Peer(name, missing=missing)
    program = folder / "node_modules" / ".bin" / "ccusage"
    env = environment(_home(scratch / "ccusage"), OPENCLAW_DIR=str(state), TZ="UTC")
    return Peer(name, (program, "openclaw", "daily", "--json", "--offline"), env)


def tokscale(state: Path, scratch: Path) -> Peer:
    """tokscale-core, through its own binding to Node."""
    name = f"tokscale-core {TOKSCALE[1]}"
    folder, missing = _installed(*TOKSCALE)
    if missing:
        return Peer(name, missing=missing)
    home = _home(scratch / "tokscale")
    link = home / ".openclaw"
    link.unlink(missing_ok=True)
    link.symlink_to(state)
    package = folder / "node_modules" / "@tokscale" / "core"
    return Peer(name, ("node", "-e", _READ_WITH_TOKSCALE, package, home), environment(home, TZ="UTC"))


def _home(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _installed(package: str, version: str) -> tuple[Path, str]:
    """The folder in which npm put a package; or what is missing."""
    folder = cache() / f"{package.rpartition('/')[0].strip('@') or package}-{version}"
    if (folder / "node_modules").is_dir():
        return folder, "" if shutil.which("node") else "there is no node here"
    if not shutil.which("npm"):
        return folder, "there is no npm here"
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    flags = ["--no-audit", "--no-fund", "--no-save", "--no-progress", "--ignore-scripts", "--fetch-retries=1"]
    fresh.mkdir(parents=True)
    try:
        run(["npm", "install", "--prefix", fresh, *flags, f"{package}@{version}"], dict(os.environ))
        fresh.rename(folder)
    except (RuntimeError, OSError) as error:
        print(f"{package}: {error}", file=sys.stderr)
        shutil.rmtree(fresh, ignore_errors=True)
        return folder, "npm could not install it"
    return folder, ""
