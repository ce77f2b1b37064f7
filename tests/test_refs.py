from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fased_litellm.context import CallContext
from fased_litellm.errors import InvalidRef, UsageError
from fased_litellm.refs import ModelRef, SessionKey, normalize_agent_id


@pytest.mark.parametrize(
    ("text", "provider", "model", "profile"),
    [
        ("litellm/default", "litellm", "default", None),
        ("litellm/openai/gpt-5", "litellm", "openai/gpt-5", None),
        (" LiteLLM/GPT-5.5 ", "litellm", "GPT-5.5", None),
        ("litellm/default@work", "litellm", "default", "work"),
        ("litellm/@cf/meta/llama", "litellm", "@cf/meta/llama", None),
        ("z.ai/glm-5", "zai", "glm-5", None),
        ("doubao/pro", "volcengine", "pro", None),
    ],
)
def test_a_reference_splits_at_the_first_slash(text: str, provider: str, model: str, profile: str | None) -> None:
    ref = ModelRef.parse(text)
    assert (ref.provider, ref.model, ref.profile) == (provider, model, profile)


@pytest.mark.parametrize("text", ["", "default", "/default", "litellm/", " / "])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidRef):
        ModelRef.parse(text)


def test_a_bare_word_takes_the_default_provider() -> None:
    assert str(ModelRef.parse("GPT", default_provider="litellm")) == "litellm/GPT"


class Known:
    """What the tests say is known."""

    def __init__(self, models: Iterable[str] = (), profiles: Iterable[str] = ()) -> None:
        self.models, self.profiles = set(models), set(profiles)

    def model(self, provider: str, model_id: str) -> bool:
        return provider == "litellm" and model_id in self.models

    def profile(self, provider: str, profile_id: str) -> bool:
        return provider == "litellm" and profile_id in self.profiles


@pytest.mark.parametrize(
    ("text", "models", "profiles", "model", "profile"),
    [
        ("litellm/claude@20250101", [], [], "claude@20250101", None),
        ("litellm/claude@20250101", ["claude@20250101", "claude"], ["20250101"], "claude@20250101", None),
        ("litellm/claude@work", [], ["work"], "claude", "work"),
        ("litellm/claude@work", ["claude"], [], "claude", "work"),
        ("litellm/claude@work", [], ["other"], "claude@work", None),
        ("openai/gpt@work", ["gpt"], ["work"], "gpt@work", None),  # a profile of another provider
        ("litellm/a@b@c", [], [], "a@b@c", None),
        ("litellm/a@b@c", ["a@b"], [], "a@b", "c"),
        ("litellm/a@b@c", ["a", "a@b"], [], "a@b", "c"),
        ("litellm/a@b@c", ["a@b"], ["b@c"], "a", "b@c"),
        (
            "litellm/default@litellm:me@mail.example",
            [],
            ["litellm:me@mail.example"],
            "default",
            "litellm:me@mail.example",
        ),
        ("litellm/default @ work", [], ["work"], "default", "work"),
        ("litellm/@cf/meta/llama", [], ["cf/meta/llama"], "@cf/meta/llama", None),
        ("litellm/@cf/llama@work", [], ["work"], "@cf/llama", "work"),
        ("litellm/@work", [], ["work"], "@work", None),
        ("litellm/a/@work", [], ["work"], "a/@work", None),
        ("litellm/a@", ["a"], [""], "a@", None),
    ],
)
def test_an_at_sign_parts_a_profile_only_where_one_is_meant(
    text: str, models: list[str], profiles: list[str], model: str, profile: str | None
) -> None:
    ref = ModelRef.parse(text, known=Known(models, profiles))
    assert (ref.model, ref.profile) == (model, profile)


def test_a_text_that_has_no_profile_keeps_its_at_sign() -> None:
    assert ModelRef.parse("litellm/default@work", known=None) == ModelRef("litellm", "default@work")


ODD = st.text(st.sampled_from("ab@@:/ Aé@模.%#?$-"), min_size=1, max_size=24)


@given(ODD, st.lists(ODD, max_size=3), st.lists(ODD, max_size=3))
@example("a@b", ["a"], ["b"])
def test_any_id_that_is_listed_is_read_as_it_is_listed(model_id: str, others: list[str], profiles: list[str]) -> None:
    model_id = model_id.strip()
    assume(model_id)
    known = Known([model_id, *others], profiles)
    ref = ModelRef.parse(f"litellm/{model_id}", known=known)
    assert (ref.provider, ref.model, ref.profile) == ("litellm", model_id, None)
    assert ModelRef.parse(str(ref), known=known) == ref


@given(ODD, st.lists(ODD, max_size=3), st.lists(ODD, max_size=3))
def test_a_profile_is_one_that_exists_or_stands_behind_a_known_model(
    model_id: str, models: list[str], profiles: list[str]
) -> None:
    model_id = model_id.strip()
    assume(model_id)
    ref = ModelRef.parse(f"litellm/{model_id}", known=Known(models, profiles))
    if ref.profile is None:
        assert ref.model == model_id
    else:
        assert ref.profile in profiles or ref.model in models
        assert "/" not in ref.profile


@given(
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9][\w./:-]{0,20}", fullmatch=True),
)
def test_a_written_reference_reads_back(provider: str, model: str) -> None:
    ref = ModelRef.parse(f"{provider}/{model}")
    assert ModelRef.parse(str(ref)) == ref
    assert ref.model == model


@pytest.mark.parametrize(
    ("key", "agent", "channel", "task", "source"),
    [
        ("agent:main:main", "main", None, None, "chat"),
        ("agent:main:direct:42", "main", None, None, "chat"),
        ("agent:main:telegram:direct:42", "main", "telegram", None, "channel"),
        ("agent:main:telegram:work:direct:42", "main", "telegram", None, "channel"),
        ("Agent:Main:Slack:Channel:C1:thread:9", "main", "slack", None, "channel"),
        ("agent:ops:discord:group:7", "ops", "discord", None, "channel"),
        ("agent:main:webchat:direct:1", "main", "webchat", None, "chat"),
        ("agent:main:cron:7f0c", "main", None, "7f0c", "task"),
        ("agent:main:cron:7f0c:run:s1", "main", None, "7f0c", "task"),
        ("cron:7f0c", None, None, "7f0c", "task"),
        ("task:7f0c:1795316401000", None, None, "7f0c", "task"),
        ("agent:main:subagent:uuid", "main", None, None, "subagent"),
        ("hook:uuid", None, None, None, "system"),
        ("cli:1", None, None, None, "cli"),
        ("acp:uuid", None, None, None, "chat"),
        ("s1", None, None, None, "chat"),
    ],
)
def test_session_keys_are_taken_apart(
    key: str, agent: str | None, channel: str | None, task: str | None, source: str
) -> None:
    parsed = SessionKey.parse(key)
    assert (parsed.agent, parsed.channel, parsed.task, parsed.source) == (agent, channel, task, source)
    assert parsed.key == key.lower()


@given(st.text(max_size=40))
def test_any_text_is_a_session_key(text: str) -> None:
    assert SessionKey.parse(text).key == text.strip().lower()


def test_a_context_is_filled_from_a_session_key() -> None:
    context = CallContext.from_session_key("agent:main:telegram:direct:42", role="coding")
    assert context.as_dict() == {
        "agent": "main",
        "role": "coding",
        "task": None,
        "channel": "telegram",
        "session": "agent:main:telegram:direct:42",
        "source": "channel",
    }
    assert context.with_(task="digest", agent=None).agent == "main"


@pytest.mark.parametrize(("name", "id"), [("Main", "main"), (None, "main"), ("", "main"), ("my agent", "my-agent")])
def test_agent_ids_are_normalised(name: str | None, id: str) -> None:
    assert normalize_agent_id(name) == id


def test_nothing_is_no_agent_id() -> None:
    with pytest.raises(UsageError):
        normalize_agent_id("!!!")
