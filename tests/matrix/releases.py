"""The releases, the pins which they need, and their environments."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Release:
    """One row of the matrix.

    Attributes:
        version: the release of LiteLLM.
        pins: further requirements.
        beside: a release whose parts are installed first, and this one over them without its own (``pip --no-deps``); empty
            for an ordinary installation. Fact: releases above 1.108.7 ask for packages which not every index has, and pip
            then takes an older LiteLLM without a word.
        openai: the generation of the openai SDK, where a release is tried with more than one.
    """

    version: str
    pins: tuple[str, ...] = ()
    beside: str = ""
    openai: str = ""

    @property
    def name(self) -> str:
        """What it is called in the table and on the command line."""
        return self.version + (f"-openai{self.openai}" if self.openai else "") + ("*" if self.beside else "")

    @property
    def folder(self) -> Path:
        """Its environment."""
        return FOLDER / self.name.rstrip("*")


FOLDER = Path(__file__).resolve().parents[2] / ".matrix"
"""About 700 MB for each release; not kept in git."""

_ALL = (
    # Up to 1.81 LiteLLM sets no upper bound on the openai SDK, and does not work with a newer one.
    Release("1.77.7", ("openai==1.99.9",)),
    Release("1.80.17", ("openai==2.8.1",)),
    Release("1.85.7"),
    Release("1.91.5"),
    # It asks for any FastAPI, and does not start with one from 0.140.7 on (`get_flat_dependant`).
    Release("1.96.2", ("fastapi==0.136.3",)),
    Release("1.104.0"),
    Release("1.106.12"),
    Release("1.108.7", ("openai>=2.54,<3",), openai="2"),
    Release("1.108.7", ("openai>=3,<4",), openai="3"),
    Release("1.108.14", beside="1.108.7"),
    # The proxy's parts became a package of their own with 1.110; of what that asks for, it needs this to start.
    Release("1.110.2", ("semver>=3",), beside="1.108.7"),
)
RELEASES: dict[str, Release] = {release.name: release for release in _ALL}


def program(release: Release) -> Path:
    """The ``litellm`` of a release."""
    return release.folder / "bin" / "litellm"


def install(release: Release) -> Path:
    """Make the environment of a release, if it is not there.

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
        RuntimeError: another release was installed in its place.
    """
    done = release.folder / ".installed"
    if not done.is_file():
        python = str(release.folder / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(release.folder)], check=True)
        subprocess.run([*pip, f"litellm[proxy]=={release.beside or release.version}", *release.pins], check=True)
        if release.beside:
            subprocess.run([*pip, "--no-deps", f"litellm=={release.version}"], check=True)
        code = "from importlib.metadata import version; print(version('litellm'))"
        found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
        if found != release.version:
            raise RuntimeError(f"LiteLLM {found} was installed in place of {release.version}")
        done.touch()
    return program(release)
