"""What is known of LiteLLM's releases: malicious ones, security holes, and where one hides the truth from a client.

All of it stands in ``advisories.json``: each notice with its ranges, date, source and severity, and the dates of the releases. The
table is as old as ``as_of()``. A release that is not in it came later (or is no release), and is not judged: numbers do not tell,
since old lines go on (1.108.14 came after 1.109.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..formatting import count
from ..jsontext import loads
from .findings import Finding, Severity
from .versions import Version, parse_version

_MOST_TARGETS = 3
"""Releases of other lines that are named: the nearest, and the newest."""
SECURITY = ("cve", "cve-unclear", "malicious-release")
"""The codes of what a database of advisories tells, too."""


@dataclass(frozen=True, slots=True)
class Range:
    """Some releases: from ``since`` on, before ``below``; None leaves that end open."""

    since: Version | None = None
    below: Version | None = None

    def holds(self, version: Version) -> bool:
        """Whether a release is among them. A candidate of the first one is, since it has what is wrong; one of the end is, too."""
        if self.since is not None and version.numbers < self.since.numbers:
            return False
        return self.below is None or version < self.below


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about some releases.

    Attributes:
        code: short name.
        severity: how bad it is.
        message: what is so.
        affected: which releases.
        exactly: single releases.
        before: what to do before upgrading, or in its place; may be empty.
        date: when it became known, ``YYYY-MM-DD``.
        source: where it was read or seen.
    """

    code: str
    severity: Severity
    message: str
    affected: tuple[Range, ...]
    exactly: tuple[Version, ...]
    before: str
    date: str
    source: str

    def concerns(self, version: Version) -> bool:
        """Whether it holds of a release."""
        return version in self.exactly or any(each.holds(version) for each in self.affected)


@dataclass(frozen=True, slots=True)
class Table:
    """The data file.

    Attributes:
        as_of: its date.
        notices: what is known.
        released: each known final release and its date.
    """

    as_of: str
    notices: tuple[Notice, ...]
    released: Mapping[Version, str]


@cache
def table() -> Table:
    """The data file of this package, read when it is first wanted."""
    document: dict[str, Any] = loads(files(__package__).joinpath("advisories.json").read_bytes())
    return Table(
        document["asOf"],
        tuple(_notice(each) for each in document["notices"]),
        {_version(text): date for text, date in document["released"].items()},
    )


def as_of() -> str:
    """The date of what is known, ``YYYY-MM-DD``."""
    return table().as_of


def judge(text: str | None, *, security: bool = True) -> tuple[Finding, ...]:
    """What is known against a release; nothing for one that is no release.

    Args:
        text: the release.
        security: with its security holes; without them where a database of advisories has told them.
    """
    version = parse_version(text)
    if version is None:
        return ()
    return tuple(
        Finding(
            each.code, each.severity, f"LiteLLM {version}: {each.message}", f"{each.before} {upgrade(version)}".strip()
        )
        for each in table().notices
        if each.concerns(version) and (security or each.code not in SECURITY)
    )


def known(text: str | None) -> bool:
    """Whether a release is one of the table: others came later, or are candidates, and are not judged."""
    version = parse_version(text)
    return version is not None and version in table().released


def verdict(text: str | None) -> str:
    """The same in one line, with the age of the knowledge."""
    if parse_version(text) is None:
        return f"the proxy does not say which release it is (known are releases as of {as_of()})"
    found = [finding for finding in judge(text) if finding.severity != "info"]
    if found:
        return f"{count(len(found), 'known problem')} as of {as_of()}"
    if not known(text):
        return f"not among the releases known on {as_of()}: not judged"
    return f"nothing known against it as of {as_of()}"


def upgrade(version: Version, *, itself: bool = False) -> str:
    """What to upgrade to: releases against which nothing is known, so that no remedy leads into another hole.

    Args:
        version: the release which has to be left behind.
        itself: whether it will do itself.
    """
    targets = [each for each in _clean() if each > version or (itself and each == version)]
    if not targets:
        return f"No release that was known on {as_of()} is without it: look for a newer one."
    same = [each for each in targets if each.line == version.line]
    others = [each for each in targets if each.line != version.line]
    chosen = sorted({*same, *others[:1], *others[1 - _MOST_TARGETS :]})
    *first, last = [str(each) for each in chosen]
    return f"Upgrade to {', '.join(first)} or {last}." if first else f"Upgrade to {last}."


@cache
def _clean() -> tuple[Version, ...]:
    """The newest release of each line against which nothing is known but what is good to know."""
    newest: dict[tuple[int, int], Version] = {}
    for version in sorted(table().released):
        if not any(each.severity != "info" and each.concerns(version) for each in table().notices):
            newest[version.line] = version
    return tuple(newest.values())


def _notice(document: Mapping[str, Any]) -> Notice:
    ranges = [each for each in document["affected"] if "exactly" not in each]
    return Notice(
        document["code"],
        document["severity"],
        document["message"],
        tuple(Range(_end(each, "since"), _end(each, "below")) for each in ranges),
        tuple(_version(each["exactly"]) for each in document["affected"] if "exactly" in each),
        document.get("before", ""),
        document["date"],
        document["source"],
    )


def _end(document: Mapping[str, str], name: str) -> Version | None:
    return _version(document[name]) if name in document else None


def _version(text: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise ValueError(f"advisories.json has {text!r} instead of a version")
    return version


__all__ = [
    "SECURITY",
    "Notice",
    "Range",
    "Table",
    "as_of",
    "judge",
    "known",
    "parse_version",
    "table",
    "upgrade",
    "verdict",
]
