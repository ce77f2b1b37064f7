"""Configs that somebody made to break a parser, and one that is merely large: a clear error or the right answer, in a short time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fased_litellm.config import load, save
from fased_litellm.config.edits import Edit
from fased_litellm.config.files.readfile import MAX_CONFIG_BYTES
from fased_litellm.errors import ConfigError, ConfigSyntaxError
from fased_litellm.paths import Paths

BASE_URL = ("models", "providers", "litellm", "baseUrl")


@pytest.fixture
def paths(tmp_path):
    return Paths(state=tmp_path, config=tmp_path / "fased.json", home=tmp_path)


def _load(paths, data: bytes | str):
    paths.config.write_bytes(data if isinstance(data, bytes) else data.encode())
    return load.load(paths, {})


def _edited(paths, data: bytes | str, *edits: Edit) -> bytes:
    save.commit(save.plan(_load(paths, data), edits))
    return bytes(paths.config.read_bytes())


def test_200_kb_of_comments_stay_byte_by_byte(paths):
    comments = [
        f"    // line {number}: \"quotes\", 'more', {{ braces }}, */ and // again, é, \U0001f600"
        for number in range(1600)
    ]
    comments += [f"    /* block {number}\n       * with: [lines], \t and\r\n a CRLF */" for number in range(1600)]
    half = len(comments) // 2
    text = (
        "\ufeff// the main path\n{\n  models: {\n"
        + "\n".join(comments[:half])
        + "\n    providers: { litellm: { baseUrl: 'http://localhost:4000', models: [], }, },\n"
        + "\n".join(comments[half:])
        + "\n  },\n  agents: { defaults: { model: 'litellm/default' } }, // end\n}\n/* after */"
    )
    assert len(text.encode()) > 200_000
    snapshot = _load(paths, text)
    assert snapshot.valid
    assert snapshot.value["models"]["providers"]["litellm"]["baseUrl"] == "http://localhost:4000"
    assert _edited(paths, text, Edit(BASE_URL, "http://localhost:4001")) == text.replace(":4000", ":4001").encode()
    assert _edited(paths, text, Edit(("agents", "defaults", "model"), "litellm/x")) == (
        text.replace("litellm/default", "litellm/x").encode()
    )
    both = _edited(paths, text, Edit((*BASE_URL[:-1], "authHeader"), True), Edit(("gateway",), {"port": 1}))
    assert (
        both
        == (
            text.replace("models: [], }", "models: [], authHeader: true, }").replace(
                "} }, // end\n", "} }, // end\n  gateway: { port: 1 },\n"
            )
        ).encode()
    )


@pytest.mark.parametrize("opening", ["[", '{"a":', "{a:[", "/**/["])
@pytest.mark.parametrize("closed", [False, True])
def test_deep_nesting_is_an_error_with_its_place(paths, opening, closed):
    text = '{"x": ' + opening * 10_000 + ("]" * 10_000 if closed else "")
    with pytest.raises(ConfigSyntaxError, match=r"fased\.json:1:\d+: (nested deeper than 64 levels|expected)"):
        _load(paths, text)


@pytest.mark.parametrize("filler", [b" ", b"[", b"//", b"\x00", b"'", b"\\"])
def test_a_file_of_50_mb_is_refused_unread(paths, filler):
    with open(paths.config, "wb") as file:
        file.writelines(filler * (1024 * 1024 // len(filler)) for _ in range(50))
    with pytest.raises(ConfigError, match=rf"has {50 * 1024 * 1024} bytes; at most {MAX_CONFIG_BYTES} are read"):
        load.load(paths, {})


def test_a_file_that_is_as_large_as_it_may_be_is_read(paths):
    text = "{ a: 1 } //" + "x" * (MAX_CONFIG_BYTES - 11)
    assert _load(paths, text).value == {"a": 1}
    broken = "{ a: 1 } /*" + "x" * (MAX_CONFIG_BYTES - 11)
    with pytest.raises(ConfigSyntaxError, match="does not end"):
        _load(paths, broken)


def test_proto_is_a_key_like_any_other_and_reaches_nothing(paths):
    text = "{ __proto__: { valid: false }, constructor: { prototype: 1 }, a: { '__proto__': 2 } }"
    snapshot = _load(paths, text)
    assert snapshot.value["__proto__"] == {"valid": False}
    assert type(snapshot.value) is dict
    assert _edited(paths, text, Edit(("b",), 1)) == text.replace("2 } }", "2 }, b: 1 }").encode()


def test_half_a_surrogate_pair(paths):
    text = r'{ a: "\ud83d", b: "\ude00\ud83d", c: "\ud83d\ude00" }'
    snapshot = _load(paths, text)
    assert snapshot.value == json.loads(text.replace("a:", '"a":').replace("b:", '"b":').replace("c:", '"c":')) | {
        "c": "\ud83d\ude00"
    }
    assert _edited(paths, text, Edit(("d",), "\ud83d")) == (text[:-2] + r', d: "\ud83d" }').encode()
    with pytest.raises(ConfigError, match="is not UTF-8"):
        _load(paths, b'{ a: "\xed\xa0\xbd" }')


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xef\xbb\xbf{ a: 1 }", {"a": 1}),
        (b"{\r\n a: 1,\r\n}\r\n", {"a": 1}),
        (b"{\r a: 1 // x\r, b: 2 }", {"a": 1, "b": 2}),
        (b"{ a: 'x\\\r\ny' }", {"a": "xy"}),
        (b"{ a: 'x\x00y' }", {"a": "x\x00y"}),
        (b"{ a: '\\0\\x00' }", {"a": "\x00\x00"}),
        ("{ a: '\u2028', \u2029b: 1 }".encode(), {"a": "\u2028", "b": 1}),
    ],
)
def test_odd_characters_that_json5_allows(paths, data, value):
    assert _load(paths, data).value == value
    changed = _edited(paths, data, Edit(("zz",), 1))
    assert load.load(paths, {}).value == {**value, "zz": 1}
    rest = iter(changed)
    assert all(byte in rest for byte in data)  # every old byte is there still, in its order


@pytest.mark.parametrize(
    "data", [b"\x00", b"{ a\x00: 1 }", b"{ a: 1 }\x00", b"{ \xef\xbb\xbf", b"", b"\xff\xfe{\x00}\x00"]
)
def test_odd_characters_that_it_does_not(paths, data):
    with pytest.raises(ConfigError) as caught:
        _load(paths, data)
    assert str(paths.config) in caught.value.message


def test_a_bomb_of_includes_ends(paths):
    for level in range(9):
        names = ", ".join([f"'./l{level + 1}.json5'"] * 10)
        (paths.state / f"l{level}.json5").write_text(f"{{ $include: [{names}] }}")
    (paths.state / "l9.json5").write_text("{ a: [1] }")
    snapshot = _load(paths, "{ $include: './l0.json5' }")
    assert any("More than 1000 includes" in issue.message for issue in snapshot.issues)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_file_is_not_waited_for(paths):
    os.mkfifo(paths.config)
    with pytest.raises(ConfigError, match="not a regular file"):
        load.load(paths, {})
    paths.config.unlink()
    paths.config.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="not a regular file"):
        load.load(paths, {})
    paths.config.unlink()
    Path(paths.config).mkdir()
    with pytest.raises(ConfigError, match="folder"):
        load.load(paths, {})
