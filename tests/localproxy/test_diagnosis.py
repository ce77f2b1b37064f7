"""The texts are what LiteLLM 1.106 wrote when each of these failures was produced."""

from __future__ import annotations

import signal

import pytest

from fased_litellm.localproxy.diagnosis import diagnose, last_words

NO_KEY = """\
LiteLLM proxy refused to start: no master key is set, so every request would be accepted without authentication.
Neither general_settings.master_key nor the LITELLM_MASTER_KEY environment variable is set.
"""
PORT = """\
INFO:     Application startup complete.
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 4011): address already in use
INFO:     Waiting for application shutdown.
INFO:     Application shutdown complete.
"""
NOT_YAML = """\
Traceback (most recent call last):
  File "/x/yaml/parser.py", line 483, in parse_flow_sequence_entry
    raise ParserError("while parsing a flow sequence", self.marks[-1],
yaml.parser.ParserError: while parsing a flow sequence
  in "bad.yaml", line 1, column 13
expected ',' or ']', but got ':'
  in "bad.yaml", line 1, column 18
"""
NOT_A_CONFIG = """\
  File "/x/litellm/proxy/proxy_server.py", line 7171, in load_config
    for k, v in model["litellm_params"].items():
                ~~~~~^^^^^^^^^^^^^^^^^^
KeyError: 'litellm_params'

ERROR:    Application startup failed. Exiting.
"""
TEXT_ONLY = """\
    return MappingProxyType({key: value for key, value in config.items() if key != INCLUDE_KEY})
                                                          ^^^^^^^^^^^^
AttributeError: 'str' object has no attribute 'items'
"""
NO_FILE = "Exception: Config file not found: nothere.yaml\n"
NO_EXTRA = "ModuleNotFoundError: Missing dependency No module named 'backoff'. Run `pip install 'litellm[proxy]'`\n"
NO_PRISMA = (
    "LiteLLM Proxy: a database URL is set but the prisma CLI is neither on PATH nor importable as a package, so the "
    "database cannot be set up. Install it with `pip install 'litellm[extra_proxy]'` or run a shipped LiteLLM image.\n"
)


FALLBACKS = (
    "ERROR:    Traceback (most recent call last):\nValueError: Item 'a' is not a dictionary.\n",
    "ValueError: Dictionary '{'a': ['b'], 'b': ['a']}' must have exactly one key, but has 2 keys.",
    "TypeError: Fallbacks for 'a' must be a list of model names, got 'b'. Use {'a': ['b']}",
    "TypeError: default_fallbacks must be a list of model names, got 'b'. Use ['b']",
)
"""As LiteLLM 1.108.7 ends with them."""


@pytest.mark.parametrize(
    ("log", "cause", "remedy"),
    [
        (NO_KEY, "master key", "master_key"),
        (PORT, "took the port", "--port"),
        (NOT_YAML, "not YAML", "line"),
        *((words, "router refuses", "litellm map") for words in FALLBACKS),
        (NOT_A_CONFIG, "not a LiteLLM config", "model_list"),
        (TEXT_ONLY, "not a LiteLLM config", "model_list"),
        (NO_FILE, "did not find the config", "--config"),
        (NO_EXTRA, "without what its proxy needs", "fased-litellm[proxy]"),
        (NO_PRISMA, "database", "database_url"),
    ],
)
def test_known_causes(log: str, cause: str, remedy: str) -> None:
    found = diagnose(log, status=1)
    assert cause in found.cause
    assert remedy in found.remedy


def test_unknown_causes_point_to_the_log() -> None:
    assert "litellm logs" in diagnose("boom", status=1).remedy
    assert "memory" in diagnose("", status=-signal.SIGKILL).cause
    assert "signal 15" in diagnose("", status=-signal.SIGTERM).cause


def test_last_words_are_without_frames_banner_and_colour() -> None:
    assert last_words(NOT_YAML).splitlines()[0] == "yaml.parser.ParserError: while parsing a flow sequence"
    assert last_words(NOT_A_CONFIG) == "KeyError: 'litellm_params'"
    assert last_words("\x1b[32mLiteLLM: models\x1b[0m\n   ██╗  \n\n") == "LiteLLM: models"
    assert last_words("\n".join("abcdefghij"), lines=2) == "i\nj"
