"""Bytes which are nearly what a reader expects: any at all, any JSON, and sound content that was changed in some places."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

DEEP = 200_000

WORDS: list[Any] = [
    *[None, True, False, 0, 1, -1, 2, 3.5, -0.0, 1e308, 1e-320, 10**18, 2**53, 2**63, 2**64, -(2**63), 10**400],
    *[
        "",
        " ",
        "0",
        "-1",
        "1_0",
        "NaN",
        "null",
        "x",
        "é",
        "\x00",
        "\x1b]52;c;x\x07",
        "\ud800",
        "\udfff\ud800",
        "\u202e",
    ],
    *["x" * 600, "9" * 5000, "2026-11-21T00:00:00Z", "2026-11-21T00:00:00", "9999-12-31T23:59:59.999999-23:59"],
    *["0001-01-01T00:00:00+23:59", "1e999999999", "../../etc/passwd", "/proc/self/mem", "~", "__proto__", "a/b"],
    *[[], {}, [[]], [None], {"": None}, {"x": {"x": []}}, ["x"] * 300],
]
PIECES = [
    *[b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\n", b"\r", b"\0", b" ", b"-", b"."],
    *[
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"null",
        b"true",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\x1b[",
    ],
    *[
        b"[" * DEEP,
        b'{"a":' * DEEP,
        b"[" * 500 + b"]" * 500,
        b'"' + b"x" * 10_000 + b'"',
        b"\xfe\xff\x00{",
        b"\xc0\x80",
    ],
]


def mutant(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Content for a reader whose sound content is like ``seeds``."""
    kind = chance.randrange(20)
    if kind == 0:
        return chance.randbytes(chance.choice((0, 1, 2, 7, 40, 400)))
    if kind == 1:
        return _dumped(any_json(chance, 4), chance)
    if kind == 2:
        return b"".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 6)))
    seed = chance.choice(seeds)
    if kind < 14 and (changed := _as_json(seed, chance)) is not None:
        return changed
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        seed = _spliced(seed, seeds, chance)
    return seed


def any_json(chance: random.Random, depth: int) -> Any:
    """Any value of JSON."""
    kind = chance.randrange(6) if depth else 0
    if kind <= 2:
        return copy.deepcopy(chance.choice(WORDS))  # its parts may be changed
    if kind == 3:
        return [any_json(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {str(chance.choice(WORDS))[:20]: any_json(chance, depth - 1) for _ in range(chance.randrange(4))}


def _as_json(seed: bytes, chance: random.Random) -> bytes | None:
    """Change values, names and places in the tree of a JSON text, or in one of its lines; None if it is none."""
    lines = seed.split(b"\n")
    try:
        tree = json.loads(seed)
    except ValueError:
        number = chance.randrange(len(lines))
        try:
            tree = json.loads(lines[number])
        except ValueError:
            return None
        lines[number] = _dumped(_changed(tree, chance), chance)
        return b"\n".join(lines)
    return _dumped(_changed(tree, chance), chance)


def _changed(tree: Any, chance: random.Random) -> Any:
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places: list[tuple[Any, Any]] = [([tree], 0)]
        _places(tree, places)
        holder, key = chance.choice(places)
        if isinstance(holder, dict):
            _change_entry(holder, key, chance)
        elif holder[key] is tree:
            tree = _other(tree, chance)
        else:
            holder[key] = _other(holder[key], chance)
    return tree


def _change_entry(holder: dict[str, Any], key: str, chance: random.Random) -> None:
    kind = chance.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[str(chance.choice(WORDS))[:20]] = holder.pop(key)
    elif kind == 2:
        holder[f"{key}x"] = holder[key]
    else:
        holder[key] = _other(holder[key], chance)


def _other(value: Any, chance: random.Random) -> Any:
    kind = chance.randrange(10)
    if kind == 0:
        return [value]
    if kind == 1:
        return {"x": value}
    if kind == 2:
        return str(value)
    if kind == 3 and isinstance(value, (int, float)) and not isinstance(value, bool):
        return -value if chance.random() < 0.5 else value * 10 ** chance.randrange(30)
    if kind == 4 and isinstance(value, list):
        return value * chance.choice((0, 2, 300))
    if kind == 5:
        return any_json(chance, 3)
    return copy.deepcopy(chance.choice(WORDS))


def _places(value: Any, found: list[tuple[Any, Any]]) -> None:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        found.append((value, key))
        _places(inner, found)


def _dumped(value: Any, chance: random.Random) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=chance.choice(((",", ":"), (", ", ": "))))
    return text.encode("utf-8", "surrogatepass")


def _spliced(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 5, 40)))
    ways: list[Callable[[], bytes]] = [
        lambda: data[:start] + chance.choice(PIECES) + data[start:],
        lambda: data[:start] + chance.choice(PIECES) + data[end:],
        lambda: data[:start] + data[end:],
        lambda: data[:start],
        lambda: data[:start] + data[start:end] * chance.choice((2, 3, 1000)) + data[end:],
        lambda: data[:start] + (other := chance.choice(seeds))[chance.randrange(len(other) + 1) :],
        lambda: data[:start] + bytes((chance.randrange(256),)) + data[start + 1 :],
        lambda: data[:start] + chance.randbytes(end - start) + data[end:],
    ]
    return chance.choice(ways)()
