from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from fased_litellm.doctor.verify.progress import Seen, VerifyProgress, evidence, following

URL = "http://127.0.0.1:4000"


def names(path: Path, url: str = URL) -> list[str]:
    return [rung.name for rung in VerifyProgress(path, url).now() if rung.reached]


@pytest.mark.parametrize("seen", [Seen(database=False), Seen(kind="only-master")])
def test_without_a_database_nothing_is_recommended_that_needs_one(seen: Seen, tmp_path: Path) -> None:
    ladder = VerifyProgress(tmp_path / "ladder.json", URL)
    ladder.climb(Seen(verified=("a", "b")))
    rungs = ladder.climb(seen)
    named = following(rungs)
    assert named is not None
    assert named.name == "fallback"
    assert [rung.name for rung in rungs if rung.command is None] == ["virtual-key", "budget"]
    assert all("database" in rung.title for rung in rungs if rung.command is None)
    # What was reached with another key stays reached.
    ladder.climb(Seen(kind="virtual", database=True))
    assert next(rung for rung in ladder.climb(seen) if rung.name == "virtual-key").reached


def test_the_ladder_grows_and_does_not_shrink(tmp_path: Path) -> None:
    path = tmp_path / "own" / "ladder.json"
    ladder = VerifyProgress(path, URL)
    assert following(ladder.now()).name == "alias"  # type: ignore[union-attr]
    assert [rung.name for rung in ladder.climb(Seen(verified=("default",))) if rung.reached] == ["alias"]
    ladder.climb(Seen(verified=("strong",), kind="virtual"))
    assert names(path) == ["alias", "second-alias", "virtual-key"]
    first = json.loads(path.read_text())["proxies"][URL]["rungs"]["alias"]
    ladder.climb(Seen(kind="master", budget="$5.00"))
    assert names(path) == ["alias", "second-alias", "virtual-key", "budget"]
    assert json.loads(path.read_text())["proxies"][URL]["rungs"]["alias"] == first
    rungs = ladder.climb(Seen(stand_ins={"default": ("gone", "strong")}))
    assert following(rungs) is None
    assert rungs[-1].evidence == "litellm/strong stands in for litellm/default; both are verified"
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_proxy_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "ladder.json"
    VerifyProgress(path, URL).climb(Seen(verified=("default",)))
    assert names(path, "https://other.example") == []


@pytest.mark.parametrize(
    "seen",
    [
        Seen(stand_ins={"default": ("strong",)}),
        Seen(verified=("strong",), stand_ins={"default": ("strong",)}),
        Seen(verified=("default",), stand_ins={"default": ("strong",)}),
    ],
)
def test_a_fallback_needs_both_sides(seen: Seen) -> None:
    assert "fallback" not in evidence(seen, seen.verified)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"proxies": 3}', '{"proxies": {"x": {"verified": [1], "rungs": {}}}}']
)
def test_a_file_of_nonsense_counts_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ladder.json"
    path.write_text(text)
    VerifyProgress(path, URL).climb(Seen(verified=("default",)))
    assert names(path) == ["alias"]


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ladder.json"
    threads = [
        threading.Thread(target=VerifyProgress(path, f"http://127.0.0.1:{n}").climb, args=(Seen(verified=("a", "b")),))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(names(path, f"http://127.0.0.1:{n}") == ["alias", "second-alias"] for n in range(8))
