"""The commands in README and documentation, run as they stand there, against the real LiteLLM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from docs.generator.__main__ import difference, shared_proxy
from docs.generator.pages import ROOT, has_live_parts, pages, with_output
from docs.generator.session import MockProxy
from tests.live import proxies
from tests.live.conftest import unavailable

LIVE = [page for page in pages() if has_live_parts(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def mock_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], MockProxy]]:
    if proxies.executable() is None:
        unavailable("litellm is not installed")
    with ExitStack() as stack:
        yield shared_proxy(tmp_path_factory.mktemp("docs"), stack)


@pytest.mark.parametrize("page", LIVE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_shows_what_its_commands_print(
    page: Path, mock_proxy: Callable[[], MockProxy], tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    now = with_output(text, home, mock_proxy)
    # Not `assert now == text`: what pytest shows of two long texts is cut before the lines that differ.
    assert list(difference(text, now, str(page.relative_to(ROOT)))) == [], "run `make docs`"
