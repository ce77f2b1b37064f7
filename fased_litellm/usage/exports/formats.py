"""The formats of ``fased usage export``: which files they make, and what is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Literal, get_args

from ...documents import Count, Doc, FromTo, Name, TypedDict
from ..query.query import Query
from ..query.report import build
from ..query.totals import Totals, UsageTotals
from ..record import iso
from . import fased, otlp_metrics, otlp_spans, prometheus
from .calls import calls, first_ms, host
from .files import write
from .sessions import sessions
from .temptables import Gathering

Format = Literal["fased", "prometheus", "otlp-json", "otlp-spans"]
FORMATS: tuple[Format, ...] = get_args(Format)

_IN_MEMORY = 1 << 22
_CHUNK = 1 << 16
_NAMES: dict[Format, str] = {
    "prometheus": "fased-usage.prom",
    "otlp-json": "fased-usage-{}.otlp.json",
    "otlp-spans": "fased-usage-{}.otlp.jsonl",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written, and its size in bytes."""

    path: Path
    size: int


class ExportedFile(TypedDict):
    """A file that was written."""

    path: Name
    bytes: Count


class UsageExportDocument(FromTo, TypedDict):
    """The document of ``fased usage export --json``."""

    format: Format
    timeZone: Annotated[str, Doc("Whose days the files have.")]
    totals: Annotated[UsageTotals, Doc("Of all calls that are in them.")]
    files: list[ExportedFile]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported: of which calls, and into which files."""

    totals: Totals
    files: tuple[File, ...]

    def as_dict(self, query: Query, form: Format) -> UsageExportDocument:
        """The document of ``fased usage export --json``."""
        return {
            "format": form,
            "from": iso(query.from_ms),
            "to": iso(query.to_ms),
            "timeZone": query.zone.name,
            "totals": self.totals.as_dict(),
            "files": [{"path": str(file.path), "bytes": file.size} for file in self.files],
        }


def files(
    connection: sqlite3.Connection, query: Query, form: Format, out: Path, *, now_ms: int, force: bool
) -> Exported:
    """Write an export.

    Args:
        connection: to a ledger, in a transaction; it gets temporary tables.
        query: window, zone and filters; the rest of it does not matter.
        form: the format.
        out: a folder that is there; or the file, where the format makes but one.
        now_ms: the present, milliseconds since 1970 UTC: its day in the query's zone is part of the names.
        force: whether files that are there already are replaced.

    Raises:
        ExportError: a file is there already, or cannot be written; then none was.
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
    """
    today = query.zone.day(now_ms)
    if form != "fased":
        path = out / _NAMES[form].format(today) if out.is_dir() else out
        (size,) = write([(path, text(connection, query, form, now_ms=now_ms))], force=force)
        return Exported(build(connection, replace(query, by=(), top=None)).totals, (File(path, size),))
    gathered = Gathering(connection, query)
    paths = [out / name for name in fased.file_names(today)]
    with SpooledTemporaryFile(max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline="") as rows:
        # The sessions are gone through once, for the document; their rows wait meanwhile.
        document = fased.document(gathered, fased.noted(sessions(gathered), rows.write))
        texts = [document, _read(rows), fased.daily_csv(gathered)]
        size, *sizes = write(list(zip([paths[2], *paths[:2]], texts, strict=True)), force=force)
    written = zip(paths, [*sizes, size], strict=True)
    return Exported(gathered.totals(), tuple(File(path, size) for path, size in written))


def text(connection: sqlite3.Connection, query: Query, form: Format, *, now_ms: int) -> Iterator[str]:
    """An export in one of the formats that are one text, in pieces.

    Raises:
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
    """
    if form == "prometheus":
        yield from prometheus.text(build(connection, replace(query, by=prometheus.BY, sort=None, top=None)))
    elif form == "otlp-json":
        found = otlp_metrics.metrics(connection, query)
        begin = query.from_ms or first_ms(
            connection
        )  # of the whole history: 0 stands for a beginning that is not known
        end = min(query.to_ms, max(now_ms, begin))
        yield from found.document(from_ms=begin, to_ms=end, instance=host(connection))
    else:
        yield from otlp_spans.documents(calls(connection, query), instance=host(connection))


def _read(file: IO[str]) -> Iterator[str]:
    file.seek(0)
    while some := file.read(_CHUNK):
        yield some
