"""Zstandard, in which newer releases of the agent's upstream keep large events and transcripts that were put aside.

Python has it from 3.14 on; before, ``backports.zstd`` is the same module.
"""

from __future__ import annotations

import importlib
from typing import Any


class Missing(Exception):
    """This Python has no Zstandard; the text says what to install."""

    def __init__(self) -> None:
        super().__init__("compressed with zstd: install backports.zstd to read it")


def decompress(data: bytes, longest: int) -> bytes:
    """What was compressed.

    Args:
        data: one or several frames.
        longest: so many bytes may come of it.

    Raises:
        Missing: as said there.
        ValueError: it is damaged, or longer.
    """
    module = _module()
    parts: list[bytes] = []
    left = longest
    while data:
        decompressor = module.ZstdDecompressor()
        try:
            part: bytes = decompressor.decompress(data, max_length=left + 1)
        except module.ZstdError as error:
            raise ValueError("its compression is damaged") from error
        left -= len(part)
        if left < 0:
            raise ValueError(f"longer than {longest // 1024**2} MiB")
        if not decompressor.eof:
            raise ValueError("its compression is damaged")
        parts.append(part)
        data = decompressor.unused_data
    return b"".join(parts)


def _module() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise Missing
