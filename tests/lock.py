"""The lock in ``requirements/``. ``python -m tests.lock`` says in what the packages of this environment differ from it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

FOLDER = Path(__file__).resolve().parents[1] / "requirements"
_PIN = re.compile(r"^(?P<requirement>[^\s#][^\\\n]*?)(?P<hashes>(?: \\\n +--hash=\S+)*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a lock: the release of a package, for the systems and Pythons which the marker of ``requirement`` names."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> Version:
        (only,) = self.requirement.specifier
        return Version(only.version)

    def applies(self, **environment: str) -> bool:
        """Whether it is for this system and Python, or for one which differs from it in what is given."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def pins(name: str) -> tuple[Pin, ...]:
    """The entries of ``requirements/NAME.txt``."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(
        Pin(Requirement(found["requirement"]), tuple(re.findall(r"--hash=(\S+)", found["hashes"])))
        for found in _PIN.finditer(text)
    )


def differences(installed: Mapping[str, Version]) -> Iterator[str]:
    """What is installed in another release than the lock names, and what is in one of both alone; a line for each."""
    locked = {pin.name: pin.version for pin in pins("dev") if pin.applies()}
    for name in sorted(locked.keys() | installed.keys()):
        before, now = locked.get(name), installed.get(name)
        if before != now:
            yield f"{name} {before or '(none)'} → {now or '(none)'}"


def here() -> dict[str, Version]:
    """What is installed in this environment, without the project itself and what each environment begins with."""
    found = {canonicalize_name(each.name): Version(each.version) for each in metadata.distributions()}
    return {name: version for name, version in found.items() if name not in ("fased-litellm", "pip", "setuptools")}


if __name__ == "__main__":
    lines = list(differences(here()))
    sys.stdout.write(
        f"Python {platform.python_version()}; as locked" if not lines else "From the lock to what is here:\n  "
    )
    sys.stdout.write("\n  ".join(lines) + "\n")
