"""The rows on a page of a damaged SQLite file: what can be read of each, whatever became of its neighbours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from .pages import INDEX_LEAF, Pages

_MOST_COLUMNS = 100
_WIDTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)
_FLOAT = struct.Struct(">d")


def rows(pages: Pages, page: bytes) -> Iterator[tuple[int, list[Any]]]:
    """``(id, values)`` of the rows of a leaf of a table; None for a value that is cut off."""
    longest = pages.size - 35
    for begin in _entries(page, pages.size):
        length, begin = _varint(page, begin)  # noqa: PLW2901 - one behind the other
        number, begin = _varint(page, begin)  # noqa: PLW2901
        if number >= 1 << 63:
            number -= 1 << 64
        values = _values(pages.payload(page, begin, length, longest))
        if values:
            yield number, values


def entries(pages: Pages, page: bytes) -> Iterator[list[Any]]:
    """The values of the entries of a leaf of an index, or of a table without ids of rows."""
    longest = (pages.size - 12) * 64 // 255 - 23
    for begin in _entries(page, pages.size):
        length, begin = _varint(page, begin)  # noqa: PLW2901 - one behind the other
        values = _values(pages.payload(page, begin, length, longest))
        if values:
            yield values


def is_index(page: bytes) -> bool:
    """Whether a page is a leaf of an index."""
    return page[0] == INDEX_LEAF


def _entries(page: bytes, size: int) -> Iterator[int]:
    """Where the entries of a leaf begin."""
    count = min(int.from_bytes(page[3:5]), (size - 8) // 2)
    for place in range(8, 8 + 2 * count, 2):
        begin = page[place] << 8 | page[place + 1]
        if 8 <= begin < size:
            yield begin


def _varint(data: bytes, begin: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next one begins."""
    value = 0
    for place in range(begin, min(begin + 8, len(data))):
        byte = data[place]
        if byte < 0x80:
            return value << 7 | byte, place + 1
        value = value << 7 | byte & 0x7F
    last = begin + 8
    return (value << 8 | data[last], last + 1) if last < len(data) else (value, len(data))


def _values(record: bytes) -> list[Any]:
    """The values of a record, None for those that are cut off; no value at all if it is no record."""
    head, place = _varint(record, 0)
    if not place <= head <= len(record):
        return []
    begin, end = head, len(record)
    values: list[Any] = []
    while place < head and len(values) < _MOST_COLUMNS:
        kind = record[place]
        place += 1
        if kind >= 0x80:
            kind, place = _varint(record, place - 1)
        width = _WIDTHS[kind] if kind < 12 else (kind - 12) >> 1
        begin += width
        values.append(_value(kind, record[begin - width : begin]) if begin <= end else None)
    return values


def _value(kind: int, data: bytes) -> Any:
    if kind >= 12:
        return data.decode("utf-8", "replace") if kind & 1 else data
    if kind == 0 or kind > 9:
        return None
    if kind >= 8:
        return kind - 8
    return _FLOAT.unpack(data)[0] if kind == 7 else int.from_bytes(data, signed=True)
