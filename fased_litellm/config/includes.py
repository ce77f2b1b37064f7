"""``$include``: parts of a config in files of their own, and which file each value came from.

Fact: ``src/config/includes.ts``. ``$include`` is a path or an array of paths, merged in order, later ones winning; keys beside
it are merged last. Objects merge deeply, arrays are put one behind the other, anything else is replaced. A path is
relative to the file it stands in and must stay in the folder of the top-level config, also after links are followed;
the file must be a regular one with a single name, of at most 2 MiB; at most 10 levels; no cycles.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError, Issue
from .files.readfile import decode, read_bytes
from .keypath import KeyPath, dotted

KEY = "$include"
MAX_DEPTH = 10
MAX_BYTES = 2 * 1024 * 1024
MAX_FILES = 1000
"""Ten files which include ten files each, ten levels deep, would never end."""
MAX_NESTING = 128
"""Levels of objects and arrays in the merged tree; a single file may have 64."""
_NEVER_MERGED = frozenset({"__proto__", "prototype", "constructor"})

Parse = Callable[[str, Path], Any]
"""(text, its file) → JSON value."""


@dataclass(frozen=True, slots=True)
class Included:
    """Where a value is written: the file, and the path of the value in that file."""

    file: Path
    path: KeyPath


@dataclass(slots=True)
class Resolved:
    """A config after ``$include``.

    Attributes:
        value: the merged tree.
        origins: where each value of the tree is written; empty where nothing was included.
        issues: what went wrong; a failed include counts as empty.
        failed: the paths of the objects whose include failed, below which the tree is not complete.
        files: every file that was read, beside the top-level one.
    """

    value: Any
    origins: dict[KeyPath, Included] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    failed: list[KeyPath] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


class _IncludeError(Exception):
    """One include cannot be used."""


@dataclass(slots=True)
class _Node:
    """A value and where it is written; objects and arrays hold nodes."""

    value: Any
    written: Included


def resolve(tree: Any, config: Path, parse: Parse) -> Resolved:
    """Replace every ``$include`` of a config.

    Args:
        tree: the parsed top-level config.
        config: its file.
        parse: parses the text of an included file; what it raises passes through.

    Raises:
        ConfigSyntaxError: an included file is not JSON5 (from ``parse``).
    """
    if not has_include(tree):
        return Resolved(tree)
    result = Resolved(None)
    resolver = _Resolver(os.path.dirname(os.path.abspath(config)), parse, result)
    node = resolver.visit(tree, (), Included(config, ()), (os.path.abspath(config),))
    result.value = _plain(node, (), result.origins)
    return result


@dataclass(slots=True)
class _Resolver:
    root: str
    parse: Parse
    result: Resolved

    def visit(self, value: Any, path: KeyPath, written: Included, chain: tuple[str, ...]) -> _Node:
        """Turn a value into nodes. ``chain`` holds the files from the top-level config down to this one."""
        if len(path) > MAX_NESTING:
            raise _IncludeError(f"Nested deeper than {MAX_NESTING} levels")
        if isinstance(value, list):
            return _Node([self._below(item, index, path, written, chain) for index, item in enumerate(value)], written)
        if not isinstance(value, dict):
            return _Node(value, written)
        beside = {key: self._below(item, key, path, written, chain) for key, item in value.items() if key != KEY}
        own = _Node(beside, written)
        if KEY not in value:
            return own
        try:
            included = self._included(value[KEY], path, written, chain)
            _require_object(included, beside)
        except _IncludeError as error:
            self.result.issues.append(Issue(dotted((*path, KEY)), str(error)))
            self.result.failed.append(path)
            return own
        return _merge(included, own) if beside else included

    def _below(self, value: Any, key: str | int, path: KeyPath, written: Included, chain: tuple[str, ...]) -> _Node:
        return self.visit(value, (*path, key), Included(written.file, (*written.path, key)), chain)

    def _included(self, value: Any, path: KeyPath, written: Included, chain: tuple[str, ...]) -> _Node:
        if isinstance(value, str):
            return self._file(value, path, chain)
        if not isinstance(value, list):
            raise _IncludeError("Invalid $include value: expected string or array of strings")
        merged = _Node({}, written)
        for item in value:
            if not isinstance(item, str):
                raise _IncludeError("Invalid $include array item: expected string")
            merged = _merge(merged, self._file(item, path, chain))
        return merged

    def _file(self, name: str, path: KeyPath, chain: tuple[str, ...]) -> _Node:
        if not _is_path(name):
            raise _IncludeError(f"Include path cannot be a file name: {name!r}")
        file = os.path.normpath(os.path.join(os.path.dirname(chain[-1]), name))
        if not _inside(file, self.root):
            raise _IncludeError(f"Include path escapes config directory: {name} (root: {self.root})")
        if not _inside(os.path.realpath(file), os.path.realpath(self.root)):
            raise _IncludeError(f"Include path resolves outside config directory (symlink): {name}")
        if file in chain:
            raise _IncludeError(f"Circular include detected: {' -> '.join((*chain, file))}")
        if len(chain) > MAX_DEPTH:
            raise _IncludeError(f"Maximum include depth ({MAX_DEPTH}) exceeded at: {name}")
        if len(self.result.files) >= MAX_FILES:
            raise _IncludeError(f"More than {MAX_FILES} includes at: {name}")
        text = _read(Path(file), name)
        self.result.files.append(Path(file))
        value = self.parse(text, Path(file))
        return self.visit(value, path, Included(Path(file), ()), (*chain, file))


def _require_object(included: _Node, beside: dict[str, _Node]) -> None:
    if beside and not isinstance(included.value, dict):
        raise _IncludeError("Sibling keys require included content to be an object")


def _read(file: Path, name: str) -> str:
    try:
        # A second name of a file could lead out of the folder as a link does, unseen.
        data = read_bytes(file, max_bytes=MAX_BYTES, max_names=1)
        text = None if data is None else decode(data, file)
    except ConfigError as error:
        raise _IncludeError(f"Failed to read include file: {name}: {error.message}") from error
    if text is None:
        raise _IncludeError(f"Failed to read include file: {name} (resolved: {file}): no such file")
    return text


def _merge(under: _Node, over: _Node) -> _Node:
    """``over`` merged onto ``under``."""
    if isinstance(under.value, list) and isinstance(over.value, list):
        return _Node([*under.value, *over.value], over.written)
    if isinstance(under.value, dict) and isinstance(over.value, dict):
        merged = dict(under.value)
        for key, node in over.value.items():
            if key in _NEVER_MERGED:
                continue
            merged[key] = _merge(merged[key], node) if key in merged else node
        return _Node(merged, over.written if over.value else under.written)
    return over


def _plain(node: _Node, path: KeyPath, origins: dict[KeyPath, Included]) -> Any:
    """The values of the nodes; fills ``origins``."""
    origins[path] = node.written
    if isinstance(node.value, list):
        return [_plain(item, (*path, index), origins) for index, item in enumerate(node.value)]
    if isinstance(node.value, dict):
        return {key: _plain(item, (*path, key), origins) for key, item in node.value.items()}
    return node.value


def has_include(value: Any) -> bool:
    """Whether there is an ``$include`` anywhere in a value."""
    if isinstance(value, dict):
        return KEY in value or _any_include(value.values())
    return isinstance(value, list) and _any_include(value)


def _any_include(values: Iterable[Any]) -> bool:
    return any(has_include(value) for value in values)


def _is_path(name: str) -> bool:
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:  # half of a surrogate pair, as a JSON escape
        return False


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
