from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.sessions.runs import run_of
from tests.usage.imports.node import T0
from tests.usage.imports.transcripts.test_numbers import anything

LINE = {
    "ts": T0,
    "jobId": "7F0C",
    "action": "finished",
    "status": "ok",
    "sessionId": "s1",
    "sessionKey": "agent:ops:cron:7f0c",
    "durationMs": 3000,
    "provider": "litellm",
    "model": "team-sonnet",
    "summary": "not kept",
    "usage": {"input_tokens": 900, "output_tokens": 120, "total_tokens": 1020},
}


def test_a_run() -> None:
    run = run_of(LINE, "main")
    assert run is not None
    assert run.call_id == f"task:7F0C:{T0}"
    assert run.about.names == ("agent:ops:cron:7f0c", "7f0c", "ops", "", "task")
    assert (run.session_id, run.started_at_ms, run.status, run.latency_ms) == ("s1", T0, "ok", 3000)
    assert (run.provider, run.model, run.tokens) == ("litellm", "team-sonnet", (900, 120, 0, 0, 1020))


def test_a_run_without_a_session() -> None:
    run = run_of({**LINE, "sessionKey": None, "sessionId": 5, "status": "error", "durationMs": -1}, "main")
    assert run is not None
    assert run.about.names == ("agent:main:cron:7f0c", "7f0c", "main", "", "task")
    assert (run.session_id, run.status, run.latency_ms) == ("", "error", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "started"},
        {"jobId": None},
        {"jobId": " "},
        {"ts": "2026-11-22T03:00:00Z"},
        {"ts": None},
        {"ts": True},
        {"ts": -5},
    ],
)
def test_lines_that_are_no_runs(changes: dict[str, Any]) -> None:
    assert run_of({**LINE, **changes}, "main") is None


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": 0, "output_tokens": -4}])
def test_a_run_that_used_nothing_still_names_its_session(usage: Any) -> None:
    run = run_of({**LINE, "usage": usage}, "main")
    assert run is not None
    assert run.tokens == (0, 0, 0, 0, 0)
    assert run.named.names == ("agent:ops:cron:7f0c", "7f0c", "ops", "", "task")


def test_a_run_in_a_session_that_is_no_task() -> None:
    run = run_of({**LINE, "sessionKey": "agent:main:main"}, "main")
    assert run is not None
    assert run.about.names == ("agent:main:main", "7F0C", "main", "", "task")
    assert run.named.names == ("agent:main:main", "", "main", "", "chat")


@pytest.mark.parametrize("value", [[], 7, None, "x"])
def test_what_is_no_object_is_bad(value: Any) -> None:
    with pytest.raises(ValueError, match="not an object"):
        run_of(value, "main")


@given(
    st.fixed_dictionaries({"action": st.just("finished")}, optional={key: anything for key in LINE if key != "action"})
)
def test_nothing_makes_it_stumble(line: dict[str, Any]) -> None:
    run = run_of({**LINE, **line}, "main")
    assert run is None or run.tokens[4] >= 0
