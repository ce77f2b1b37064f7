"""Several processes that spend under one budget at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.edits import Limits, put
from fased_litellm.usage.budgets.listing import listing
from tests.usage.budgets import spender

PROCESSES, LIMIT = 4, 60


@pytest.mark.parametrize("how", ["together", "in turn"])
def test_each_is_refused_by_what_all_have_spent(tmp_path: Path, how: str) -> None:
    limits: Limits = {"month": LIMIT * spender.DOLLAR}
    book = store.change(tmp_path / "budgets.json", lambda book: put(book, Scope(agent="main"), limits, "stop", None)[0])
    program = [sys.executable, str(Path(spender.__file__)), str(tmp_path)]
    running = [
        subprocess.Popen([*program, f"p{number}", how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    made = 0
    for process in running:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        calls, spent = out.split()
        made += int(calls)
        assert int(spent) >= LIMIT  # nobody is refused too early
    (standing,) = listing(book.budgets, tmp_path / "usage.sqlite3").standings
    assert (standing.sum.calls, standing.sum.cost_pico) == (made, made * spender.DOLLAR)
    # A call that another process has under way is not recorded yet; so each of them may be one too many.
    most = LIMIT if how == "in turn" else LIMIT + PROCESSES - 1
    assert LIMIT <= made <= most
