"""A call that ``reconcile --fill`` added, and that gave way, counts once in the database of many machines, too."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from tests.usage.postgres.fleet import ask, assert_consistent, local, remote, run, send
from tests.usage.reconcile.test_superseded import STEPS, Side, call, expected

TRUTH = [call(number, by) for number, by in enumerate(["node", "named", "own", "gateway", "foreign", "node", "own"])]


@pytest.mark.parametrize("order", [order for order in permutations(STEPS) if order[0] in ("fill", "import_half")])
def test_a_row_that_gave_way_is_counted_once(tmp_path: Path, url: str, order: tuple[str, ...]) -> None:
    side = Side(tmp_path, TRUTH)
    run(url, "DROP SCHEMA IF EXISTS fased_usage CASCADE")
    for step in order:
        getattr(side, step)()
        send(side.path, url)
        assert remote(url) == local(side.path)
        assert_consistent(url)
    ((calls, tokens, cost),) = ask(
        url,
        "SELECT sum(calls)::bigint, sum(total_tokens)::bigint, sum(cost_pico)::bigint FROM fased_usage.rollup_session",
    )
    ((_, *truth, _),) = expected(TRUTH)
    assert [calls, tokens, cost] == truth
