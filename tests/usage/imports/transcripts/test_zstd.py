from __future__ import annotations

import pytest

from fased_litellm.usage.imports.transcripts import zstd
from tests.usage.imports.agentdb import compress


def test_frames_one_after_the_other() -> None:
    assert zstd.decompress(compress(b"abc" * 1000), 3000) == b"abc" * 1000
    assert zstd.decompress(compress(b"abc") + compress(b"def"), 6) == b"abcdef"
    assert zstd.decompress(compress(b""), 0) == b""


@pytest.mark.parametrize("data", [b"x", compress(b"abc")[:-2], compress(b"abc") + b"rest"])
def test_what_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match="its compression is damaged"):
        zstd.decompress(data, 100)


def test_a_bomb_is_not_unfolded() -> None:
    with pytest.raises(ValueError, match="longer than 1 MiB"):
        zstd.decompress(compress(bytes(32 * 1024**2)), 1024**2)


def test_python_may_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", never)
    with pytest.raises(zstd.Missing, match=r"install backports\.zstd"):
        zstd.decompress(b"", 1) or zstd.decompress(compress(b"x"), 1)
