"""How the code is laid out, beyond the floors that import-linter holds."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import fased_litellm

_ROOT = Path(fased_litellm.__file__).parent
_NAME = fased_litellm.__name__
_FILES = {
    ".".join((_NAME, *path.relative_to(_ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(_ROOT.rglob("*.py"))
}

_MOST_FILES, _MOST_LINES = 20, 350
_STILL_CROWDED = {".", "usage/imports"}
_STILL = {
    ("usage.imports.files", "usage.imports.sessions.sqlite_store"),
    ("usage.imports.pipeline", "usage.imports.importer"),
    ("provider.attempts", "provider.litellm_provider"),
    ("provider.steps", "provider.litellm_provider"),
    ("provider.streams", "provider.litellm_provider"),
}
"""Imports that close a circle and are still to go. Those in ``provider`` are for type checkers alone: one class in four modules."""


def _imports(module: str) -> Iterator[str]:
    """The modules that one imports: at its top, within functions, or for type checkers alone."""
    package = module if _FILES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(_FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in _FILES)
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                if name in _FILES or base in _FILES:
                    yield name if name in _FILES else base


def _short(module: str) -> str:
    return module.removeprefix(f"{_NAME}.")


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in _imports(module) if name != module and (_short(module), _short(name)) not in _STILL}
        for module in _FILES
    }
    assert sum(map(len, graph.values())) > 1_000  # imports are found at all
    assert f"{_NAME}.usage.query.filtersql" in graph[f"{_NAME}.usage.query.conditions"]  # within a function, too
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(reversed(error.args[1]))) from None


def test_no_room_is_crowded() -> None:
    rooms = Counter(path.parent.relative_to(_ROOT).as_posix() for path in _FILES.values())
    assert rooms["cli"] > 10
    assert {room for room, number in rooms.items() if number > _MOST_FILES} <= _STILL_CROWDED


def test_no_module_is_long() -> None:
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in _FILES.items()}
    assert {module: number for module, number in lines.items() if number > _MOST_LINES} == {}


def test_no_two_public_classes_share_a_name() -> None:
    found: dict[str, list[str]] = {}
    for module, path in _FILES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(_short(module))
    assert len(found) > 300
    shared = {name: modules for name, modules in found.items() if len(modules) > 1}
    assert not {name: modules for name, modules in shared.items() if not any("usage.imports" in one for one in modules)}
