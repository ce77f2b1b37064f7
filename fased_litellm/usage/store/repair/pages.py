"""The pages of a damaged SQLite file, as they lie on the disk: SQLite itself gives none of them where one thing is wrong.

The format: https://www.sqlite.org/fileformat2.html. What its log (the ``-wal`` file) holds takes the place of older pages.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

from .... import plainfile

TABLE_LEAF, INDEX_LEAF = 0x0D, 0x0A
KINDS = frozenset((0x02, 0x05, INDEX_LEAF, TABLE_LEAF))
"""First bytes of pages that are nodes of a tree."""

_SIZES = tuple(1 << power for power in range(9, 17))
_USUAL = 8192
_LOOKED_AT = 16 << 20
"""Bytes by which the size of a page is guessed, where at least so many pages are found:"""
_ENOUGH = 4
_WAL_HEAD, _FRAME_HEAD = 32, 24
_WAL_MAGIC = {0x377F0682: "little", 0x377F0683: "big"}
_LONGEST = 1 << 20
"""Bytes of a row: one that claims to be longer is damaged, and what follows it on other pages is not looked for."""

_kept_open: list[int] = []
# Within a process, closing a file takes away the locks that SQLite holds on it through a connection of its own. A ledger is
# damaged once, not all the time, so these files stay open.


def head_of(path: Path) -> bytes:
    """The first 100 bytes of a file, which describe it; none if it cannot be read."""
    try:
        file = plainfile.open_file(path)
    except OSError:
        return b""
    _kept_open.append(file)
    return os.pread(file, 100, 0)


class Pages:
    """The pages of a file. Nothing here raises for what the file holds.

    Args:
        path: of the file.

    Raises:
        OSError: it cannot be opened or read.
    """

    def __init__(self, path: Path) -> None:
        self._file = plainfile.open_file(path)
        _kept_open.append(self._file)
        self._length = os.fstat(self._file).st_size
        self._log, self._log_length = self._open_log(Path(f"{path}-wal"))
        head = self._log_head()
        self.size = head[0] if head else self._guess_size()
        self._newer: dict[int, int] = {}
        self._beside: list[int] = []
        if head:
            self._read_log(*head)

    def __iter__(self) -> Iterator[bytes]:
        """All pages but the first, which has no rows but those that describe the tables; the last one, if it was cut, filled
        with zeros. Then those of the log that belong to no transaction which is known to be whole."""
        count = max(-(-self._length // self.size), max(self._newer, default=0))
        for number in range(2, count + 1):
            page = self.page(number)
            if page is not None:
                yield page
        for place in self._beside:
            yield self._at(self._log, place)

    def page(self, number: int) -> bytes | None:
        """A page by its number, from 1; None if there is none."""
        if (place := self._newer.get(number)) is not None:
            return self._at(self._log, place)
        begin = (number - 1) * self.size
        if number < 1 or begin >= self._length:
            return None
        return self._at(self._file, begin)

    def payload(self, page: bytes, begin: int, length: int, longest: int) -> bytes:
        """The bytes of a row, of which long ones go on on other pages; fewer where these are gone.

        Args:
            page: on which it begins, at ``begin``.
            length: how long it claims to be.
            longest: so long a row stands on one page.
        """
        if length <= longest:
            return page[begin : begin + length]
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        if here > longest:
            here = least
        found = page[begin : begin + here]
        following = int.from_bytes(page[begin + here : begin + here + 4])
        length = min(length, _LONGEST)
        while len(found) < length and following:
            more = self.page(following)
            if more is None:
                break
            found += more[4:]
            following = int.from_bytes(more[:4])
        return found[:length]

    def _at(self, file: int, place: int) -> bytes:
        return os.pread(file, self.size, place).ljust(self.size, b"\0")

    # ---- the size of a page

    def _guess_size(self) -> int:
        """The largest size at whose places pages begin; what the file says of it may be damaged."""
        found = {size: self._begun(size) for size in _SIZES}
        most = max(found.values())
        if most >= _ENOUGH:
            # Smaller ones begin where pages begin, too; larger ones miss half of them.
            return max(size for size in _SIZES if found[size] >= most * 0.9)
        told = int.from_bytes(os.pread(self._file, 2, 16))
        return told if told in _SIZES else _USUAL

    def _begun(self, size: int) -> int:
        """At how many places where pages of that size would begin one seems to."""
        places = range(size, min(self._length, _LOOKED_AT), size)
        return sum(_is_node(os.pread(self._file, 8, place), size) for place in places)

    # ---- the log

    @staticmethod
    def _open_log(path: Path) -> tuple[int, int]:
        try:
            log = plainfile.open_file(path)
        except OSError:
            return -1, 0
        _kept_open.append(log)
        return log, os.fstat(log).st_size

    def _log_head(self) -> tuple[int, bytes, str] | None:
        head = os.pread(self._log, _WAL_HEAD, 0) if self._log_length > _WAL_HEAD else b""
        order = _WAL_MAGIC.get(int.from_bytes(head[:4]))
        size = int.from_bytes(head[8:12])
        if order is None or size not in _SIZES or _checksum(head[:24], (0, 0), order) != _pair(head[24:32]):
            return None
        return size, head, order

    def _read_log(self, size: int, head: bytes, order: str) -> None:
        """What SQLite would take of the log; what comes behind damage in it stands beside."""
        sums: tuple[int, int] | None = _pair(head[24:32])
        pending: dict[int, int] = {}
        for begin in range(_WAL_HEAD, self._log_length - _FRAME_HEAD, _FRAME_HEAD + size):
            frame = os.pread(self._log, _FRAME_HEAD + size, begin)
            if frame[8:16] != head[16:24]:  # of an earlier round of the log: its pages are in the file
                break
            if sums is not None and len(frame) == _FRAME_HEAD + size:
                sums = _checksum(frame[_FRAME_HEAD:], _checksum(frame[:8], sums, order), order)
                if sums != _pair(frame[16:24]):
                    sums = None
            else:
                sums = None
            if sums is None:
                self._beside.append(begin + _FRAME_HEAD)
                continue
            pending[int.from_bytes(frame[:4])] = begin + _FRAME_HEAD
            if int.from_bytes(frame[4:8]):  # the last one of a transaction
                self._newer |= pending
                pending = {}
        self._beside += pending.values()


def _is_node(head: bytes, size: int) -> bool:
    """Whether a page begins so that it may be a node of a tree with entries."""
    if len(head) < 8 or head[0] not in KINDS:
        return False
    entries, content = int.from_bytes(head[3:5]), int.from_bytes(head[5:7]) or 65536
    return entries > 0 and 8 + 2 * entries <= content <= size


def _pair(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[:4]), int.from_bytes(data[4:])


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """The log's checksum: two sums over pairs of numbers of 32 bits."""
    words = array("I", data)
    if sys.byteorder != order:
        words.byteswap()
    first, second = sums
    for place in range(0, len(words), 2):
        first = (first + words[place] + second) & 0xFFFFFFFF
        second = (second + words[place + 1] + first) & 0xFFFFFFFF
    return first, second
