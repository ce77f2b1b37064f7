"""All checks, in the time that one slow answer of the proxy takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Literal

from ...documents import Doc, TypedDict
from ...paths import Paths
from ...plugin import Registry, load_registry
from .. import releases
from ..findings import Finding, FindingPart, Severity, counts, ordered
from ..osv import Told
from . import config, files, key, models, plugins, proxy
from .proxy import ProxyAnswers
from .subject import Subject


class ExaminedProxy(TypedDict):
    """The proxy."""

    asked: bool
    ready: bool
    version: Annotated[str | None, Doc("As it says, else as the newest replies in the history said.")]
    verdict: str
    knownAsOf: Annotated[str, Doc("Date of what is known of releases.")]
    knownFrom: Annotated[
        Literal["table", "osv"],
        Doc("The table of this package, or OSV's answer (`--online`) for what concerns security."),
    ]


class InstalledProvider(TypedDict):
    """A provider plug-in that is installed and used."""

    id: str
    label: str
    distribution: Annotated[str, Doc("The installed distribution that provides it; empty if it is in none.")]
    version: str | None


class ExaminationDocument(TypedDict):
    """The document of ``fased litellm doctor --json``."""

    ok: Annotated[bool, Doc("Whether there is no error among the findings.")]
    configPath: str
    baseUrl: str | None
    proxy: ExaminedProxy
    providers: Annotated[list[InstalledProvider], Doc("That of this package first.")]
    findings: Annotated[list[FindingPart], Doc("Worst first.")]
    counts: dict[Severity, int]
    fixed: Annotated[list[str], Doc("What --fix has done.")]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Attributes:
        subject: what was examined.
        asked: what the proxy said.
        version: its release, as it or the history says.
        told: what OSV says of the release, None where it was not asked.
        findings: worst first.
        registry: the provider plug-ins.
    """

    subject: Subject
    asked: ProxyAnswers
    version: str | None
    told: Told | None
    findings: tuple[Finding, ...]
    registry: Registry

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """What is known against the release, in one line."""
        return self.told.verdict if self.told else releases.verdict(self.version)

    def as_dict(self, fixed: Sequence[str] = ()) -> ExaminationDocument:
        """The JSON document, with what ``--fix`` has done."""
        return {
            "ok": self.ok,
            "configPath": str(self.subject.paths.config),
            "baseUrl": self.subject.base_url,
            "proxy": {
                "asked": not self.subject.offline,
                "ready": self.asked.ready,
                "version": self.version,
                "verdict": self.verdict,
                "knownAsOf": self.told.date if self.told else releases.as_of(),
                "knownFrom": "osv" if self.told else "table",
            },
            "providers": [
                {"id": one.id, "label": one.label, "distribution": source.name, "version": source.version or None}
                for one in self.registry
                for source in (self.registry.sources[one.id],)
            ],
            "findings": [finding.as_dict() for finding in self.findings],
            "counts": counts(self.findings),
            "fixed": list(fixed),
        }


def examine(paths: Paths, env: Mapping[str, str], *, offline: bool = False, online: bool = False) -> Examination:
    """Look at everything; nothing is changed, and nothing is spent.

    Args:
        paths: the installation.
        env: the environment of this process.
        offline: leave the proxy alone.
        online: ask OSV, the database of advisories, for the proxy's release.
    """
    subject = Subject(paths, env, offline)
    held, findings = key.found(subject)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(proxy.ask, subject, str(held.value) if held else None)
        for check in (
            config.holds,
            config.address,
            config.definitions,
            models.age,
            files.permissions,
            files.ledger,
            files.variables,
            files.planted,
        ):
            findings += check(subject)
        registry = load_registry()
        asked = asking.result()
    version = asked.version or proxy.last_seen(subject)
    told, unasked = proxy.ask_osv(subject, version) if online else (None, [])
    findings += [
        *plugins.unused(registry),
        *asked.findings,
        *key.kind(asked.kind, subject),
        *models.vanished(subject, asked.catalog),
        *proxy.release(version, told),
        *unasked,
    ]
    return Examination(subject, asked, version, told, ordered(findings), registry)
