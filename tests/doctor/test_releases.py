from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.doctor.releases import AS_OF, NOTICES, judge, parse_version, verdict


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("1.82.7", {"malicious-release", "cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.82.8", {"malicious-release", "cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.77.7", {"cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.74.15", {"cve", "cut-streams", "stream-cost", "price-zero", "unsupported-release"}),
        ("1.91.5", {"cut-streams", "stream-cost", "price-zero"}),
        ("1.91.3", {"cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.92.9", {"cve", "cut-streams", "stream-cost", "price-zero"}),
        ("1.99.3", {"stream-cost", "price-zero"}),
        ("1.101.0", {"cve", "price-zero"}),
        ("1.101.6", {"price-zero"}),
        ("1.106.2", set()),
    ],
)
def test_what_is_known_of_a_release(version: str, codes: set[str]) -> None:
    assert {finding.code for finding in judge(version)} == codes


def test_the_holes_of_each_line_end_where_they_were_mended() -> None:
    shown = {
        version: sum("CVE-2026-42208" in finding.message for finding in judge(version))
        for version in ("1.81.15", "1.81.16", "1.83.6", "1.83.7")
    }
    assert shown == {"1.81.15": 0, "1.81.16": 1, "1.83.6": 1, "1.83.7": 0}


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("1.106.2", f"nothing known against it as of {AS_OF}"),
        ("1.200.0", "not judged"),
        ("1.82.8", "known problem"),
        (None, "does not say"),
        ("nightly", "does not say"),
    ],
)
def test_the_verdict_is_as_old_as_its_table(version: str | None, says: str) -> None:
    assert says in verdict(version)


@pytest.mark.parametrize(
    ("text", "version"), [("v1.83.14-stable", (1, 83, 14)), ("1.106.2", (1, 106, 2)), ("1.2", None), ("", None)]
)
def test_versions_are_read(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@given(st.text(max_size=20))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert verdict(text)
    judge(text)


def test_every_notice_says_what_to_do() -> None:
    assert all(notice.message and notice.remedy and (notice.below or notice.exactly) for notice in NOTICES)
