"""What OSV, the open database of advisories, knows against a release of LiteLLM: one request, kept for a day.

Fact: https://google.github.io/osv.dev/post-v1-query/: ``POST /v1/query`` with a package and a version answers ``{"vulns": […]}``,
and ``{}`` where nothing is known. An entry has ``id``, ``aliases``, ``summary``, ``withdrawn``, ``database_specific.severity`` and
``affected[].ranges[].events[]`` with ``introduced`` and ``fixed``. Ids that begin with ``MAL-`` are malicious packages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import atomicfile, jsontext, statefile
from ..errors import BadAnswer, FasedError
from ..net.messages import MIB, Limits, Request
from ..net.transport import Transport
from ..paths import Paths
from ..proxy.answers import UNREADABLE, parsed
from . import releases
from .findings import Finding, Severity
from .versions import Version, parse_version

ADDRESS = "https://api.osv.dev"
VARIABLE = "FASED_LITELLM_OSV_URL"
"""Another address, such as a mirror. Only the environment of the process counts: what ``.env`` files say does not get there."""
KEPT = timedelta(days=1)
_LIMITS = Limits(connect_s=5.0, idle_s=10.0, total_s=15.0, max_bytes=4 * MIB)
_THEN = "OSV is asked again."
_TEXTS = ("id", "summary", "severity")
_SEVERITIES: Mapping[str, Severity] = {
    "CRITICAL": "error",
    "HIGH": "error",
    "MODERATE": "warning",
    "MEDIUM": "warning",
    "LOW": "warning",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What OSV said of a release.

    Attributes:
        version: the release.
        at: when, in UTC.
        entries: its advisories, as far as they are used.
    """

    version: str
    at: datetime
    entries: tuple[Mapping[str, Any], ...]

    @property
    def date(self) -> str:
        """The day, ``YYYY-MM-DD``."""
        return f"{self.at:%Y-%m-%d}"

    @property
    def verdict(self) -> str:
        """In one line."""
        count = len(self.entries)
        if not count:
            return f"nothing known against it by OSV, {self.date}"
        return f"{count} known {'advisory' if count == 1 else 'advisories'} by OSV, {self.date}"

    def findings(self) -> tuple[Finding, ...]:
        """One for each advisory."""
        version = parse_version(self.version)
        remedy = _remedy(version, self.entries) if version else ""
        return tuple(_finding(entry, self.version, remedy) for entry in self.entries)


def ask(paths: Paths, version: str, address: str | None = None) -> Told:
    """What OSV knows of a release, from the file where that is younger than a day.

    Args:
        paths: the installation, where the answer is kept.
        version: the release.
        address: where OSV is; a private one is allowed only where it is named so.

    Raises:
        FasedError: it cannot be asked, or answers something else.
    """
    asked = str(parse_version(version) or version)
    kept = _kept(paths, asked, address)
    if kept is not None:
        return kept
    url = (address or ADDRESS).rstrip("/")
    body = {"package": {"name": "litellm", "ecosystem": "PyPI"}, "version": asked}
    request = Request(
        "POST",
        "/v1/query",
        {"accept": "application/json", "content-type": "application/json", "user-agent": "fased-litellm"},
        json.dumps(body).encode(),
        _LIMITS,
    )
    transport = Transport(url, allow_private_network=address is not None, identify=False)
    try:
        answer = transport.send(request)
    finally:
        transport.close()
    value = parsed(answer.body)
    if answer.status != 200 or not isinstance(value, dict) or not isinstance(value.get("vulns", []), list):
        said = f"HTTP {answer.status}" if answer.status != 200 or value is UNREADABLE else "something else"
        raise BadAnswer(
            f"{url} answers {said}, and no list of advisories.",
            cause="bad-answer",
            hint="Try again later; the table of this package holds meanwhile.",
            status=answer.status,
        )
    told = Told(asked, datetime.now(UTC), tuple(_slim(entry) for entry in _entries(value)))
    _keep(paths, told, address)
    return told


def _entries(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in value.get("vulns", []):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str) and not entry.get("withdrawn"):
            yield entry


def _slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an advisory: its text may have pages."""
    specific = entry.get("database_specific")
    aliases = entry.get("aliases")
    return {
        "id": entry["id"][:80],
        "aliases": [str(each)[:80] for each in aliases[:5]] if isinstance(aliases, list) else [],
        "summary": str(entry.get("summary") or "")[:300],
        "severity": str(specific.get("severity") or "")[:20] if isinstance(specific, dict) else "",
        "fixed": sorted({each for each in _events(entry, "fixed") if parse_version(each)})[:50],
    }


def _events(entry: Mapping[str, Any], name: str) -> Iterator[str]:
    affected = entry.get("affected")
    for each in affected if isinstance(affected, list) else []:
        package = each.get("package") if isinstance(each, dict) else None
        if not isinstance(package, dict) or str(package.get("name", "")).lower() != "litellm":
            continue
        for span in each.get("ranges") or []:
            for event in (span.get("events") or []) if isinstance(span, dict) else []:
                if isinstance(event, dict) and isinstance(event.get(name), str):
                    yield event[name]


def _finding(entry: Mapping[str, Any], version: str, remedy: str) -> Finding:
    names = ", ".join((entry["id"], *entry["aliases"]))
    if entry["id"].startswith("MAL-"):
        stop = (
            "Stop the proxy, take the machine off the network, replace every key that it could read, and reinstall it."
        )
        return Finding("malicious-release", "error", f"LiteLLM {version} is malicious: {names}.", f"{stop} {remedy}")
    said = f": {entry['summary'].rstrip('.')}" if entry["summary"] else ""
    severity = _SEVERITIES.get(entry["severity"].upper(), "error")
    return Finding("cve", severity, f"LiteLLM {version}: {names}{said}.", remedy)


def _remedy(version: Version, entries: tuple[Mapping[str, Any], ...]) -> str:
    """Where none of the advisories holds any more, and none of the table: behind the last release that mends one of them."""
    needed = []
    for entry in entries:
        later = [found for text in entry["fixed"] if (found := parse_version(text)) and found > version]
        if not later:
            return f"{entry['id']} is not fixed in any release yet: see https://osv.dev/vulnerability/{entry['id']}."
        needed.append(min(later))
    if not needed:
        return ""
    # Of several lines each has its own end; the newest of them is behind all.
    return releases.upgrade(max(version, *needed), itself=True)


# ---- the file


def _kept(paths: Paths, version: str, address: str | None) -> Told | None:
    try:
        document = statefile.read(paths.advisories, 4 * MIB, _document, then=_THEN)
    except OSError:
        return None
    if document is None or (document["version"], document["address"]) != (version, address or ADDRESS):
        return None
    told = Told(version, datetime.fromisoformat(document["at"]), tuple(document["entries"]))
    return told if timedelta(0) <= datetime.now(UTC) - told.at < KEPT else None


def _document(data: bytes) -> dict[str, Any]:
    """What was kept.

    Raises:
        ValueError: it has not the declared shape.
    """
    try:
        document: dict[str, Any] = jsontext.loads(data)
        texts = (
            document["version"],
            document["address"],
            *(entry[name] for entry in document["entries"] for name in _TEXTS),
        )
        lists = [entry[name] for entry in document["entries"] for name in ("aliases", "fixed")]
        texts += tuple(each for listed in lists for each in listed)
        sound = datetime.fromisoformat(document["at"]).tzinfo is not None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is not what was written") from error
    if (
        not sound
        or not all(isinstance(each, str) for each in texts)
        or not all(isinstance(each, list) for each in lists)
    ):
        raise ValueError("it is not what was written")
    return document


def _keep(paths: Paths, told: Told, address: str | None) -> None:
    document = {
        "version": told.version,
        "address": address or ADDRESS,
        "at": told.at.isoformat(),
        "entries": list(told.entries),
    }
    try:
        atomicfile.replace(paths.advisories, json.dumps(document).encode())
    except (OSError, FasedError):
        statefile.say(f"What OSV said could not be kept in {paths.advisories}.")
