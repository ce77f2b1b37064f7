"""The pages as they stand: tables and help current, links alive, every name that the code has is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generator import reference
from docs.generator.pages import ROOT, pages, with_tables
from fased_litellm import errors
from fased_litellm.errors import FasedError

ALL = [*pages(), ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^(`{3,})[^`]*?^\1$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_tables_and_help_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `make docs`"


def test_help_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference.help_texts()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "40")
    assert reference.help_texts() == before
    assert max(map(len, before.splitlines())) <= 80


def test_every_command_has_a_section() -> None:
    typed = [command for command, _, _ in reference.commands()]
    assert "fased litellm chat" in typed
    assert "fased agents models set" in typed
    sections = reference.help_texts()
    assert [command for command in typed if f"\n## {command}\n" not in f"\n{sections}"] == []


def test_every_exception_is_in_the_table() -> None:
    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, FasedError)
    }
    assert {name for name, _ in reference.tree()} == classes
    depths = dict(reference.tree())
    assert (depths["FasedError"], depths["ConfigError"], depths["ConfigSyntaxError"], depths["TlsFailed"]) == (
        0,
        1,
        2,
        3,
    )


def test_every_exit_status_is_explained() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    statuses = {getattr(errors, name).exit_status for name, _ in reference.tree()}
    assert [status for status in statuses if f"\n| {status} |" not in text] == []


def test_every_cause_of_the_network_is_explained() -> None:
    text = (ROOT / "docs/reference/failures.md").read_text(encoding="utf-8")
    package = ROOT / "fased_litellm"
    sources = [*(package / "net").glob("*.py"), *(package / "proxy").glob("*.py")]
    causes = {
        cause for source in sources for cause in re.findall(r'cause="([a-z-]+)"', source.read_text(encoding="utf-8"))
    }
    causes |= set(re.findall(r'"(tls(?:-[a-z]+)*)"', (package / "net" / "trust.py").read_text(encoding="utf-8")))
    assert {"dns", "tls", "tls-client-certificate", "tls-expired", "timeout"} <= causes
    assert [cause for cause in sorted(causes) if f"| `{cause}` |" not in text] == []


@pytest.mark.parametrize("page", ALL, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    dead = []
    for target in _LINK.findall(text):
        path, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            dead.append(target)
    assert dead == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    below = [page.relative_to(ROOT / "docs") for page in pages() if page.parent != ROOT and page.name != "index.md"]
    assert [str(page) for page in below if str(page) not in index] == []


def test_every_schema_is_linked() -> None:
    text = (ROOT / "docs/reference/json.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "schemas").glob("*.json") if path.name not in text] == []
