"""The promises of the security page: each names tests, and those exist."""

from __future__ import annotations

import ast
import re

import pytest

from docs.generator.pages import ROOT

PAGE = ROOT / "docs" / "explanation" / "security.md"
TEXT = PAGE.read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids="::".join)
def test_every_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    rows = [
        line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "| answer"))
    ]
    assert len(rows) > 20
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+`", row)] == []


def test_the_limits_are_those_of_the_code() -> None:
    from fased_litellm.net.messages import MIB, Limits
    from fased_litellm.provider.call import STREAM_BYTES, STREAM_IDLE_S, STREAM_TOTAL_S, WHOLE_TIMEOUT_S
    from fased_litellm.proxy.eventstream import MAX_LINE

    assert (Limits().max_bytes, MAX_LINE, STREAM_BYTES) == (4 * MIB, 8 * MIB, 256 * MIB)
    assert (STREAM_IDLE_S, STREAM_TOTAL_S, WHOLE_TIMEOUT_S) == (120, 3600, 600)


def test_how_to_report_names_no_invented_address() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "private security advisory" in text
    assert "@" not in text
    assert "http" not in text
