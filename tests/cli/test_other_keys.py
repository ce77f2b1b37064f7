"""More keys than one: which is used, which is not, and what is said when the one in use is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.cli import main
from tests.keys.standin import KEY, StandIn

OLD = "sk-test-old-000000001111"
OTHER = "sk-test-other-00002222"
QUIET = ["onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"]


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default"]) as standin:
        yield standin


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(list(words))
    printed = capsys.readouterr()
    text = printed.out + printed.err
    for key in (OLD, OTHER, KEY):
        assert key not in text
    return status, text


def stored(home: Path, url: str, key: str | None, in_config: str | None = None) -> None:
    state = home / ".fased"
    state.mkdir(exist_ok=True)
    entry = {"baseUrl": url, "request": {"allowPrivateNetwork": True}, "models": []}
    if in_config is not None:
        entry["apiKey"] = in_config
    (state / "fased.json").write_text(json.dumps({"models": {"providers": {"litellm": entry}}}))
    if key is not None:
        folder = state / "agents" / "main" / "agent"
        folder.mkdir(parents=True)
        profile = {"type": "api_key", "provider": "litellm", "key": key}
        (folder / "auth-profiles.json").write_text(json.dumps({"version": 1, "profiles": {"litellm:default": profile}}))


def test_a_stored_key_that_shadows_a_newer_one(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(home, proxy.url, OLD)
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    said = "The key in use is sk-…1111 from the profile litellm:default; another one, which is not used, is sk-…0001 in LITELLM_API_KEY"
    command = "fased litellm key set --from-env LITELLM_API_KEY --key-storage profile"
    for words in (["providers", "refresh"], ["litellm", "verify"], ["litellm", "doctor"], []):
        _, text = run(capsys, *words)
        assert said in text, words
        assert command in text, words
        assert "Check LITELLM_API_KEY" not in text, words
    _, text = run(capsys, "litellm", "doctor", "--json")
    codes = {finding["code"] for finding in json.loads(text)["findings"]}
    assert {"key-shadowed", "key-refused"} <= codes
    assert run(capsys, *command.split()[1:])[0] == 0  # the remedy is one
    assert run(capsys, "providers", "refresh")[0] == 0
    _, text = run(capsys, "litellm", "doctor", "--json")
    assert not {"key-shadowed", "key-refused"} & {finding["code"] for finding in json.loads(text)["findings"]}


def test_the_environment_shadows_a_key_in_the_config(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(home, proxy.url, None, in_config=KEY)
    monkeypatch.setenv("LITELLM_API_KEY", OLD)
    status, text = run(capsys, "providers", "refresh")
    assert status == 1
    assert "The key in use is sk-…1111 from LITELLM_API_KEY" in text
    assert "sk-…0001 in models.providers.litellm.apiKey. To use that, unset LITELLM_API_KEY." in text
    monkeypatch.delenv("LITELLM_API_KEY")
    assert run(capsys, "providers", "refresh")[0] == 0


def test_onboarding_takes_the_environment_first_and_names_the_stored_key(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(home, proxy.url, KEY)
    monkeypatch.setenv("LITELLM_API_KEY", OLD)
    status, text = run(capsys, *QUIET)
    assert status == 1
    assert (
        "The key that was tried is sk-…1111 from LITELLM_API_KEY; another one is sk-…0001 in litellm:default." in text
    )
    assert "To use that, unset LITELLM_API_KEY." in text
    monkeypatch.delenv("LITELLM_API_KEY")
    assert run(capsys, *QUIET)[0] == 0


def test_one_key_in_two_places_is_no_matter(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(home, proxy.url, KEY, in_config="${LITELLM_API_KEY}")
    monkeypatch.setenv("LITELLM_API_KEY", f'"{KEY}"')
    _, text = run(capsys, "litellm", "doctor", "--json")
    assert "key-shadowed" not in {finding["code"] for finding in json.loads(text)["findings"]}


@pytest.mark.parametrize("text", [f'"{KEY}"', f"'{KEY}'", f"“{KEY}”", f"{KEY}\u200b", f"Bearer {KEY}", f"{KEY}\\n"])
@pytest.mark.parametrize("way", ["environment", "flag", "config", "profile"])
def test_a_pasted_key_works_with_a_word(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: StandIn, monkeypatch: pytest.MonkeyPatch, text: str, way: str
) -> None:
    monkeypatch.delenv("LITELLM_API_KEY", raising=False)
    stored(home, proxy.url, text if way == "profile" else None, in_config=text if way == "config" else None)
    words = list(QUIET)
    if way == "environment":
        monkeypatch.setenv("LITELLM_API_KEY", text)
    if way == "flag":
        words += ["--litellm-api-key", text]
    status, said = run(capsys, *words)
    assert status == 0, said
    assert "around the key; only the key itself is used." in said
    assert run(capsys, "providers", "refresh")[0] == 0
    if way in ("environment", "flag"):  # the Node agent would send the variable as it is
        kept = json.loads((home / ".fased/agents/main/agent/auth-profiles.json").read_text())["profiles"]
        assert kept["litellm:default"]["key"] == KEY
    if way in ("config", "profile"):
        status, said = run(capsys, "litellm", "doctor", "--json")
        assert "key-note" in {finding["code"] for finding in json.loads(said)["findings"]}
