"""The releases, the pins which they need, and their environments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RELEASES: dict[str, tuple[str, ...]] = {
    "1.77.7": ("openai==1.99.9",),
    "1.83.14": (),
    "1.91.5": (),
    "1.101.6": (),
    "1.106.2": (),
}
"""Release → further requirements. Up to 1.81 LiteLLM sets no upper bound on the openai SDK, and does not work with a newer one."""

FOLDER = Path(__file__).resolve().parents[2] / ".matrix"
"""About 700 MB for each release; not kept in git."""


def program(release: str) -> Path:
    """The ``litellm`` of a release."""
    return FOLDER / release / "bin" / "litellm"


def install(release: str) -> Path:
    """Make the environment of a release, if it is not there.

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
    """
    done = FOLDER / release / ".installed"
    if not done.is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / release)], check=True)
        pip = [
            str(FOLDER / release / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, f"litellm[proxy]=={release}", *RELEASES[release]], check=True)
        done.touch()
    return program(release)
