"""Files and environment: who may read them, what lies about, what is set."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...config.agents import agents_of, auth_profiles, base_auth_profiles
from ...errors import LedgerDamaged, LedgerError, MissingVariable
from ...net.trust import trouble_with_files
from ...usage.store.snapshot import asking
from ...usage.store.spool import Spool
from ..findings import Finding
from .subject import Subject

VARIABLES = (
    "LITELLM_API_KEY",
    "LITELLM_BASE_URL",
    "LITELLM_MASTER_KEY",
    "FASED_STATE_DIR",
    "FASED_CONFIG_PATH",
    "FASED_HOME",
    "FASED_PROFILE",
    "FASED_NIX_MODE",
    "FASED_DEBUG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "SSL_CLIENT_KEY",
    "SSL_CLIENT_KEY_PASSWORD",
)
"""Variables that change what happens; only whether they are set is ever told."""

PLANTED = "litellm_init.pth"
"""Fact: the malicious LiteLLM 1.82.8 planted this file; Python runs it at every start."""


MOMENT_MS = 10_000.0
"""How long a call may wait beside the ledger without a word about it, in milliseconds."""


def private_files(subject: Subject) -> list[Path]:
    """Files that hold keys, or names of people and tasks, and are for their owner alone."""
    paths = subject.paths
    config = subject.snapshot.value if subject.snapshot else {}
    found = [
        paths.config,
        base_auth_profiles(paths),
        paths.ledger,
        Spool.beside(paths.ledger).path,
        paths.state / ".env",
    ]
    for agent in agents_of(config):
        with suppress(MissingVariable):  # where its folder is is not known
            found.append(auth_profiles(paths, config, agent.id))
    found += sorted(paths.config.parent.glob(f"{paths.config.name}.bak*"))
    found += [paths.local_proxy / "master-key"]
    return [path for path in dict.fromkeys(found) if path.is_file()]


def permissions(subject: Subject) -> Iterator[Finding]:
    """Nobody else may read what is private, or write what decides where the key goes."""
    for path in private_files(subject):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                "file-open",
                "error" if mode & 0o022 else "warning",
                f"{path} may be {'changed' if mode & 0o022 else 'read'} by other users of this machine (mode {mode:04o}).",
                "Remove that permission; `fased litellm doctor --fix` does.",
                str(path),
                command=f"chmod 600 {shlex.quote(str(path))}",
            )
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            yield Finding(
                "file-owner",
                "warning",
                f"{path} belongs to another user.",
                "Give it to the user who runs the agent.",
                str(path),
                command=f"chown {os.getuid()} {shlex.quote(str(path))}",
            )
    state = subject.paths.state
    if state.is_dir() and stat.S_IMODE(state.stat().st_mode) & 0o022:
        yield Finding(
            "folder-open",
            "error",
            f"Other users may put files into {state}.",
            "Remove that permission; `fased litellm doctor --fix` does.",
            str(state),
            command=f"chmod 700 {shlex.quote(str(state))}",
        )


def ledger(subject: Subject) -> Iterator[Finding]:
    """The usage ledger can be read, and nothing waits beside it for long."""
    path = subject.paths.ledger
    spool = Spool.beside(path)
    if path.exists():
        try:
            with asking(path) as connection:
                connection.execute("SELECT count(*) FROM (SELECT 1 FROM call LIMIT 1)").fetchone()
        except LedgerDamaged as error:
            yield Finding(
                "ledger-damaged",
                "error",
                error.message,
                "The next `fased usage` sets it aside and keeps what can be read.",
                str(path),
                command="fased usage",
            )
        except LedgerError as error:
            yield Finding("ledger", "error", error.message, error.hint or "See `fased usage`.", str(path))
    try:
        waits = _wait_long(spool)
    except LedgerError as error:
        yield Finding("ledger-waiting", "error", error.message, error.hint or "See `fased usage`.", str(spool.path))
        waits = False
    if waits:
        yield Finding(
            "ledger-waiting",
            "info",
            f"Calls wait in {spool.path} to be taken into the ledger.",
            "A program that makes calls takes them in within a second, and each report does; if they stay, see what `fased usage` says.",
            str(spool.path),
            command="fased usage",
        )
    if spool.bad.exists():
        yield Finding(
            "ledger-bad-lines",
            "warning",
            f"Lines that could not be read were set aside in {spool.bad}.",
            "Look at them; delete the file when they are of no use.",
            str(spool.bad),
        )
    for damaged in sorted(path.parent.glob(f"{path.name}.damaged-*")):
        if not damaged.name.endswith(("-wal", "-shm")):
            yield Finding(
                "ledger-set-aside",
                "info",
                f"{damaged} is a damaged ledger that was set aside.",
                "Delete it when nothing is missing in `fased usage`.",
                str(damaged),
            )


def _wait_long(spool: Spool) -> bool:
    """Whether lines are left lying; each call puts one there for a moment.

    Raises:
        LedgerError: they cannot be read.
    """
    if not spool.waiting():
        return False
    ends = [record.started_at_ms + (record.latency_ms or 0.0) for record in spool.records()]
    return not ends or min(ends) < time.time() * 1000 - MOMENT_MS


def variables(subject: Subject) -> Iterator[Finding]:
    """Which variables are set; never their values."""
    names = [name for name in VARIABLES if subject.env.get(name) or subject.env.get(name.lower())]
    if names:
        yield Finding(
            "environment", "info", f"Set in the environment: {', '.join(names)}.", "Nothing to do, if that is meant."
        )
    for trouble in trouble_with_files(subject.env):
        yield Finding("tls-file", "error", trouble, "Correct the variable, or take it away.")
    if subject.env.get("LITELLM_MASTER_KEY"):
        yield Finding(
            "master-key-in-environment",
            "warning",
            "LITELLM_MASTER_KEY is set in this environment: every program that is started here can read it, the agent's tools too.",
            "Set it for the one command that needs it, or keep it in the keyring.",
        )


def planted(subject: Subject) -> Iterator[Finding]:
    """No environment in reach has the file which the malicious release left."""
    for folder in _site_packages(subject):
        path = folder / PLANTED
        if path.exists():
            yield Finding(
                "planted-file",
                "error",
                f"{path} is what the malicious LiteLLM 1.82.8 left behind; every Python of that environment runs it at its start.",
                "Take the machine off the network, replace every key on it, and reinstall the environment.",
                str(path),
            )


def _site_packages(subject: Subject) -> Iterator[Path]:
    """The folders of installed packages that can be named without searching the disk."""
    roots = [Path(sys.prefix)]
    if subject.env.get("VIRTUAL_ENV"):
        roots.append(Path(subject.env["VIRTUAL_ENV"]))
    program = shutil.which("litellm", path=subject.env.get("PATH"))
    if program:
        roots.append(Path(os.path.realpath(program)).parent.parent)
    home = subject.paths.home
    for tools in (home / ".local/share/pipx/venvs", home / ".local/share/uv/tools", home / ".local/pipx/venvs"):
        if tools.is_dir():
            roots += [entry for entry in sorted(tools.iterdir()) if entry.is_dir()]
    roots += [home / ".local"]
    seen: set[Path] = set()
    for root in roots:
        for folder in (*root.glob("lib/python3*/site-packages"), *root.glob("lib/python3*/dist-packages")):
            if folder not in seen:
                seen.add(folder)
                yield folder
