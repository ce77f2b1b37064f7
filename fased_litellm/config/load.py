"""Read fased.json: file → JSON5 → ``$include`` → environment → ``${VAR}`` → schema. Nothing is written, nobody's
environment is changed.

Fact: the order is that of Fased's ``src/config/io.ts``. Unlike Fased, a broken config is never taken for an empty one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigInvalid, Issue
from ..paths import Paths
from . import includes, legacy
from .document import Document
from .files.readfile import decode, read_bytes
from .includes import Included
from .interpolation import environment, missing, substitution
from .interpolation.environment import Environment
from .keypath import KeyPath, dotted
from .redacted import remember_secrets
from .schema import SECTIONS, Config

if TYPE_CHECKING:
    from .schema.base import Strict


@dataclass(slots=True)
class _Evaluation:
    """What a parsed config means in an environment."""

    source: dict[str, Any] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    env: Environment = field(default_factory=lambda: Environment({}))
    issues: list[Issue] = field(default_factory=list)
    missing: list[Issue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    legacy: list[Issue] = field(default_factory=list)
    sections: dict[str, Strict] = field(default_factory=dict)
    origins: dict[KeyPath, Included] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    texts: dict[Path, str] = field(default_factory=dict)


@dataclass(slots=True)
class ConfigSnapshot:
    """A config as it was found at one moment.

    Attributes:
        paths: the installation.
        path: the config file, whether it exists or not.
        exists: whether it does.
        raw: its text, None without a file.
        document: the loss-free text, None without a file.
        source: the tree after ``$include``, before ``${VAR}``; editors start from here.
        value: the tree after ``${VAR}``; a variable that is not set stays as it is written. It may hold secrets.
        env: the effective environment, with the ``.env`` files and the ``env`` block, but without what the working folder's
            ``.env`` sets, which is in ``env.for_keys``. It may hold secrets.
        outer_env: the same without the ``env`` block.
        issues: everything for which the Node agent refuses the config, sorted by place; ``missing`` among it.
        missing: the values which refer to a variable that is not set. Such a config can be read and edited here; only
            who needs one of these values fails (``need``).
        warnings: what does no harm, but will surprise.
        legacy: keys of older releases; a config with them is not edited.
        included: where each value is written, if there is any ``$include``; else empty.
        files: the included files.
        texts: the text of each included file. It may hold secrets.
    """

    paths: Paths
    path: Path
    exists: bool
    raw: str | None = field(repr=False)
    document: Document | None = field(repr=False)
    source: dict[str, Any] = field(repr=False)
    value: dict[str, Any] = field(repr=False)
    env: Environment = field(repr=False)
    outer_env: Environment = field(repr=False)
    issues: list[Issue] = field(default_factory=list)
    missing: list[Issue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    legacy: list[Issue] = field(default_factory=list)
    included: dict[KeyPath, Included] = field(default_factory=dict, repr=False)
    files: list[Path] = field(default_factory=list)
    texts: dict[Path, str] = field(default_factory=dict, repr=False)
    sections: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the file's bytes, in hex; of nothing, without a file."""
        import hashlib

        return hashlib.sha256((self.raw or "").encode()).hexdigest()

    @property
    def valid(self) -> bool:
        """Whether the Node agent takes the config: there is no issue."""
        return not self.issues

    @property
    def usable(self) -> bool:
        """Whether the config holds, apart from variables that are not set."""
        return len(self.issues) == len(self.missing)

    def require_valid(self) -> ConfigSnapshot:
        """This snapshot, if the Node agent takes it.

        Raises:
            ConfigInvalid: it does not; lists every issue.
        """
        if self.issues:
            raise ConfigInvalid(str(self.path), self.issues, hint=self._hint())
        return self

    def require_usable(self) -> ConfigSnapshot:
        """This snapshot, if it holds apart from variables that are not set.

        Raises:
            ConfigInvalid: it does not; lists every issue.
        """
        return self if self.usable else self.require_valid()

    def need(self, *places: str) -> None:
        """Say that the values at and below some places are about to be used.

        Args:
            places: dotted paths.

        Raises:
            MissingVariable: one of them refers to a variable that is not set; the hint says where to set it.
        """
        for issue in self.missing:
            if any(missing.below(issue.path, place) for place in places):
                raise missing.needed(issue, self.paths.state / ".env")

    @property
    def config(self) -> Config:
        """The typed view of the sections that are ours.

        Raises:
            ConfigInvalid: the config does not hold, variables that are not set apart.
        """
        self.require_usable()
        rest = {key: value for key, value in self.value.items() if key not in SECTIONS}
        return Config(**self.sections, rest=rest)

    def written_at(self, path: KeyPath) -> Included:
        """Where the value at a path is written; for a value that is not there, where its nearest parent is."""
        place = path
        while self.included and place not in self.included and place:
            place = place[:-1]
        found = self.included.get(place)
        if found is None:
            return Included(self.path, path)
        return Included(found.file, (*found.path, *path[len(place) :]))

    def origin_of(self, path: KeyPath) -> Path:
        """The file where the value at a path is written."""
        return self.written_at(path).file

    def _hint(self) -> str | None:
        if not (self.missing and self.usable):
            return None
        where = missing.where_to_set(missing.variables(self.missing), self.paths.state / ".env")
        return f"{where} Nothing was changed."


def load(paths: Paths, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> ConfigSnapshot:
    """Read the config of an installation. A missing file is a valid, empty config.

    Args:
        paths: the installation.
        env: the process's environment, ``os.environ`` by default; or the ``outer_env`` of an earlier snapshot.
        cwd: the folder whose ``.env`` file counts; the working folder by default.

    Raises:
        ConfigSyntaxError: the file, or one that it includes, is not JSON5.
        ConfigError: the file cannot be read or is not UTF-8.
    """
    return _read(paths, *environment.with_dotenv(os.environ if env is None else env, paths, cwd or _working_folder()))


def reload(snapshot: ConfigSnapshot) -> ConfigSnapshot:
    """Read the config again, in the same environment.

    Raises:
        ConfigSyntaxError, ConfigError: as ``load``.
    """
    return _read(snapshot.paths, snapshot.outer_env, [])


def _read(paths: Paths, outer: Environment, warnings: list[str]) -> ConfigSnapshot:
    data = read_bytes(paths.config)
    document: Document | None = None
    found = _Evaluation(env=outer)
    text = None if data is None else decode(data, paths.config)
    if text is not None:
        document = Document.parse(text, path=str(paths.config))
        found = _evaluate(document.value, paths.config, outer)
    remember_secrets(found.value)  # no message may quote them, whoever writes that message
    return ConfigSnapshot(
        paths=paths,
        path=paths.config,
        exists=data is not None,
        raw=text,
        document=document,
        source=found.source,
        value=found.value,
        env=found.env,
        outer_env=outer,
        issues=found.issues,
        missing=found.missing,
        warnings=warnings + found.warnings,
        legacy=found.legacy,
        included=found.origins,
        files=found.files,
        texts=found.texts,
        sections=found.sections,
    )


def check_texts(texts: Mapping[Path, str], snapshot: ConfigSnapshot) -> tuple[list[Issue], list[Issue]]:
    """The issues which the config would have with other texts in its files, in the same environment.

    Args:
        texts: the new texts, that of the config file among them; other included files are as they are on disk.

    Returns:
        What is wrong with the texts, and apart from that the references to variables that are not set.

    Raises:
        ConfigSyntaxError: a text is not JSON5.
    """
    tree = Document.parse(texts[snapshot.path], path=str(snapshot.path)).value
    found = _evaluate(tree, snapshot.path, snapshot.outer_env, texts)
    return [issue for issue in found.issues if issue not in found.missing], found.missing


def _evaluate(tree: Any, path: Path, outer: Environment, instead: Mapping[Path, str] | None = None) -> _Evaluation:
    from .schema import validation

    texts: dict[Path, str] = {}

    def parse(text: str, file: Path) -> Any:
        texts[file] = text = (instead or {}).get(file, text)
        return Document.parse(text, path=str(file)).value

    resolved = includes.resolve(tree, path, parse)
    if not isinstance(resolved.value, dict):
        found = Issue("", f"Expected an object, got {validation.kind_of(resolved.value)}")
        return _Evaluation(env=outer, issues=[*resolved.issues, found])
    env, warnings = environment.with_block(outer, resolved.value)
    value, unset, passed_over = substitution.substitute(resolved.value, env)
    warnings += passed_over
    checked = validation.check(value, unset=[issue.path for issue in unset])
    # Below a failed include something is missing for that reason alone; one word about it is enough.
    failed = [dotted(path) for path in resolved.failed]
    wrong = [issue for issue in checked.issues if not any(missing.below(issue.path, place) for place in failed)]
    wrong += resolved.issues + unset + environment.block_issues(resolved.value)
    old = legacy.find(value)
    warnings += [f"{issue.message}; `fased doctor --fix` moves it." for issue in old]
    return _Evaluation(
        source=resolved.value,
        value=value,
        env=env,
        issues=sorted(wrong, key=lambda issue: (issue.path, issue.message)),
        missing=unset,
        warnings=warnings + checked.warnings,
        legacy=old,
        sections=checked.sections,
        origins=resolved.origins,
        files=resolved.files,
        texts=texts,
    )


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was deleted meanwhile
        return None
