"""Each reader of a file in the state folder, with content of any kind: a short run of what ``make fuzz`` does for longer."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm import jsontext, statefile
from fased_litellm.usage.record import UsageRecord
from tests.fuzz import rows, running, statefiles
from tests.fuzz.mutating import mutant
from tests.fuzz.statefiles import Target

TARGETS = statefiles.TARGETS | rows.TARGETS
EXAMPLES = 60

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer")


@pytest.mark.parametrize("name", TARGETS)
def test_content_is_taken_or_set_aside_or_refused_in_words(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    budget = settings(
        max_examples=max(6, EXAMPLES // target.share), suppress_health_check=list(HealthCheck), database=None
    )

    @budget
    @given(st.randoms(use_true_random=False))
    def attempt(chance: random.Random) -> None:
        target.attempt(tmp_path, mutant(target.seeds, chance))

    attempt()


@pytest.mark.parametrize("name", statefiles.TARGETS)
def test_sound_content_is_taken(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    assert {target.attempt(tmp_path, seed) for seed in target.seeds} <= {"taken", "read", "stale", "held"}


@pytest.mark.parametrize("name", ["process.json", "ladder.json", "catalog", "spool"])
@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000])
def test_brackets_in_brackets_are_set_aside(name: str, deep: bytes, tmp_path: Path) -> None:
    assert TARGETS[name].attempt(tmp_path, deep) in ("set aside", "some set aside")


def _failures(target: Target, folder: Path, count: int = 40) -> list[str]:
    return running.run(target, folder, 1, count).failures


def test_a_reader_that_raises_loses_or_hangs_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(text: str) -> None:
        while True:
            pass

    with monkeypatch.context() as patched:
        patched.setattr(jsontext, "DEPTH", 10**6)
        patched.setattr(jsontext, "loads", lambda *_, **__: 1 / 0)
        assert any("ZeroDivisionError" in failure for failure in _failures(TARGETS["budgets.json"], tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(statefile, "set_aside", lambda path, *_, **__: path.unlink())
        assert any("AssertionError" in failure for failure in _failures(TARGETS["process.json"], tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(UsageRecord, "from_dict", lambda *_: (_ for _ in ()).throw(RecursionError()))
        assert any("RecursionError" in failure for failure in _failures(TARGETS["spool"], tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(running, "LIMIT_S", 0.05)
        patched.setattr("fased_litellm.config.interpolation.dotenv.parse", hanging)
        assert all("Hang" in failure for failure in _failures(TARGETS[".env"], tmp_path, 3))
