"""A short run of what ``make fuzz`` does for longer; and that it would find something."""

from __future__ import annotations

import random
import signal

import pytest

from fased_litellm.config import save
from fased_litellm.config.document import Document
from tests.fuzz import configs

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer")


def test_mutated_configs_are_refused_in_words_or_edited_rightly(tmp_path):
    seed = random.randrange(1_000_000)
    outcome = configs.run(tmp_path, seed, 300)
    assert outcome.failures == []
    assert outcome.counts["edited"] > 0
    assert outcome.counts["not JSON5"] > 0


def test_a_wrong_edit_a_traceback_and_a_hang_would_be_found(tmp_path, monkeypatch):
    def broken(document, edits):
        return document.set(("zz",), 2)

    def hanging(text, **options):
        while True:
            pass

    with monkeypatch.context() as patched:
        patched.setattr("fased_litellm.config.include_edits.apply", broken)
        assert any("AssertionError" in failure for failure in configs.run(tmp_path, 1, 30).failures)
    with monkeypatch.context() as patched:
        patched.setattr(save, "check", lambda change: 1 / 0)
        assert any("ZeroDivisionError" in failure for failure in configs.run(tmp_path, 1, 30).failures)
    with monkeypatch.context() as patched:
        patched.setattr(configs, "LIMIT_S", 0.05)
        patched.setattr(Document, "parse", hanging)
        assert all("Hang" in failure for failure in configs.run(tmp_path, 1, 3).failures)
