"""Version numbers of LiteLLM, ordered: a release candidate comes before its final release, a post-release behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_FORM = re.compile(
    r"v?(\d{1,4})\.(\d{1,6})\.(\d{1,6})"
    r"(?:[.\-_]?(?P<before>a|alpha|b|beta|rc|c|pre|preview|dev|nightly)[.\-_]?(?P<n>\d{0,6})"
    r"|[.\-_]?(?P<after>post|patch|stable)[.\-_]?(?P<m>\d{0,6}))?"
    r"(?![0-9])",
    re.IGNORECASE,
)
_STAGES = {"dev": 0, "nightly": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "pre": 3, "preview": 3, "c": 3, "rc": 3}
_FINAL, _POST = 4, 5


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A release.

    Attributes:
        numbers: major, minor, patch.
        stage: 4 for a final release, less for what came before it, 5 for a post-release.
        number: of the candidate or post-release.
    """

    numbers: tuple[int, int, int]
    stage: int = _FINAL
    number: int = 0

    def __lt__(self, other: Version) -> bool:
        return (self.numbers, self.stage, self.number) < (other.numbers, other.stage, other.number)

    @property
    def line(self) -> tuple[int, int]:
        """``1.83`` of ``1.83.14``: what is mended without anything new."""
        return self.numbers[:2]

    @property
    def is_final(self) -> bool:
        """Whether it is no candidate, nightly or development release."""
        return self.stage >= _FINAL

    def __str__(self) -> str:
        shown = ".".join(map(str, self.numbers))
        if self.stage == _POST:
            return f"{shown}.post{self.number}"
        if self.stage < _FINAL:
            return f"{shown}{('.dev', 'a', 'b', 'rc')[self.stage]}{self.number}"
        return shown


def parse_version(text: str | None) -> Version | None:
    """``1.106.2``, ``1.83.14-stable``, ``1.99.0rc2``; None for anything else. ``-stable`` is the final release itself.

    Fact: LiteLLM's releases are named so on the package index and as images (``v1.83.14-stable``, ``v1.83.14-nightly``).
    """
    found = _FORM.match((text or "").strip()[:100])
    if found is None:
        return None
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    if found["before"]:
        return Version(numbers, _STAGES[found["before"].lower()], int(found["n"] or 0))
    if found["after"] and found["after"].lower() != "stable":
        return Version(numbers, _POST, int(found["m"] or 0))
    return Version(numbers)
