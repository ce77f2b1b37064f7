"""The proxy: is it ready, what does it offer, which release is it? Nothing is asked that costs anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ...catalog.configured import uses_of
from ...catalog.discover import discover
from ...catalog.facts import Catalog
from ...catalog.unlisted import with_unlisted
from ...errors import CallError, FasedError, LedgerError, MissingVariable
from ...provider.settings import Settings
from ...proxy import readiness
from ...proxy.client import ProxyClient
from ...proxy.management.keykind import KeyKind, kind_of_key
from ...proxy.readiness import Readiness
from ...secrets import shadows
from ...usage.store.snapshot import asking
from .. import osv, releases
from ..findings import Finding
from ..osv import Told
from .subject import Subject

TIMEOUT_S = 1.5
_NEWEST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class ProxyAnswers:
    """What the proxy said.

    Attributes:
        ready: whether it answered at all.
        version: its release, if it said so.
        catalog: what it offers now.
        kind: of the key.
        findings: what went wrong.
    """

    ready: bool = False
    version: str | None = None
    catalog: Catalog | None = None
    kind: KeyKind = "unknown"
    findings: tuple[Finding, ...] = ()


def ask(subject: Subject, key: str | None) -> ProxyAnswers:
    """Ask for readiness, models and the kind of the key: four small requests, none of which reaches a provider."""
    if subject.offline or subject.base_url is None or subject.snapshot is None:
        return ProxyAnswers()
    try:
        options = Settings.of(subject.snapshot, subject.paths).client_options()
    except MissingVariable:
        return ProxyAnswers()  # a finding of its own
    with ProxyClient(subject.base_url, key, **options) as client:
        unready: CallError | None = None
        found: Readiness | None = None
        try:
            found = readiness.ask(client, timeout_s=TIMEOUT_S)
        except CallError as error:
            # Something may stand before it that lets through what is below /v1 alone; then the list of models decides.
            if error.status is None or key is None:
                return ProxyAnswers(findings=(_failed("proxy-unreachable", error),))
            unready = error
        except FasedError as error:
            return ProxyAnswers(findings=(_failed("proxy-unreachable", error),))
        version = found.version if found is not None else None
        findings = []
        if found is not None and not found.healthy:
            findings.append(
                Finding("proxy-unhealthy", "error", f"The proxy says that it is {found.status}.", "Look into its log.")
            )
        if key is None:
            return ProxyAnswers(True, version, findings=tuple(findings))
        try:
            catalog = discover(client, timeout_s=TIMEOUT_S)
            used = uses_of(subject.snapshot, catalog.by_id)
            catalog = with_unlisted(client, catalog, [ref.model for ref in used])
        except FasedError as error:
            silent = isinstance(error, CallError) and (error.status is None or error.status == 404)
            code = "proxy-unreachable" if silent else "key-refused"
            if isinstance(error, CallError):
                error = shadows.enrich(subject.snapshot, subject.paths, error)
            return ProxyAnswers(unready is None or not silent, version, findings=(*findings, _failed(code, error)))
        if unready is not None:
            findings.append(_only_v1(unready))
        return ProxyAnswers(True, version, catalog, kind_of_key(client, timeout_s=TIMEOUT_S), tuple(findings))


def _only_v1(error: CallError) -> Finding:
    return Finding(
        "only-v1-exposed",
        "info",
        f"The proxy lists its models, but /health/readiness is unavailable (HTTP {error.status}): a server before it may let"
        " through what is below /v1 alone, or it is not a LiteLLM proxy. Calls work; prices, keys and spend may not be asked about.",
        "Nothing to do for calls. For the rest, let the proxy's other routes through.",
    )


def _failed(code: str, error: FasedError) -> Finding:
    return Finding(
        code, "error", error.message, f"{error.hint or ''} `fased litellm verify` shows how far the way goes.".lstrip()
    )


def release(version: str | None, told: Told | None) -> Iterator[Finding]:
    """What is known of the release, by the table of this package; by OSV of its security, where that was asked."""
    if version is None:
        return
    yield from releases.judge(version, security=told is None)
    if told is not None:
        yield from told.findings()
    elif releases.parse_version(version) is not None and not releases.known(version):
        yield Finding(
            "release-unknown",
            "info",
            f"LiteLLM {version} is not among the releases that were known on {releases.as_of()}: it came later, or is a candidate."
            " Whether anything else is known against it was not judged.",
            "Ask OSV, or upgrade fased-litellm to have a newer table.",
            command="fased litellm doctor --online",
        )


def ask_osv(subject: Subject, version: str | None) -> tuple[Told | None, list[Finding]]:
    """What OSV knows of the release, and why it could not be asked."""
    if releases.parse_version(version) is None or version is None:
        return None, [
            Finding(
                "osv-not-asked",
                "info",
                "OSV was not asked: which release the proxy is, is not known yet.",
                "Make a call through it: replies name the release.",
                command="fased litellm verify",
            )
        ]
    try:
        return osv.ask(subject.paths, version, subject.env.get(osv.VARIABLE) or None), []
    except FasedError as error:
        message = f"OSV could not be asked, so the table of {releases.as_of()} holds: {error.message}"
        return None, [Finding("osv-not-asked", "warning", message, error.hint or "Try again later.")]


def last_seen(subject: Subject) -> str | None:
    """The release that the newest calls of the history name; replies tell it, readiness does so no longer from 1.84 on."""
    if not subject.paths.ledger.exists():
        return None
    sql = (
        "SELECT proxy_version FROM call WHERE id > (SELECT max(id) FROM call) - ? AND proxy_version IS NOT NULL"
        " ORDER BY id DESC LIMIT 1"
    )
    try:
        with asking(subject.paths.ledger) as connection:
            found = connection.execute(sql, (_NEWEST_ROWS,)).fetchone()
    except (LedgerError, sqlite3.Error):
        return None
    return str(found[0]) if found else None
