from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.doctor.releases import as_of, judge, known, table, verdict
from fased_litellm.doctor.versions import Version, parse_version
from fased_litellm.proxy import cutstreams


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("1.82.7", {"malicious-release", "cve", "cve-unclear", "cut-streams", "stream-cost", "price-zero"}),
        ("1.82.8", {"malicious-release", "cve", "cve-unclear", "cut-streams", "stream-cost", "price-zero"}),
        ("1.82.7rc1", {"cve", "cve-unclear", "cut-streams", "stream-cost", "price-zero"}),
        ("1.77.7", {"cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.74.15", {"cve", "cut-streams", "stream-cost", "price-zero", "unsupported-release"}),
        ("1.91.5", {"cve", "cve-unclear", "cut-streams", "stream-cost", "price-zero"}),
        ("1.99.3", {"cve", "stream-cost", "price-zero"}),
        ("1.101.6", {"cve", "price-zero"}),
        ("1.106.2", {"cve"}),
        ("1.106.12", set()),
        ("1.108.12", {"cve"}),
        ("1.108.14", set()),
        ("1.110.2", set()),
        ("1.110.2rc1", {"cve"}),
    ],
)
def test_what_is_known_of_a_release(version: str, codes: set[str]) -> None:
    assert {finding.code for finding in judge(version)} == codes


@pytest.mark.parametrize(
    ("hole", "versions"),
    [
        ("CVE-2026-42208", {"1.81.15": 0, "1.81.16": 1, "1.83.6": 1, "1.83.7rc1": 1, "1.83.7": 0}),
        ("CVE-2026-42203", {"1.80.4": 0, "1.80.5": 1, "1.81.0": 1, "1.83.7": 0}),
        ("CVE-2026-42271", {"1.74.1": 0, "1.74.2": 1, "1.83.6": 1, "1.83.7": 0}),
        ("CVE-2026-35029", {"1.82.6": 1, "1.83.0": 0}),
        ("CVE-2026-59822", {"1.83.14": 1, "1.84.0": 0}),
        ("GHSA-g5ff-637f-6q2m", {"1.94.3": 1, "1.95.0": 0}),
        ("CVE-2026-84377", {"1.80.0": 1, "1.88.5": 1, "1.88.6": 0, "1.91.4": 1, "1.91.5": 0, "1.96.1": 1, "1.96.2": 0, "1.97.0": 0}),
        ("CVE-2026-114612", {"1.86.7": 0, "1.87.0": 1, "1.91.0": 1, "1.100.3": 1, "1.100.4": 0, "1.102.1": 1, "1.103.0": 1, "1.103.1": 0, "1.104.0": 0}),
        ("/key/info", {"1.106.11": 1, "1.106.12": 0, "1.108.12": 1, "1.108.13": 0, "1.109.2": 1, "1.110.1": 1, "1.110.2": 0}),
    ],
)  # fmt: skip
def test_the_ranges_end_where_each_line_was_mended(hole: str, versions: dict[str, int]) -> None:
    assert {version: sum(hole in finding.message for finding in judge(version)) for version in versions} == versions


def test_holes_of_other_packages_are_not_blamed_on_litellm() -> None:
    told = " ".join(notice.message + notice.source for notice in table().notices)
    for foreign in ("63349", "69244", "102994", "102999", "103000"):
        assert foreign not in told


def test_every_notice_says_what_since_when_and_where_it_is_known_from() -> None:
    for notice in table().notices:
        assert notice.message.endswith(".")
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", notice.date)
        assert notice.date <= as_of()
        assert notice.source
        assert notice.affected or notice.exactly
        assert any(notice.concerns(version) for version in table().released)


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("1.106.12", f"nothing known against it as of {as_of()}"),
        ("1.82.8", "known problems"),
        ("1.103.1", "1 known problem as"),
        # By date and not by number: what is not in the table came later, whatever its line.
        ("1.200.0", "not judged"),
        ("1.110.3", "not judged"),
        ("1.108.15", "not judged"),
        ("1.106.13", "not judged"),
        ("1.111.0rc1", "not judged"),
        ("1.108.14", "nothing known"),
        (None, "does not say"),
        ("nightly", "does not say"),
    ],
)
def test_the_verdict_is_as_old_as_its_table(version: str | None, says: str) -> None:
    assert says in verdict(version)


def test_a_patch_of_an_old_line_may_be_the_newest_release() -> None:
    released = table().released
    assert max(released.values()) <= as_of()
    later, earlier = parse_version("1.108.14"), parse_version("1.109.1")
    assert later is not None
    assert earlier is not None
    assert later < earlier
    assert released[later] > released[earlier]
    assert known("1.108.14")
    assert not known("1.108.14rc1")


def test_no_remedy_leads_into_another_range() -> None:
    named = re.compile(r"\d+\.\d+\.\d+(?:\.post\d+)?")
    for version in table().released:
        for finding in judge(str(version)):
            targets = named.findall(finding.remedy.partition("Upgrade to")[2])
            assert targets, finding.remedy
            for target in targets:
                assert not [each.code for each in judge(target) if each.severity != "info"], (version, target)
                assert parse_version(target) > version  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.83.14-stable", Version((1, 83, 14))),
        ("1.106.2", Version((1, 106, 2))),
        ("1.99.0rc2", Version((1, 99, 0), 3, 2)),
        ("1.99.0.dev1", Version((1, 99, 0), 0, 1)),
        ("v1.83.14-nightly", Version((1, 83, 14), 0)),
        ("1.74.9.post2", Version((1, 74, 9), 5, 2)),
        ("1.2", None),
        ("", None),
        ("1.2.3000000000", None),
    ],
)
def test_versions_are_read(text: str, version: Version | None) -> None:
    assert parse_version(text) == version


def test_versions_are_ordered() -> None:
    told = ["1.99.0.dev1", "1.99.0rc1", "1.99.0rc2", "1.99.0", "1.99.0.post1", "1.99.2", "1.100.0", "2.0.0"]
    read = [parse_version(text) for text in told]
    assert sorted(read, reverse=True) == read[::-1]  # type: ignore[type-var]
    assert [str(version) for version in read] == told


@given(st.text(max_size=20))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert verdict(text)
    judge(text)


def test_receipts_warn_of_the_releases_of_which_the_table_warns() -> None:
    for version in table().released:
        told = any(finding.code == "cut-streams" for finding in judge(str(version)))
        assert (cutstreams.warning(str(version)) is not None) is told, version
    assert cutstreams.warning(None) is None
    assert cutstreams.warning("nightly") is None
