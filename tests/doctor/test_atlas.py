"""The failure atlas holds together: each recorded answer gets the verdict that stands beside it."""

from __future__ import annotations

import json
import re

import pytest

from fased_litellm.doctor.atlas import CASES, SECTIONS, Case
from fased_litellm.localproxy.diagnosis import START_CAUSES
from fased_litellm.net.causes import WAYS
from fased_litellm.proxy.causes import RULES, STREAM_CUT, UNKNOWN
from fased_litellm.proxy.failures import classify

ANSWERED = [case for case in CASES if case.status not in (None, 200)]


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_the_recorded_answer_gets_the_verdict(case: Case) -> None:
    assert case.status is not None
    body = json.dumps(case.body()).encode()
    rule = classify(case.status, dict(case.headers), body, key_sent=not case.keyless).rule
    assert (rule.cause, rule.origin) == (case.cause, case.origin)
    assert case.remedy == rule.remedy


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_a_type_that_is_not_set_changes_nothing(case: Case) -> None:
    # Many releases leave `type` null: status and message have to do.
    assert case.status is not None
    body = json.dumps({"error": {"message": case.message, "type": None, "code": str(case.status)}}).encode()
    rule = classify(case.status, {}, body, key_sent=not case.keyless).rule
    assert (rule.cause, rule.origin) == (case.cause, case.origin)


def test_names_are_unique_and_all_is_said() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert sum(len(cases) for _, cases in SECTIONS) == len(CASES)
    for case in CASES:
        assert case.produced, case.name
        assert case.message, case.name
        assert case.remedy.endswith((".", "'", ")")), case.name
        assert not re.search(r"\bsk-[A-Za-z0-9]{6,}", case.message), case.name


def test_every_cause_has_a_case() -> None:
    known = {rule.cause for rule in (*RULES, STREAM_CUT, UNKNOWN)} | {way.cause for way in WAYS}
    with_case = {case.cause for case in CASES}
    # Tested in tests/net: the way through an HTTP proxy of the environment, and hosts that swallow what is sent.
    assert known - with_case == {"http-proxy", "connect-timeout"}
    assert with_case - known == {cause.name for cause in START_CAUSES if cause.name == "start-master-key"}
