"""The machine and the versions by which figures are to be read."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from .peers import CCUSAGE, TOKSCALE

PACKAGES = ("httpcore", "httpx", "pydantic", "typer", "json5", "openai", "litellm")


def described() -> list[str]:
    """One line each: date, machine, load, versions. Nothing that names the machine."""
    from fased_litellm import __version__

    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return [
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Processor: {_processor()}, {os.cpu_count()} cores; memory: {_memory()}",
        f"System: {_system()}, {platform.system()} {platform.release().partition('-')[0]}",
        f"Load when the run began (1, 5 and 15 minutes): {load}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, fased-litellm {__version__}",
        "Packages: " + ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        f"From npm: {', '.join(f'{name} {version}' for name, version in (CCUSAGE, TOKSCALE))}; Node {_node()}",
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _node() -> str:
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not installed"
    return said.stdout.strip().removeprefix("v")


def _processor() -> str:
    return _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()


def _memory() -> str:
    total = _field("/proc/meminfo", "MemTotal")
    return f"{int(total.split()[0]) / 1024**2:.0f} GiB" if total else "unknown"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _field(path: str, name: str) -> str | None:
    try:
        with open(path) as file:
            lines = file.readlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), None)
