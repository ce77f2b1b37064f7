"""A computed change of the config: new texts for its files, verified and valid, but not written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import review
from .document import Document
from .load import ConfigSnapshot


@dataclass(frozen=True, slots=True)
class FileChange:
    """A new text for one file. The texts may hold secrets and are left out of ``repr``.

    Attributes:
        path: the file.
        before: the text that was read; None where there was no file.
        old: the same as a document; None where there was no file, or no JSON5.
        new: what is to be there.
    """

    path: Path
    before: str | None = field(repr=False)
    old: Document | None = field(repr=False)
    new: Document = field(repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the text that was read, in hex; of nothing, where there was no file."""
        return hashlib.sha256((self.before or "").encode()).hexdigest()

    def diff(self) -> str:
        """The change as a unified diff with secrets masked."""
        if self.old is None and self.before is not None:
            return f"{self.path} is not JSON5; it is replaced as a whole.\n"
        return review.diff(self.old, self.new, str(self.path))


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """New texts for the config file and the files which it includes.

    Attributes:
        snapshot: the config as it was read.
        files: the files that change, the config file first; empty where nothing is to be written.
        wanted: the tree after ``$include`` which the change is to bring about. It may hold secrets.
    """

    snapshot: ConfigSnapshot = field(repr=False)
    files: tuple[FileChange, ...]
    wanted: Any = field(repr=False)

    @property
    def path(self) -> Path:
        """The config file."""
        return self.snapshot.path

    @property
    def before(self) -> str | None:
        """The text of the config file that was read; None without a file. It may hold secrets."""
        return self.snapshot.raw

    @property
    def after(self) -> str | None:
        """The text that is to be there; None if there was no file and is to be none. It may hold secrets."""
        return next((file.new.text for file in self.files if file.path == self.path), self.before)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.files)

    def diff(self) -> str:
        """The change as a unified diff with secrets masked; empty if there is none."""
        return "".join(file.diff() for file in self.files)
