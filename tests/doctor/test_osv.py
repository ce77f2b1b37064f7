"""OSV's documented answer from a server in its place: asked once a day, through the guard, and it wins over the table."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.doctor import osv
from fased_litellm.doctor.checks.examine import examine
from fased_litellm.errors import BadAnswer, FasedError
from fased_litellm.paths import Paths
from tests.servers import HANG, FaultServers, answer, answer_json, free_port

VULN: dict[str, Any] = {
    "id": "GHSA-7hp6-4w63-5g45",
    "aliases": ["CVE-2026-114612"],
    "summary": "An internal user becomes the administrator",
    "details": "x" * 100_000,
    "database_specific": {"severity": "CRITICAL"},
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
    "affected": [
        {
            "package": {"name": "litellm", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "1.91.0"}, {"fixed": "1.100.4"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "1.103.0"}, {"fixed": "1.103.1"}]},
            ],
        },
        {"package": {"name": "other"}, "ranges": [{"events": [{"fixed": "9.9.9"}]}]},
    ],
}
MILD = {**VULN, "id": "GHSA-mild", "aliases": [], "database_specific": {"severity": "MODERATE"}}
GONE = {**VULN, "id": "GHSA-gone", "withdrawn": "2026-11-01T00:00:00Z"}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.from_env({"HOME": str(tmp_path), "FASED_STATE_DIR": str(tmp_path / "state")})


def test_one_request_names_the_package_and_its_release(fault_server: FaultServers, paths: Paths) -> None:
    server = fault_server(answer_json(200, {"vulns": [VULN, MILD, GONE]}))
    told = osv.ask(paths, "v1.103.0-stable", server.url)
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/query HTTP/1.1")
    assert b"authorization" not in head.lower()
    assert json.loads(body) == {"package": {"name": "litellm", "ecosystem": "PyPI"}, "version": "1.103.0"}
    grave, mild = told.findings()
    assert (grave.code, grave.severity, mild.severity) == ("cve", "error", "warning")
    assert (
        grave.message
        == "LiteLLM 1.103.0: GHSA-7hp6-4w63-5g45, CVE-2026-114612: An internal user becomes the administrator."
    )
    # 1.103.1 is without this hole, and has one of the table.
    assert "1.103.1" not in grave.remedy
    assert "1.110.2" in grave.remedy
    assert told.verdict == f"2 known advisories by OSV, {told.date}"


def test_the_answer_is_kept_for_a_day(
    fault_server: FaultServers, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server(answer_json(200, {"vulns": [VULN]}), answer_json(200, {}), answer_json(200, {}))
    first = osv.ask(paths, "1.103.0", server.url)
    assert osv.ask(paths, "1.103.0", server.url) == first
    assert len(server.requests) == 1
    assert stat.S_IMODE(paths.advisories.stat().st_mode) == 0o600
    assert paths.advisories.stat().st_size < 2_000
    # Another release is another question, and so is the same one a day later.
    assert osv.ask(paths, "1.106.12", server.url).entries == ()
    assert len(server.requests) == 2
    document = json.loads(paths.advisories.read_text())
    document["at"] = (datetime.now(UTC) - timedelta(days=1, minutes=1)).isoformat()
    paths.advisories.write_text(json.dumps(document))
    osv.ask(paths, "1.106.12", server.url)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"{}", b'{"version": 1}', b'{"version":"1.103.0","address":"a","at":"x","entries":[]}', b"\xff" * 40,
     b'{"version":"1.103.0","address":"a","at":"2026-01-01T00:00:00+00:00","entries":[{"id":1}]}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_osv_asked_again(
    content: bytes, fault_server: FaultServers, paths: Paths
) -> None:
    paths.own.mkdir(parents=True)
    paths.advisories.write_bytes(content)
    server = fault_server(answer_json(200, {}))
    assert osv.ask(paths, "1.103.0", server.url).entries == ()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        answer(500, "no"),
        answer(200, "<html>"),
        answer_json(200, []),
        answer_json(200, {"vulns": 3}),
        answer_json(404, {}),
    ],
)
def test_another_answer_is_none(reply: bytes, fault_server: FaultServers, paths: Paths) -> None:
    with pytest.raises(BadAnswer):
        osv.ask(paths, "1.103.0", fault_server(reply).url)
    assert not paths.advisories.exists()


@pytest.mark.parametrize(
    "entries",
    [[1, None, {}, {"id": 3}], [{"id": "X", "affected": [None, {"package": "litellm"}, {"package": {"name": "litellm"}, "ranges": [3, {"events": [4]}]}]}],
     [{"id": "X", "aliases": 4, "summary": 5, "database_specific": 6}]],
)  # fmt: skip
def test_odd_entries_break_nothing(entries: list[Any], fault_server: FaultServers, paths: Paths) -> None:
    for finding in osv.ask(paths, "1.103.0", fault_server(answer_json(200, {"vulns": entries})).url).findings():
        assert finding.message
        assert finding.remedy


def test_a_private_address_is_asked_only_where_it_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv, "ADDRESS", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(FasedError) as caught:
        osv.ask(paths, "1.103.0")
    assert caught.value.code == "address-blocked"


# ---- in the doctor


def seen(paths: Paths, monkeypatch: pytest.MonkeyPatch, version: str | None, url: str) -> Any:
    monkeypatch.setattr("fased_litellm.doctor.checks.proxy.last_seen", lambda _: version)
    return examine(paths, {osv.VARIABLE: url}, offline=True, online=True)


def codes(found: Any) -> dict[str, int]:
    told = [finding.code for finding in found.findings]
    return {code: told.count(code) for code in ("cve", "malicious-release", "cut-streams", "osv-not-asked", "release-unknown") if code in told}  # fmt: skip


def test_its_answer_wins_over_the_table(
    fault_server: FaultServers, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the table 1.82.7 has many holes; OSV knows one, and of what is no hole the table still tells.
    malicious = {**VULN, "id": "MAL-2026-1", "aliases": []}
    found = seen(paths, monkeypatch, "1.82.7", fault_server(answer_json(200, {"vulns": [malicious]})).url)
    assert codes(found) == {"malicious-release": 1, "cut-streams": 1}
    document = found.as_dict()["proxy"]
    assert (document["knownFrom"], document["knownAsOf"]) == ("osv", f"{datetime.now(UTC):%Y-%m-%d}")
    found = seen(paths, monkeypatch, "1.108.7", fault_server(answer_json(200, {})).url)
    assert codes(found) == {}
    assert found.as_dict()["proxy"]["verdict"].startswith("nothing known against it by OSV")


def test_where_it_cannot_be_asked_the_table_holds(
    fault_server: FaultServers, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = seen(paths, monkeypatch, "1.108.7", fault_server(answer(503, "no")).url)
    assert codes(found) == {"cve": 1, "osv-not-asked": 1}
    assert found.as_dict()["proxy"]["knownFrom"] == "table"
    found = seen(paths, monkeypatch, "1.108.99", f"http://127.0.0.1:{free_port()}")
    assert codes(found) == {"osv-not-asked": 1, "release-unknown": 1}
    assert codes(seen(paths, monkeypatch, None, "http://127.0.0.1:1")) == {"osv-not-asked": 1}


def test_without_online_nothing_is_asked(fault_server: FaultServers, paths: Paths) -> None:
    server = fault_server([HANG])
    examine(paths, {osv.VARIABLE: server.url}, offline=True)
    assert server.requests == []


def test_a_working_folder_does_not_steer_the_address(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(osv.VARIABLE, raising=False)
    (tmp_path / ".env").write_text(f"{osv.VARIABLE}=http://127.0.0.1:9\n")
    monkeypatch.chdir(tmp_path)
    asked: list[str | None] = []
    monkeypatch.setattr(osv, "ask", lambda _paths, _version, address: asked.append(address) or osv.Told("1", datetime.now(UTC), ()))  # type: ignore[func-returns-value]  # fmt: skip
    monkeypatch.setattr("fased_litellm.doctor.checks.proxy.last_seen", lambda _: "1.108.7")
    examine(paths, os.environ, offline=True, online=True)
    assert asked == [None]
