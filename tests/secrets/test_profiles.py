from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import SecretStoreError
from fased_litellm.secrets import profile_file
from fased_litellm.secrets.profiles import ProfileStore, overlay, parse, read, upsert_api_key

KEY = "sk-test-0123456789abcdef"
ENV_REF = {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"}


def store_of(tree: Any, path: Path = Path("auth-profiles.json")) -> ProfileStore:
    return parse(path, json.dumps(tree).encode())


def profile(entry: Any) -> Any:
    return store_of({"profiles": {"litellm:default": entry}}).profiles.get("litellm:default")


@pytest.mark.parametrize(
    ("entry", "value", "ref"),
    [
        ({"type": "api_key", "provider": "litellm", "key": KEY}, KEY, None),
        ({"mode": "api_key", "provider": "litellm", "key": KEY}, KEY, None),
        ({"type": "api_key", "provider": "LiteLLM ", "apiKey": f" {KEY}\n"}, KEY, None),
        ({"type": "api_key", "provider": "litellm", "key": "${LITELLM_API_KEY}"}, None, ENV_REF),
        ({"type": "api_key", "provider": "litellm", "keyRef": ENV_REF}, None, ENV_REF),
        ({"type": "api_key", "provider": "litellm", "key": KEY, "keyRef": ENV_REF}, None, ENV_REF),
        (
            {"type": "api_key", "provider": "litellm", "keyRef": {"source": "env", "id": "LITELLM_API_KEY"}},
            None,
            ENV_REF,
        ),
        ({"type": "api_key", "provider": "litellm", "key": dict(ENV_REF)}, None, ENV_REF),
        ({"type": "token", "provider": "litellm", "token": KEY}, KEY, None),
        ({"type": "token", "provider": "litellm", "tokenRef": ENV_REF}, None, ENV_REF),
        ({"type": "oauth", "provider": "litellm", "access": KEY, "refresh": "r", "expires": 1}, KEY, None),
    ],
)
def test_an_entry_is_read_in_each_spelling(entry: Any, value: str | None, ref: Any) -> None:
    credential = profile(entry)
    assert (credential.value, credential.ref, credential.provider) == (value, ref, "litellm")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "sk-test-000000",
        [],
        {},
        {"type": "password", "provider": "litellm", "key": KEY},
        {"type": "api_key", "key": KEY},
        {"type": "api_key", "provider": " ", "key": KEY},
        {"type": ["api_key"], "provider": "litellm"},
    ],
)
def test_an_entry_that_makes_no_sense_is_passed_over_and_kept(entry: Any) -> None:
    store = store_of({"version": 1, "profiles": {"broken": entry}})
    assert not store.profiles
    after = json.loads(upsert_api_key(store, "litellm:default", provider="litellm", key=KEY).after)
    assert after["profiles"]["broken"] == entry


def test_only_a_whole_variable_is_a_reference() -> None:
    assert profile({"type": "api_key", "provider": "litellm", "key": "x-${A}"}).value == "x-${A}"
    assert profile({"type": "api_key", "provider": "litellm", "keyRef": {"source": "vault", "id": "x"}}).ref is None


def test_a_token_ends() -> None:
    token = profile({"type": "token", "provider": "litellm", "token": KEY, "expires": 1000})
    assert token.usable(999)
    assert not token.usable(1000)
    assert not profile({"type": "api_key", "provider": "litellm", "key": "  "}).usable(0)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{\n  "profiles": {\n    "a": ,\n', ":3:10:"),
        (b"", ":1:1:"),
        (b'{"profiles": []}', "needs an object"),
        (b"[1]", "needs an object"),
        (b'{"profiles": {}}\n\xff', ":2: not valid UTF-8"),
        (b'{"profiles": {"a": NaN}}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
    ],
)
def test_a_broken_file_is_named_by_line_and_never_overwritten(tmp_path: Path, data: bytes, place: str) -> None:
    path = tmp_path / "auth-profiles.json"
    path.write_bytes(data)
    with pytest.raises(SecretStoreError) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert place in caught.value.message
    assert path.read_bytes() == data


def test_the_error_for_a_broken_file_quotes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "auth-profiles.json"
    path.write_text('{"profiles": {"litellm:default": {"key": "' + KEY + '"')
    with pytest.raises(SecretStoreError) as caught:
        read(path)
    assert KEY not in f"{caught.value.as_dict()}{caught.value!r}"


def test_a_missing_file_is_an_empty_store(tmp_path: Path) -> None:
    store = read(tmp_path / "none.json")
    assert not store.exists
    assert not store.profiles


def test_representations_hide_every_secret() -> None:
    store = store_of({"profiles": {"litellm:default": {"type": "api_key", "provider": "litellm", "key": KEY}}})
    change = upsert_api_key(store, "litellm:default", provider="litellm", key=KEY + "new")
    assert KEY not in repr(store) + repr(store.profiles) + repr(change)


def test_mains_file_is_the_base_and_the_agent_wins() -> None:
    main = store_of(
        {
            "profiles": {
                "litellm:default": {"type": "api_key", "provider": "litellm", "key": "sk-test-main00"},
                "openai:default": {"type": "api_key", "provider": "openai", "key": "sk-test-openai"},
            },
            "order": {"litellm": ["litellm:default"], "openai": ["openai:default"]},
            "usageStats": {"litellm:default": {"lastUsed": 5}},
        },
        Path("main.json"),
    )
    own = store_of(
        {
            "profiles": {"litellm:default": {"type": "api_key", "provider": "litellm", "key": "sk-test-own000"}},
            "order": {"litellm": ["litellm:team"]},
        },
        Path("own.json"),
    )
    view = overlay(main, own)
    assert view.path == Path("own.json")
    assert view.profiles["litellm:default"].value == "sk-test-own000"
    assert view.profiles["openai:default"].value == "sk-test-openai"
    assert view.order("litellm") == ["litellm:team"]
    assert view.order("openai") == ["openai:default"]
    assert view.last_used_ms("litellm:default") == 5


def test_the_base_alone_is_seen_where_the_agent_has_no_file(tmp_path: Path) -> None:
    main = store_of({"profiles": {"litellm:default": {"type": "api_key", "provider": "litellm", "key": KEY}}})
    view = overlay(main, read(tmp_path / "own.json"))
    assert view.profiles["litellm:default"].value == KEY
    assert view.path == tmp_path / "own.json"


# ---- changing

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    rest=st.dictionaries(st.text().filter(lambda key: key != "profiles"), _json, max_size=4),
    others=st.dictionaries(st.text().filter(lambda key: key != "litellm:default"), _json, max_size=3),
)
def test_an_upsert_keeps_everything_else(rest: dict[str, Any], others: dict[str, Any]) -> None:
    store = store_of({**rest, "profiles": others})
    change = upsert_api_key(store, "litellm:default", provider="litellm", key=KEY)
    after = json.loads(change.after)
    added = after["profiles"].pop("litellm:default")
    assert added == {"type": "api_key", "provider": "litellm", "key": KEY}
    assert after == {"version": 1, **rest, "profiles": others}
    again = upsert_api_key(parse(store.path, change.after), "litellm:default", provider="litellm", key=KEY)
    assert not again.changed


def test_half_of_a_character_survives() -> None:
    store = store_of({"profiles": {}, "note": "\ud800x"})
    change = upsert_api_key(store, "litellm:default", provider="litellm", key=KEY)
    assert json.loads(change.after)["note"] == "\ud800x"


def test_the_shape_is_that_of_fased(tmp_path: Path) -> None:
    change = upsert_api_key(read(tmp_path / "a.json"), "litellm:default", provider="litellm", ref=ENV_REF)
    assert change.before is None
    assert change.after.decode() == (
        '{\n  "version": 1,\n  "profiles": {\n    "litellm:default": {\n      "type": "api_key",\n'
        '      "provider": "litellm",\n      "keyRef": {\n        "source": "env",\n        "provider": "default",\n'
        '        "id": "LITELLM_API_KEY"\n      }\n    }\n  }\n}\n'
    )


def test_a_reference_takes_the_place_of_the_key_and_other_fields_stay() -> None:
    entry = {"mode": "api_key", "provider": "litellm", "apiKey": KEY, "email": "me@example.org", "metadata": {"a": "b"}}
    change = upsert_api_key(
        store_of({"profiles": {"litellm:default": entry}}), "litellm:default", provider="litellm", ref=ENV_REF
    )
    assert KEY.encode() not in change.after
    assert json.loads(change.after)["profiles"]["litellm:default"] == {
        "type": "api_key",
        "provider": "litellm",
        "keyRef": ENV_REF,
        "email": "me@example.org",
        "metadata": {"a": "b"},
    }


@pytest.mark.parametrize("entry", [{"mode": "api_key", "provider": "litellm", "apiKey": KEY}, {"key": KEY}])
def test_the_same_key_in_another_spelling_is_left_alone(entry: dict[str, Any]) -> None:
    whole = {"type": "api_key", "provider": "litellm", **entry}
    store = store_of({"profiles": {"litellm:default": whole}})
    assert not upsert_api_key(store, "litellm:default", provider="litellm", key=KEY).changed


def test_key_and_reference_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either"):
        upsert_api_key(read(tmp_path / "a"), "p", provider="litellm")


# ---- writing


def change_for(path: Path, key: str = KEY) -> Any:
    return upsert_api_key(read(path), "litellm:default", provider="litellm", key=key)


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "agents" / "main" / "agent" / "auth-profiles.json"
    old_umask = os.umask(0)
    try:
        assert profile_file.commit(change_for(path), {})
    finally:
        os.umask(old_umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["auth-profiles.json"]
    assert read(path).profiles["litellm:default"].value == KEY


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "auth-profiles.json"
    profile_file.commit(change_for(path), {})
    before = path.stat().st_mtime_ns
    assert not profile_file.commit(change_for(path), {"FASED_AUTH_STORE_READONLY": "1"})
    assert path.stat().st_mtime_ns == before


def test_a_read_only_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "auth-profiles.json"
    with pytest.raises(SecretStoreError, match="FASED_AUTH_STORE_READONLY"):
        profile_file.commit(change_for(path), {"FASED_AUTH_STORE_READONLY": "1"})
    assert not path.exists()


def test_a_change_by_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "auth-profiles.json"
    change = change_for(path)
    path.write_text('{"profiles": {}}')
    with pytest.raises(SecretStoreError, match="changed by another program"):
        profile_file.commit(change, {})
    assert path.read_text() == '{"profiles": {}}'
    assert not (tmp_path / "auth-profiles.json.lock").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    change = upsert_api_key(ProfileStore(folder / "auth-profiles.json"), "a", provider="litellm", key=KEY)
    with pytest.raises(SecretStoreError, match="Cannot write"):
        profile_file.commit(change, {})


def test_of_many_writers_at_once_one_wins_and_the_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "auth-profiles.json"
    changes = [change_for(path, f"sk-test-writer-{number}") for number in range(8)]
    outcomes: list[str] = []

    def write(change: Any) -> None:
        try:
            profile_file.commit(change, {})
            outcomes.append("written")
        except SecretStoreError:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 7 + ["written"]
    assert path.read_bytes() in [change.after for change in changes]
