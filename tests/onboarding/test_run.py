"""Whole onboardings without questions, against a stand-in for the proxy."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import json5
import pytest

from fased_litellm.atomicfile import Draft
from fased_litellm.errors import (
    AddressBlocked,
    CatalogError,
    ConfigError,
    ConfigInvalid,
    ConfigWriteError,
    FasedError,
    MissingKey,
    ProxyError,
    SecretStoreError,
    UnknownModel,
    UsageError,
)
from fased_litellm.onboarding import NonInteractive, OnboardingOutcome, OnboardingRequest, onboard
from fased_litellm.paths import Paths
from fased_litellm.secrets.lookup import resolve_key
from tests.keys.standin import KEY, StandIn
from tests.roles.configs import snapshot_of

pytestmark = pytest.mark.usefixtures("home")


class Place:
    """A state folder, and onboarding into it."""

    def __init__(self, folder: Path) -> None:
        self.env = {"HOME": str(folder), "FASED_STATE_DIR": str(folder / "state")}
        self.paths = Paths.from_env(self.env)

    def write(self, text: str) -> None:
        self.paths.config.parent.mkdir(parents=True, exist_ok=True)
        self.paths.config.write_text(text)

    def onboard(self, **options: Any) -> OnboardingOutcome:
        request = OnboardingRequest(**options)
        return onboard(request, NonInteractive(request), self.paths, self.env)

    @property
    def config(self) -> Any:
        return json5.loads(self.paths.config.read_text())

    def profiles(self, agent: str = "main") -> Any:
        return json.loads(self.paths.auth_profiles(agent).read_text())["profiles"]

    def files(self) -> dict[str, bytes]:
        """Every file except logs and the list of models."""
        root = self.paths.state
        found = [path for path in root.rglob("*") if path.is_file() and path.parent.name not in ("logs", "catalog")]
        return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default", "gpt-5.5", ("embed", "embedding")]) as standin:
        yield standin


def test_from_nothing_to_a_provider_a_profile_and_a_primary(place: Place, proxy: StandIn) -> None:
    outcome = place.onboard(key=KEY, base_url=f"{proxy.url}/v1/")
    provider = place.config["models"]["providers"]["litellm"]
    assert provider["baseUrl"] == f"{proxy.url}/v1"
    assert provider["api"] == "openai-completions"
    assert provider["request"] == {"allowPrivateNetwork": True}
    assert [model["id"] for model in provider["models"]] == ["default"]
    assert provider["models"][0]["contextWindow"] == 8000
    assert provider["models"][0]["compat"]["supportsUsageInStreaming"] is True
    assert "cost" not in provider["models"][0]
    assert place.config["models"]["mode"] == "merge"
    assert place.config["auth"] == {"profiles": {"litellm:default": {"provider": "litellm", "mode": "api_key"}}}
    assert place.config["agents"]["defaults"] == {"model": {"primary": "litellm/default"}}
    assert place.profiles() == {"litellm:default": {"type": "api_key", "provider": "litellm", "key": KEY}}
    assert outcome.models == 2
    assert any("plain text" in warning for warning in outcome.plan.warnings)
    for path in (place.paths.config, place.paths.auth_profiles("main")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_second_time_changes_nothing(place: Place, proxy: StandIn) -> None:
    place.onboard(key=KEY, base_url=proxy.url)
    before = place.files()
    again = place.onboard(key=KEY, base_url=proxy.url)
    from_profile = place.onboard()
    assert place.files() == before
    assert not again.plan.changed
    assert not from_profile.plan.changed
    assert from_profile.as_dict()["keySource"] == "profile"


def test_a_key_in_the_environment_is_kept_as_a_reference(place: Place, proxy: StandIn) -> None:
    place.env["LITELLM_API_KEY"] = KEY
    document = place.onboard(base_url=proxy.url).as_dict()
    assert (document["keySource"], document["keyStorage"]) == ("env", "env")
    ref = {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"}
    assert place.profiles()["litellm:default"] == {"type": "api_key", "provider": "litellm", "keyRef": ref}
    assert all(KEY.encode() not in data for data in place.files().values())


def test_the_same_key_as_a_flag_is_a_reference_too(place: Place, proxy: StandIn) -> None:
    place.env["LITELLM_API_KEY"] = KEY
    document = place.onboard(key=KEY, base_url=proxy.url).as_dict()
    assert (document["keySource"], document["keyStorage"]) == ("flag", "env")


@pytest.mark.parametrize("storage", ["env", "profile"])
def test_the_storage_may_be_chosen(place: Place, proxy: StandIn, storage: Any) -> None:
    place.env["LITELLM_API_KEY"] = KEY
    place.onboard(key=KEY, base_url=proxy.url, storage=storage)
    assert ("key" in place.profiles()["litellm:default"]) == (storage == "profile")


def test_a_reference_needs_the_key_in_the_environment(place: Place, proxy: StandIn) -> None:
    with pytest.raises(UsageError, match="needs the key in LITELLM_API_KEY"):
        place.onboard(key=KEY, base_url=proxy.url, storage="env")
    place.env["LITELLM_API_KEY"] = "sk-test-another-one"
    with pytest.raises(UsageError, match="holds another key"):
        place.onboard(key=KEY, base_url=proxy.url, storage="env")
    assert proxy.asked == []


def test_keys_are_taken_in_fased_s_order(place: Place, proxy: StandIn) -> None:
    with pytest.raises(MissingKey, match=r"Missing --litellm-api-key \(or LITELLM_API_KEY in env, or existing"):
        place.onboard(base_url=proxy.url)
    place.onboard(key=KEY, base_url=proxy.url)
    assert place.onboard().plan.answers.key.source == "profile"
    place.env["LITELLM_API_KEY"] = KEY
    assert place.onboard().plan.answers.key.source == "env"
    assert place.onboard(key=KEY).plan.answers.key.source == "flag"


def test_a_key_in_the_config_will_do(place: Place, proxy: StandIn) -> None:
    place.write(json.dumps({"models": {"providers": {"litellm": {"baseUrl": proxy.url, "apiKey": KEY, "models": []}}}}))
    document = place.onboard().as_dict()
    assert (document["keySource"], document["keyStorage"]) == ("config", "config")
    assert place.config["models"]["providers"]["litellm"]["apiKey"] == KEY
    assert not place.paths.auth_profiles("main").exists()
    assert place.config["models"]["providers"]["litellm"]["baseUrl"] == proxy.url


@pytest.mark.parametrize("key", ["Bearer " + KEY, f"  {KEY}\n"])
def test_a_key_is_cleaned(place: Place, proxy: StandIn, key: str) -> None:
    place.onboard(key=key, base_url=proxy.url)
    assert place.profiles()["litellm:default"]["key"] == KEY


@pytest.mark.parametrize("key", ["", "  ", "two words", "sk-tést-00000", "sk-test\x00000"])
def test_what_cannot_be_a_key_is_refused_unsent(place: Place, proxy: StandIn, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        place.onboard(key=key, base_url=proxy.url)
    assert not key.strip() or key not in caught.value.message
    assert proxy.asked == []


# ---- the address


def test_the_variable_counts_where_the_config_says_nothing(place: Place, proxy: StandIn) -> None:
    place.env["LITELLM_BASE_URL"] = proxy.url + "/"
    assert place.onboard(key=KEY).plan.answers.base_url == proxy.url
    place.env["LITELLM_BASE_URL"] = "http://127.0.0.1:9"
    assert not place.onboard(key=KEY).plan.changed


@pytest.mark.parametrize(("written", "variable"), [("not a url", None), (None, "also none")])
def test_an_address_that_is_none_is_named_by_its_place(place: Place, written: str | None, variable: str | None) -> None:
    if written:
        place.write(json.dumps({"models": {"providers": {"litellm": {"baseUrl": written, "models": []}}}}))
    if variable:
        place.env["LITELLM_BASE_URL"] = variable
    with pytest.raises(ConfigError, match="models.providers.litellm.baseUrl" if written else "LITELLM_BASE_URL"):
        place.onboard(key=KEY)


def test_an_equivalent_address_keeps_its_bytes(place: Place, proxy: StandIn) -> None:
    place.write(f"{{models: {{providers: {{LiteLLM: {{baseUrl: '{proxy.url}/v1/', models: []}}}}}}}}")
    place.onboard(key=KEY, base_url=proxy.url)
    text = place.paths.config.read_text()
    assert f"baseUrl: '{proxy.url}/v1/'" in text
    assert list(place.config["models"]["providers"]) == ["LiteLLM"]
    assert "mode" not in place.config["models"]


def test_another_address_replaces_the_one_in_the_config(place: Place, proxy: StandIn) -> None:
    place.write(
        "{models: {providers: {litellm: {baseUrl: 'http://127.0.0.1:9', apiKey: 'sk-test-old000', models: []}}}}"
    )
    place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["models"]["providers"]["litellm"]["baseUrl"] == f"{proxy.url}/v1"
    assert place.config["models"]["providers"]["litellm"]["apiKey"] == "sk-test-old000"


def test_a_variable_in_the_config_stays_one(place: Place, proxy: StandIn) -> None:
    place.env |= {"PROXY_URL": proxy.url, "LITELLM_API_KEY": KEY}
    place.write("{models: {providers: {litellm: {baseUrl: '${PROXY_URL}', apiKey: '${LITELLM_API_KEY}', models: []}}}}")
    place.onboard()
    text = place.paths.config.read_text()
    assert "'${PROXY_URL}'" in text
    assert "'${LITELLM_API_KEY}'" in text
    assert KEY not in text


def test_a_refusal_of_private_addresses_holds_until_it_is_taken_back(place: Place, proxy: StandIn) -> None:
    place.write(
        f"{{models: {{providers: {{litellm: {{baseUrl: '{proxy.url}', request: {{allowPrivateNetwork: false}}, models: []}}}}}}}}"
    )
    with pytest.raises(AddressBlocked) as caught:
        place.onboard(key=KEY)
    assert "models.providers.litellm.request.allowPrivateNetwork" in (caught.value.hint or "")
    assert proxy.asked == []
    place.onboard(key=KEY, allow_private=True)
    assert place.config["models"]["providers"]["litellm"]["request"] == {"allowPrivateNetwork": True}


def test_a_public_address_gets_no_permission(place: Place) -> None:
    place.onboard(key=KEY, base_url="https://litellm.example.com", skip_health=True)
    assert "request" not in place.config["models"]["providers"]["litellm"]


def test_a_public_address_in_the_config_gets_none_either(place: Place) -> None:
    place.write("{models: {providers: {litellm: {baseUrl: 'https://litellm.example.com/v1', models: []}}}}")
    place.onboard(key=KEY, skip_health=True)
    assert "request" not in place.config["models"]["providers"]["litellm"]


# ---- the model


def test_without_default_the_only_chat_model_is_taken(place: Place) -> None:
    with StandIn(["only", ("embed", "embedding")]) as proxy:
        place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/only"}


def test_without_default_and_with_several_nothing_is_written(place: Place) -> None:
    with StandIn(["a", "b/c", "d"]) as proxy:
        with pytest.raises(UnknownModel) as caught:
            place.onboard(key=KEY, base_url=proxy.url)
        assert "a, b/c, d" in caught.value.message
        assert "--model" in (caught.value.hint or "")
        assert place.files() == {}
        place.onboard(key=KEY, base_url=proxy.url, model="litellm/b/c")
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/b/c"}
    assert place.config["models"]["providers"]["litellm"]["models"][0]["id"] == "b/c"


def test_a_proxy_with_one_model_answers_to_default(place: Place) -> None:
    with StandIn(["gpt-4o-mini"], single=True) as proxy:
        place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/default"}
    assert place.config["models"]["providers"]["litellm"]["models"][0]["contextWindow"] == 8000


@pytest.mark.parametrize(("model", "nearest"), [("gpt5.5", "gpt-5.5"), ("embed", "")])
def test_a_model_that_is_not_there_is_an_error_with_the_nearest(
    place: Place, proxy: StandIn, model: str, nearest: str
) -> None:
    with pytest.raises(UnknownModel) as caught:
        place.onboard(key=KEY, base_url=proxy.url, model=model)
    assert nearest in (caught.value.hint or "")
    assert "--force" not in (caught.value.hint or "")
    assert place.files() == {}


def test_no_chat_model_is_an_error(place: Place) -> None:
    with StandIn([("embed", "embedding")]) as proxy, pytest.raises(CatalogError, match="no model for chat"):
        place.onboard(key=KEY, base_url=proxy.url)
    with StandIn([]) as proxy, pytest.raises(CatalogError) as caught:
        place.onboard(key=KEY, base_url=proxy.url)
    assert "model_list" in (caught.value.hint or "")
    assert place.files() == {}


def test_unchecked_default_is_written_with_a_warning(place: Place) -> None:
    outcome = place.onboard(key=KEY, skip_health=True)
    assert any("Nothing was checked" in warning for warning in outcome.plan.warnings)
    assert outcome.as_dict()["checked"] is False
    assert place.config["models"]["providers"]["litellm"]["baseUrl"] == "http://localhost:4000/v1"
    assert place.config["models"]["providers"]["litellm"]["models"][0]["contextWindow"] == 128000
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/default"}


def test_a_primary_of_another_provider_is_not_replaced_silently(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {defaults: {model: 'openai/gpt-5.6'}}}")
    outcome = place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["agents"]["defaults"]["model"] == "openai/gpt-5.6"
    assert any("--set-default" in warning for warning in outcome.plan.warnings)
    assert place.config["models"]["providers"]["litellm"]["models"][0]["id"] == "default"
    outcome = place.onboard(key=KEY, set_default=True)
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/default"}


def test_a_primary_that_vanished_is_told(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {defaults: {model: {primary: 'litellm/gpt5.5', fallbacks: ['litellm/gpt-5.5']}}}}")
    outcome = place.onboard(key=KEY, base_url=proxy.url)
    told = " ".join(outcome.plan.warnings)
    assert "litellm/gpt5.5, which the proxy does not expose" in told
    assert "gpt-5.5" in told
    assert [model["id"] for model in place.config["models"]["providers"]["litellm"]["models"]] == ["gpt-5.5"]


def test_a_named_model_beside_another_primary_is_described_alone(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {defaults: {model: {primary: 'litellm/default'}}}}")
    outcome = place.onboard(key=KEY, base_url=proxy.url, model="gpt-5.5")
    assert place.config["agents"]["defaults"]["model"] == {"primary": "litellm/default"}
    assert outcome.plan.defined == ("gpt-5.5", "default")
    assert any("stays litellm/default" in warning for warning in outcome.plan.warnings)


def test_models_of_roles_are_described_too(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {defaults: {taskModels: {coding: 'litellm/default', strong: 'litellm/gone'}}}}")
    outcome = place.onboard(key=KEY, base_url=proxy.url, model="gpt-5.5")
    assert outcome.plan.defined == ("gpt-5.5", "default")


def test_an_allow_list_gets_the_model(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {defaults: {models: {'openai/gpt-5.6': {}}}}}")
    place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["agents"]["defaults"]["models"] == {"openai/gpt-5.6": {}, "litellm/default": {}}


def test_the_default_agents_own_primary_is_the_one_that_counts(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {list: [{id: 'main', model: 'openai/gpt-5.6'}]}}")
    place.onboard(key=KEY, base_url=proxy.url, set_default=True)
    assert place.config["agents"] == {"list": [{"id": "main", "model": "litellm/default"}]}


def test_one_agent_alone(place: Place, proxy: StandIn) -> None:
    place.write("{agents: {list: [{id: 'main', model: 'openai/x'}, {id: 'dev'}]}}")
    place.onboard(key=KEY, base_url=proxy.url, agent="Dev")
    assert place.config["agents"]["list"][1] == {"id": "dev", "model": "litellm/default"}
    assert "litellm:default" in place.profiles("dev")
    assert not place.paths.auth_profiles("main").exists()
    snapshot = snapshot_of(place.paths.home, None)
    assert resolve_key(snapshot, place.paths, agent="dev").value == KEY


# ---- writing


FILE = """// my agent
{
  agents : { 'defaults': { workspace: '~/w', }, }, /* kept */
  models: {
    providers: {
      // the proxy in the cellar
      litellm: {
        baseUrl: 'URL', // no slash
        models: [
          { id: 'gpt-5.5', name: 'mine', contextWindow: 1e5, },
        ],
      },
    },
  },
  channels: { telegram: { botToken: 'sk-test-bot-token', }, },
}
"""


def test_every_byte_outside_the_edits_stays(place: Place, proxy: StandIn) -> None:
    text = FILE.replace("URL", proxy.url)
    place.write(text)
    os.chmod(place.paths.config, 0o600)
    outcome = place.onboard(key=KEY)
    after = place.paths.config.read_text()
    kept = iter(after)
    assert all(character in kept for character in text), "something of the old text is gone or moved"
    for line in ("// my agent", "/* kept */", "// the proxy in the cellar", f"baseUrl: '{proxy.url}', // no slash"):
        assert line in after
    assert "{ id: 'gpt-5.5', name: 'mine', contextWindow: 1e5, }," in after
    assert place.config["models"]["providers"]["litellm"]["models"][1]["id"] == "default"
    assert outcome.as_dict()["files"][1]["backup"] == str(place.paths.config) + ".bak"
    assert Path(str(place.paths.config) + ".bak").read_text() == text


def test_the_plan_shows_no_secret(place: Place, proxy: StandIn) -> None:
    place.write(FILE.replace("URL", proxy.url).replace("models: [", "apiKey: 'sk-test-config-1', models: ["))
    outcome = place.onboard(key=KEY, dry_run=True)
    shown = json.dumps(outcome.as_dict()) + repr(outcome) + repr(outcome.plan.answers)
    for secret in (KEY, "sk-test-bot-token", "sk-test-config-1"):
        assert secret not in shown
    assert "litellm/default" in outcome.plan.config.diff()


def test_a_dry_run_writes_nothing(place: Place, proxy: StandIn) -> None:
    document = place.onboard(key=KEY, base_url=proxy.url, dry_run=True).as_dict()
    assert document["dryRun"] is True
    assert [file["changed"] for file in document["files"]] == [True, True]
    assert not place.paths.state.exists()


def test_an_invalid_config_is_refused_before_anything_is_asked(place: Place, proxy: StandIn) -> None:
    place.write("{models: {providers: {litellm: {baseUrl: 'http://x', model: []}}}}")
    with pytest.raises(ConfigInvalid):
        place.onboard(key=KEY, base_url=proxy.url)
    assert proxy.asked == []


def test_a_broken_store_is_never_overwritten(place: Place, proxy: StandIn) -> None:
    path = place.paths.auth_profiles("main")
    path.parent.mkdir(parents=True)
    path.write_text("{broken")
    with pytest.raises(SecretStoreError, match=":1:2"):
        place.onboard(key=KEY, base_url=proxy.url)
    assert place.files() == {"agents/main/agent/auth-profiles.json": b"{broken"}


@pytest.mark.parametrize("variable", ["FASED_AUTH_STORE_READONLY", "FASED_NIX_MODE"])
def test_read_only_places_are_left_alone(place: Place, proxy: StandIn, variable: str) -> None:
    place.env[variable] = "1"
    with pytest.raises(FasedError, match=f"{variable}=1"):
        place.onboard(key=KEY, base_url=proxy.url)
    assert place.files() == {}


def test_if_the_config_cannot_be_written_the_profile_is_not_either(
    place: Place, proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.onboard(key="sk-test-first-0001", base_url=proxy.url, skip_health=True)
    before = place.files()
    real = Draft.put

    def put(draft: Any) -> None:
        if Path(draft.target).name == "fased.json":
            raise OSError(28, "No space left on device")
        real(draft)

    monkeypatch.setattr(Draft, "put", put)
    with pytest.raises(ConfigWriteError, match="No space left"):
        place.onboard(key=KEY, model="gpt-5.5", set_default=True)
    after = {name: data for name, data in place.files().items() if not name.endswith(".bak")}
    assert after == before


def test_a_stored_profile_that_comes_first_is_told(place: Place, proxy: StandIn) -> None:
    path = place.paths.auth_profiles("main")
    path.parent.mkdir(parents=True)
    team = {"type": "api_key", "provider": "litellm", "key": "sk-test-team-0001"}
    path.write_text(json.dumps({"profiles": {"litellm:team": team}, "order": {"litellm": ["litellm:team"]}}))
    outcome = place.onboard(key=KEY, base_url=proxy.url)
    assert any("litellm:team comes before litellm:default" in warning for warning in outcome.plan.warnings)


def test_a_key_that_is_replaced_is_told_masked(place: Place, proxy: StandIn) -> None:
    place.onboard(key="sk-test-old-key-0042", base_url=proxy.url, skip_health=True)
    outcome = place.onboard(key=KEY)
    assert any("The key sk-…0042" in warning and "is replaced" in warning for warning in outcome.plan.warnings)
    assert not any("is replaced" in warning for warning in place.onboard(key=KEY).plan.warnings)


def test_an_order_in_the_config_gets_the_profile(place: Place, proxy: StandIn) -> None:
    place.write("{auth: {order: {litellm: ['litellm:gone']}}}")
    outcome = place.onboard(key=KEY, base_url=proxy.url)
    assert place.config["auth"]["order"] == {"litellm": ["litellm:gone", "litellm:default"]}
    assert not any("comes before" in warning for warning in outcome.plan.warnings)


def test_a_refused_key_writes_nothing_and_hides_what_the_proxy_quotes(place: Place, proxy: StandIn) -> None:
    with pytest.raises(ProxyError) as caught:
        place.onboard(key="sk-test-wrong-9999", base_url=proxy.url)
    assert (caught.value.cause, caught.value.origin) == ("key-unknown", "caller-key")
    assert place.files() == {}
