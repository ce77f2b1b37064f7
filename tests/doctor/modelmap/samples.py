"""Fallbacks in every shape that somebody may write, and what LiteLLM's router makes of them.

``refused``: the router does not take it. ``dead``: it takes it, and never falls back to what is written, or to a part of it
alone. ``works``: a call that fails is answered by ``b``. ``idle``: there is none.
"""

from __future__ import annotations

from typing import Any, Literal

Fate = Literal["refused", "dead", "works", "idle"]

_CHECKED: list[tuple[Any, Fate]] = [
    (None, "idle"),
    ([], "idle"),
    ({}, "idle"),
    ("", "idle"),
    ("b", "refused"),
    ("backup", "refused"),
    (["b"], "refused"),
    (["b", "c"], "refused"),
    ({"a": ["b"]}, "refused"),
    ({"a": "b"}, "refused"),
    (5, "refused"),
    (True, "refused"),
    ([None], "refused"),
    ([5], "refused"),
    ([["b"]], "refused"),
    ([{}], "refused"),
    ([{"a": "b"}], "refused"),
    ([{"a": None}], "refused"),
    ([{"a": 5}], "refused"),
    ([{"a": True}], "refused"),
    ([{"a": {"model": "b"}}], "refused"),
    ([{"a": ["b"], "b": ["a"]}], "refused"),
    ([{"a": ["b"]}, "c"], "refused"),
    ([{"a": ["b"]}, None], "refused"),
    ([{"a": ["b"]}, {"c": "b"}], "refused"),
    ([{"temperature": 0.5}], "refused"),
    ([{"a": ["b"]}], "works"),
    ([{"*": ["b"]}], "works"),
    ([{"a": ["b"]}, {"b": ["c"]}], "works"),
    ([{"a": ["b", "c"]}], "works"),
    ([{"a": [{"model": "b"}]}], "works"),
    ([{"a": []}], "idle"),
    ([{"a": [None]}], "dead"),
    ([{"a": [5]}], "dead"),
    ([{"a": [True]}], "dead"),
    ([{"a": [["b"]]}], "dead"),
]

SAMPLES: list[tuple[str, Any, Fate]] = [
    *(("fallbacks", value, fate) for value, fate in _CHECKED),
    ("fallbacks", [{"model": "b"}], "works"),
    *(("content_policy_fallbacks", value, fate) for value, fate in _CHECKED),
    ("content_policy_fallbacks", [{"model": "b"}], "dead"),
    *(("context_window_fallbacks", value, fate if fate != "refused" else "dead") for value, fate in _CHECKED),
    ("context_window_fallbacks", [{"a": "backup"}], "dead"),
    ("default_fallbacks", None, "idle"),
    ("default_fallbacks", [], "idle"),
    ("default_fallbacks", {}, "idle"),
    ("default_fallbacks", ["b"], "works"),
    ("default_fallbacks", ["b", "c"], "works"),
    ("default_fallbacks", [{"model": "b"}], "works"),
    ("default_fallbacks", "b", "refused"),
    ("default_fallbacks", {"a": ["b"]}, "dead"),
    ("default_fallbacks", [{"a": ["b"]}], "dead"),
    ("default_fallbacks", [None], "dead"),
    ("default_fallbacks", [5], "dead"),
    ("default_fallbacks", [["b"]], "dead"),
    ("default_fallbacks", 5, "dead"),
    ("default_fallbacks", True, "dead"),
]

_PARAMS = {"model": "openai/gpt-4o", "api_key": "none"}

ENTRIES: list[tuple[Any, Literal["refused", "left-out", "works"]]] = [
    ({"model_name": "a", "litellm_params": _PARAMS}, "works"),
    ({"model_name": "a", "litellm_params": _PARAMS, "model_info": {}}, "works"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "rpm": "10"}}, "works"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "rpm": 10.0, "tpm": None}}, "works"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "rpm": " 10 "}}, "works"),
    ({"model_name": "5", "litellm_params": _PARAMS}, "works"),
    ("text", "refused"),
    (None, "refused"),
    (5, "refused"),
    (["a"], "refused"),
    ({"litellm_params": _PARAMS}, "refused"),
    ({"model_name": None, "litellm_params": _PARAMS}, "refused"),
    ({"model_name": 5, "litellm_params": _PARAMS}, "refused"),
    ({"model_name": 4.5, "litellm_params": _PARAMS}, "refused"),
    ({"model_name": True, "litellm_params": _PARAMS}, "refused"),
    ({"model_name": ["a"], "litellm_params": _PARAMS}, "refused"),
    ({"model_name": "a"}, "refused"),
    ({"model_name": "a", "litellm_params": None}, "refused"),
    ({"model_name": "a", "litellm_params": []}, "refused"),
    ({"model_name": "a", "litellm_params": "openai/gpt-4o"}, "refused"),
    ({"model_name": "a", "litellm_params": {}}, "refused"),
    ({"model_name": "a", "litellm_params": {"model": None}}, "refused"),
    ({"model_name": "a", "litellm_params": {"model": 5}}, "refused"),
    ({"model_name": "a", "litellm_params": {"model": ["openai/gpt-4o"]}}, "refused"),
    ({"model_name": "a", "litellm_params": _PARAMS, "model_info": None}, "refused"),
    ({"model_name": "a", "litellm_params": _PARAMS, "model_info": []}, "refused"),
    ({"model_name": "a", "litellm_params": _PARAMS, "model_info": "x"}, "refused"),
    ({"model_name": "a", "litellm_params": {"model": ""}}, "left-out"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "api_key": 5}}, "left-out"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "api_base": 5}}, "left-out"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "rpm": "many"}}, "left-out"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "rpm": 1.5}}, "left-out"),
    ({"model_name": "a", "litellm_params": {**_PARAMS, "tpm": ["x"]}}, "left-out"),
]
"""Entries of ``model_list``, and what LiteLLM makes of them: ``left-out`` ones do not exist, and nothing says so."""
