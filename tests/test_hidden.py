"""No ``repr()``, log record or error of the package shows a key."""

from __future__ import annotations

import ast
import gc
import io
import json
import logging
import traceback
from pathlib import Path

import pydantic
import pytest

import fased_litellm
from fased_litellm import LiteLLMProvider, redaction
from fased_litellm.config.edits import Edit
from fased_litellm.config.load import load
from fased_litellm.config.save import plan
from fased_litellm.config.schema.models import ProviderConfig
from fased_litellm.errors import CallError, ConfigInvalid, ConfigSyntaxError, FasedError
from fased_litellm.net.forwardproxy import forward_proxy_for
from fased_litellm.net.messages import Request
from fased_litellm.paths import Paths
from fased_litellm.secrets.lookup import resolve_key
from tests.servers import FaultServers, answer_json

PACKAGE = Path(fased_litellm.__file__).parent
MARK = "MARK.of.a.key.4711"
CONFIG = {
    "models": {
        "providers": {
            "litellm": {
                "baseUrl": "URL",
                "apiKey": MARK,
                "headers": {"X-Api-Key": MARK},
                "api": "openai-completions",
                "request": {"allowPrivateNetwork": True},
                "models": [{"id": "default", "name": "Mine", "headers": {"X-Api-Key": MARK}}],
            }
        }
    }
}


def shown_by_objects() -> dict[str, str]:
    """Class → repr of an instance with the mark in it, among all objects of the package that live."""
    found = {}
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith("fased_litellm") and not isinstance(thing, type) and MARK in repr(thing):
            found[kind.__qualname__] = repr(thing)[:300]
    return found


def test_no_object_shows_a_key(home: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    server = fault_server(answer_json(401, {"error": {"message": f"wrong key {MARK}", "code": "401"}}))
    state = home / ".fased"
    (state / "agents" / "main" / "agent").mkdir(parents=True)
    (state / "fased.json").write_text(json.dumps(CONFIG).replace("URL", server.url))
    profile = {"type": "api_key", "provider": "litellm", "key": MARK}
    (state / "agents" / "main" / "agent" / "auth-profiles.json").write_text(
        json.dumps({"version": 1, "profiles": {"litellm:default": profile}})
    )
    monkeypatch.setenv("LITELLM_API_KEY", MARK)
    paths = Paths.from_env()
    snapshot = load(paths)
    change = plan(snapshot, [Edit(("models", "providers", "litellm", "apiKey"), MARK + "2")])
    alive: list[object] = [snapshot, snapshot.document, snapshot.config, change, resolve_key(snapshot, paths)]
    alive += [forward_proxy_for("https://a.example", {"HTTPS_PROXY": f"http://u:{MARK}@p.example:1"})]
    alive += [Request("POST", "/", {"authorization": MARK}, MARK.encode())]
    with LiteLLMProvider.from_config() as provider:
        with pytest.raises(CallError) as caught:
            provider.chat("hi")
        stream = provider.stream("hi")
        with pytest.raises(CallError):
            list(stream)
        alive += [provider, stream, caught.value, provider.client()]
        assert len(alive) > 8
        assert shown_by_objects() == {}
        assert MARK not in "".join(traceback.format_exception(caught.value))
        assert MARK not in str(caught.value.as_dict())


def test_the_search_finds_an_object_that_shows_one() -> None:
    from fased_litellm.context import CallContext

    context = CallContext(task=MARK)
    assert "CallContext" in shown_by_objects(), context


def test_a_secret_text_is_hidden_in_containers_and_tracebacks_with_locals() -> None:
    secret = redaction.Secret(MARK)
    assert secret == MARK
    assert f"Bearer {secret}" == f"Bearer {MARK}"
    assert MARK not in repr({"key": [secret, (secret,)]})

    def fails(key: str) -> None:
        raise ValueError(len(key))

    with pytest.raises(ValueError, match=str(len(MARK))) as caught:
        fails(secret)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert [frame.locals for frame in shown.stack if frame.name == "fails"] == [{"key": "Secret('***')"}]


def test_the_key_of_a_client_is_such_a_text(home: Path, fault_server: FaultServers) -> None:
    with LiteLLMProvider.from_config(env={"LITELLM_API_KEY": MARK, "HOME": str(home)}) as provider:
        client = provider.client()
        assert isinstance(client.api_key, redaction.Secret)
        assert MARK not in repr(client._headers())
        assert client._headers()["authorization"] == f"Bearer {MARK}"


def test_pydantic_does_not_quote_what_it_refuses() -> None:
    models = [found for found in _subclasses(pydantic.BaseModel) if found.__module__.startswith("fased_litellm")]
    assert len(models) > 5
    assert [found.__name__ for found in models if not found.model_config.get("hide_input_in_errors")] == []
    with pytest.raises(pydantic.ValidationError) as caught:
        ProviderConfig.model_validate({"baseUrl": [MARK], "apiKey": [MARK], "headers": MARK, "unknown": MARK})
    assert MARK not in str(caught.value)
    assert MARK not in repr(caught.value)


@pytest.mark.parametrize("value", [[MARK], {"key": MARK}, {"source": "env", "id": [MARK]}, 4711])
def test_a_config_that_is_refused_is_not_quoted(value: object, home: Path) -> None:
    (home / ".fased").mkdir()
    config = {"models": {"providers": {"litellm": {"baseUrl": "http://a.example", "apiKey": value, "models": []}}}}
    (home / ".fased" / "fased.json").write_text(json.dumps(config))
    with pytest.raises(ConfigInvalid) as caught:
        load(Paths.from_env()).require_valid()
    assert MARK not in str(caught.value)
    assert MARK not in json.dumps(caught.value.as_dict())


@pytest.mark.parametrize(
    "line",
    [
        f'  apiKey: "{MARK}" oops',
        f"  apiKey: '{MARK}",
        f'  "api_key": {MARK}',
        f'  "X-Api-Key" : "{MARK}" }}',
        f"  Authorization: 'Basic {MARK}'",
        f"  clientSecret: `{MARK}`",
        f"  LITELLM_API_KEY={MARK}",
        f"  password='{MARK}'",
        f"  botToken: \"{MARK}\", x: 'y' z",
        '  value: "0123456789abcdefghijKLMN" oops',
        "abcdefghij0123456789ABCDEF",
        "  x: 'sk-short1' y",
    ],
)
def test_a_line_that_does_not_parse_is_shown_without_its_secret(line: str) -> None:
    error = ConfigSyntaxError("unexpected text", path="/f", line=3, column=len(line), source_line=line)
    shown = str(error) + error.source_line + json.dumps(error.as_dict())
    assert not any(secret in shown for secret in (MARK, "0123456789", "sk-short1"))
    pointer = error.message.splitlines()[-1]
    assert len(pointer) <= len(error.source_line) + 3


@pytest.mark.parametrize(
    "line", ["  maxTokens: 4096,", "  model: 'litellm/default' oops", '  apiKey: "${LITELLM_API_KEY}",']
)
def test_the_rest_of_a_line_is_shown_as_it_is(line: str) -> None:
    error = ConfigSyntaxError("unexpected text", path="/f", line=3, column=3, source_line=line)
    assert line in error.message


def test_an_error_hides_keys_when_it_is_made() -> None:
    redaction.remember(MARK)
    error = FasedError(f"it was {MARK}", hint=f"not {MARK}")
    assert MARK not in str(error) + repr(error) + str(error.hint)
    assert MARK not in str(CallError("x", cause="unknown", type=f"t {MARK}").type)


def test_every_logger_hides_keys() -> None:
    named: dict[str, list[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("getLogger", "basicConfig"):
                named.setdefault(file.relative_to(PACKAGE).as_posix(), []).append(node.attr)
    # `redaction.logger` makes ours; `net/streams.py` guards those of httpcore.
    assert named == {"redaction.py": ["getLogger"], "net/streams.py": ["getLogger"]}


def test_a_record_holds_no_key_whatever_handlers_there_are() -> None:
    redaction.remember(MARK)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(args)s %(msg)s"))
    log = redaction.logger("test")
    log.addHandler(handler)
    try:
        int(MARK)
    except ValueError:
        log.exception("key %s, header %s", MARK, {"authorization": f"Bearer {MARK}"})
    log.removeHandler(handler)
    assert "Traceback" in stream.getvalue()
    assert MARK not in stream.getvalue()


def test_what_httpcore_logs_when_it_is_debugged_holds_no_key(
    fault_server: FaultServers, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.net.asking import ask, ask_async

    redaction.remember(MARK)
    server = fault_server(answer_json(200, {}, {"x-echo": MARK}))
    caplog.set_level(logging.DEBUG)
    for send in (ask, ask_async):
        send(server.url)
    assert "x-echo" in caplog.text
    assert MARK not in caplog.text


def _subclasses(kind: type[pydantic.BaseModel]) -> list[type[pydantic.BaseModel]]:
    return [one for below in kind.__subclasses__() for one in (below, *_subclasses(below))]
