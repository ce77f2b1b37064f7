"""What is known of LiteLLM's releases: malicious ones, security holes, and where one hides the truth from a client.

The table is as old as ``AS_OF``; a release that came later is not judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..formatting import count
from .findings import Finding, Severity

AS_OF = "2026-11-22"
NEWEST_KNOWN = (1, 109, 1)
"""The newest release when the table was made."""

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a range of releases.

    Attributes:
        code: short name.
        severity: how bad it is.
        message: what is so.
        remedy: what to do.
        below: releases before this one are concerned; several lines of releases have several ends.
        since: releases from this one on are concerned.
        exactly: these releases alone.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    below: tuple[Version, ...] = ()
    since: Version = (0, 0, 0)
    exactly: tuple[Version, ...] = ()

    def concerns(self, version: Version) -> bool:
        """Whether it holds of a release."""
        if self.exactly:
            return version in self.exactly
        if version < self.since:
            return False
        # Of the line 1.91, 1.91.4 is mended, and so is what came after the last mended line.
        same_line = [end for end in self.below if end[:2] == version[:2]]
        return version < (same_line[0] if same_line else max(self.below))


NOTICES = (
    Notice(
        "malicious-release",
        "error",
        "This release of LiteLLM was malicious (PyPI, 2026-03-24): it steals keys. 1.82.8 also plants litellm_init.pth, which runs at"
        " every start of Python.",
        "Stop the proxy, take the machine off the network, replace every key that it could read, and install it anew from 1.83.14 on.",
        exactly=((1, 82, 7), (1, 82, 8)),
    ),
    Notice(
        "cve",
        "error",
        "CVE-2026-42208, SQL injection before authentication, which is known to be exploited, and CVE-2026-42203.",
        "Upgrade to 1.83.7 or newer.",
        below=((1, 83, 7),),
        since=(1, 81, 16),
    ),
    Notice(
        "cve",
        "error",
        "CVE-2026-40217, CVE-2026-47101 and CVE-2026-47102.",
        "Upgrade to 1.83.14 or newer.",
        below=((1, 83, 14),),
    ),
    Notice(
        "cve",
        "error",
        "CVE-2026-49468: authentication can be passed by with a Host header.",
        "Upgrade to 1.84.0 or newer.",
        below=((1, 84, 0),),
    ),
    Notice(
        "cve",
        "warning",
        "CVE-2026-63349, CVE-2026-69244, CVE-2026-102994, CVE-2026-102999 and CVE-2026-103000, or some of them.",
        "Upgrade to 1.91.4, 1.93.1, 1.99.3, 1.100.2, 1.101.1 or newer of the same line, or to a later line.",
        below=((1, 91, 4), (1, 93, 1), (1, 99, 3), (1, 100, 2), (1, 101, 1)),
    ),
    Notice(
        "cut-streams",
        "warning",
        "A stream that is cut at the provider looks complete: LiteLLM 1.72 to 1.91 makes up an ending and a usage.",
        "Upgrade to 1.96 or newer, or start the proxy with DISABLE_AIOHTTP_TRANSPORT=True.",
        below=((1, 96, 0),),
        since=(1, 72, 0),
    ),
    Notice(
        "stream-cost",
        "info",
        "Streams do not say what they cost; the cost comes from prices that the proxy told or the config has.",
        "Upgrade to 1.101 or newer for the proxy's own figure.",
        below=((1, 101, 0),),
    ),
    Notice(
        "price-zero",
        "info",
        "Unknown prices are told as 0, so a free model and one without a price cannot be told apart; both count as unpriced.",
        "Upgrade to 1.104 or newer, or set prices in model_info.",
        below=((1, 104, 0),),
    ),
    Notice(
        "unsupported-release",
        "warning",
        "LiteLLM before 1.77 is not supported here: much works, but answers differ in ways that are not all known.",
        "Upgrade to 1.96 or newer; 1.104 or newer is better.",
        below=((1, 77, 0),),
    ),
)
"""Nothing is said of CVE-2026-114612 (2026-10-22): which releases it concerns was not settled by ``AS_OF``."""


def parse_version(text: str | None) -> Version | None:
    """``1.106.2`` and ``1.83.14-stable`` as numbers; None for anything else."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,6})\.(\d{1,6})(?![0-9])", (text or "").strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def judge(text: str | None) -> tuple[Finding, ...]:
    """What is known against a release; nothing for one that is not known."""
    version = parse_version(text)
    if version is None:
        return ()
    shown = ".".join(map(str, version))
    return tuple(
        Finding(notice.code, notice.severity, f"LiteLLM {shown}: {notice.message}", notice.remedy)
        for notice in NOTICES
        if notice.concerns(version)
    )


def verdict(text: str | None) -> str:
    """The same in one line, with the age of the knowledge."""
    version = parse_version(text)
    if version is None:
        return f"the proxy does not say which release it is (known are releases as of {AS_OF})"
    found = [finding for finding in judge(text) if finding.severity != "info"]
    if found:
        return f"{count(len(found), 'known problem')} as of {AS_OF}"
    if version > NEWEST_KNOWN:
        return f"newer than what was known on {AS_OF}: not judged"
    return f"nothing known against it as of {AS_OF}"
