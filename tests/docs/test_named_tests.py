"""Pages that name a test for what they promise name one that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"`((?:tests/)?(?:\w+/)*test_\w+\.py)(?:::(\w+))?`")


def named() -> list[tuple[str, str, str]]:
    """Page, file, function ('' for none)."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [(page.name, *found) for page in pages for found in _NAMED.findall(page.read_text())]


def test_every_test_that_a_page_names_is_there() -> None:
    found = named()
    assert len(found) > 20
    wrong = []
    for page, file, function in found:
        files = [ROOT / file] if file.startswith("tests/") else list((ROOT / "tests").rglob(file))
        texts = [one.read_text() for one in files if one.is_file()]
        if not texts or (function and not any(f"def {function}(" in text for text in texts)):
            wrong.append((page, file, function))
    assert wrong == []
