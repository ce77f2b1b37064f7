"""The failure atlas holds together: each recorded answer gets the verdict that stands beside it."""

from __future__ import annotations

import json
import re

import pytest

from fased_litellm.doctor.atlas import CASES, SECTIONS, Case
from fased_litellm.localproxy.diagnosis import START_CAUSES
from fased_litellm.net.causes import NETWORK_CAUSES
from fased_litellm.proxy.causes import FURTHER, RULES, STREAM_CUT, UNKNOWN
from fased_litellm.proxy.stream import StreamReader

ANSWERED = [case for case in CASES if case.status not in (None, 200)]
WORDED = [
    pytest.param(case, said, id=f"{case.name}{'-openai2' if said == case.openai2 else ''}")
    for case in ANSWERED
    for said in case.wordings
]
STREAMED = [
    pytest.param(case, said, id=f"{case.name}{'-openai2' if said == case.openai2 else ''}")
    for case in CASES
    if case.status is None and case.needs == "proxy"
    for said in case.wordings
]


@pytest.mark.parametrize(("case", "said"), WORDED)
def test_the_recorded_answer_gets_the_verdict(case: Case, said: str) -> None:
    assert case.status is not None
    body = json.dumps(case.body(said)).encode()
    rule = case.verdict(body).rule
    assert (rule.cause, rule.origin) == (case.cause, case.origin)
    assert case.remedy_for(said) == rule.remedy


@pytest.mark.parametrize(("case", "said"), WORDED)
def test_a_type_that_is_not_set_changes_nothing(case: Case, said: str) -> None:
    # Many releases leave `type` null: status and message have to do.
    assert case.status is not None
    said = case.body(said)["detail"] if case.detail else case.body(said)["error"]["message"]
    error = {"message": said, "type": None, "code": str(case.status), **case.fields}
    rule = case.verdict(json.dumps({"error": error}).encode()).rule
    assert (rule.cause, rule.origin) == (case.cause, case.origin)


@pytest.mark.parametrize(("case", "said"), STREAMED)
def test_what_ends_a_stream_gets_the_verdict(case: Case, said: str) -> None:
    reader = StreamReader()
    reader.feed(f"data: {json.dumps({'error': {'message': said, 'type': None, 'code': '500'}})}\n\n".encode())
    failure = reader.failure()
    assert failure is not None
    assert (failure.rule.cause, failure.rule.origin) == (case.cause, case.origin)


def test_both_generations_of_the_sdk_are_in_it() -> None:
    # openai 3 passes on less of a provider's answer than openai 2: LiteLLM's words of these failures are others.
    assert {case.cause for case in CASES if case.openai2} >= {
        "content-policy",
        "provider-bad-answer",
        "provider-model",
        "provider-permission",
        "provider-route",
        "provider-stream-broke",
        "provider-timeout",
    }


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
    known = {rule.cause for rule in (*RULES, *FURTHER, STREAM_CUT, UNKNOWN)} | {way.cause for way in NETWORK_CAUSES}
    with_case = {case.cause for case in CASES}
    known |= {start.name for start in START_CAUSES}
    # Tested in tests/net: the way through an HTTP proxy of the environment, and hosts that swallow what is sent. In
    # tests/localproxy: what a machine lacks, which cannot be taken away from one that has it.
    assert known - with_case == {"http-proxy", "connect-timeout", "start-memory", "start-database"}
    assert with_case <= known
