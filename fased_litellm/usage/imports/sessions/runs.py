"""The log of a task's runs (``cron/runs/<job>.jsonl``): tokens of runs whose session has no transcript.

Fact: Fased's ``src/cron/run-log.ts`` (which lines count) and ``src/gateway/server-methods/usage.ts`` (what they say).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..files import plain
from ..redacted import distinct
from ..transcripts.numbers import moment, number, text
from ..transcripts.tokens import Tokens, of_run
from .store import About, of_key


class Run(NamedTuple):
    """A run of a task.

    Attributes:
        call_id: ``task:<job>:<time>``.
        about: its session, as that of a task.
        named: what its session's key says of that.
        session_id: '' where the log does not say it.
    """

    call_id: str
    about: About
    named: About
    session_id: str
    started_at_ms: int
    provider: str | None
    model: str | None
    status: str
    tokens: Tokens
    reasoning: int
    latency_ms: int | float | None
    problem: str | None


def run_of(entry: Any, agent: str) -> Run | None:
    """The run of a line; None if the line is about something else.

    Args:
        agent: whose the task is if its session's key does not say so.

    Raises:
        ValueError: it is not an object.
    """
    if type(entry) is not dict:
        raise ValueError("not an object")
    job = text(entry.get("jobId"))
    when = entry.get("ts")
    if entry.get("action") != "finished" or job is None or type(when) is str:
        return None
    started = moment(when)
    tokens, reasoning, problem = of_run(entry.get("usage"))
    if started is None:
        return None
    key = text(entry.get("sessionKey")) or f"cron:{job}"
    named = of_key(key, agent)
    session_id = entry.get("sessionId")
    if type(session_id) is not str or not session_id.strip():
        session_id = _session_in(entry.get("sessionKey"))
    duration = number(entry.get("durationMs"))
    return Run(
        call_id=f"task:{job}:{started}",
        about=_task(named, job),
        named=named,
        session_id=distinct(plain(session_id.strip()))[:255],
        started_at_ms=started,
        provider=text(entry.get("provider")),
        model=text(entry.get("model")),
        status="error" if entry.get("status") == "error" else "ok",
        tokens=tokens,
        reasoning=reasoning,
        latency_ms=duration if duration is not None and duration >= 0 else None,
        problem=problem,
    )


def _session_in(key: Any) -> str:
    """The session's id at the end of the key of a single run, ``…:run:<session id>``; '' for another key."""
    head, _, found = key.rpartition(":run:") if type(key) is str else ("", "", "")
    return found if head else ""


def _task(found: About, job: str) -> About:
    return About(session=found.session, agent=found.agent, channel=found.channel, source="task", task=found.task or job)
