"""Entries of ``model_list`` that LiteLLM does not start with, or leaves out without a word. Pure.

Facts, seen on LiteLLM 1.108.7: an entry that lacks a part ends the start, and so does a name that is no text, or a ``model_info``
that is not a mapping. An entry whose parameters are of another type is left out: its alias does not exist then.
"""

from __future__ import annotations

from .yamltree import YamlNode

_TEXTS = ("api_key", "api_base", "base_url", "api_version", "custom_llm_provider", "litellm_credential_name")
_WHOLE_NUMBERS = ("rpm", "tpm", "max_retries")
_STARTS_NOT = "LiteLLM does not start with this."
_LEFT_OUT = "LiteLLM leaves the entry out, and the alias does not exist."


def problem(node: YamlNode) -> tuple[str, str] | None:
    """What is wrong with an entry, and what to do; None for one that LiteLLM takes."""
    return _lacking(node) or _wrong_type(node) or _left_out(node)


def _lacking(node: YamlNode) -> tuple[str, str] | None:
    params = node.get("litellm_params")
    for name, part in (
        ("model_name", node.get("model_name")),
        ("litellm_params", params),
        ("litellm_params.model", params.get("model") if params is not None else None),
    ):
        if part is None or part.value in (None, ""):
            return f"An entry of model_list has no `{name}`.", f"Add `{name}`, or remove the entry."
        if name == "litellm_params" and not isinstance(part.value, dict):
            return (
                f"`litellm_params` is not a mapping. {_STARTS_NOT}",
                "Write `model:` and what belongs to it below it.",
            )
    return None


def _wrong_type(node: YamlNode) -> tuple[str, str] | None:
    for path in (("model_name",), ("litellm_params", "model")):
        part = node.get(*path)
        if part is not None and not isinstance(part.value, str):
            quoted = f'Put it in quotes: {path[-1]}: "{part.text()}"' if part.text() else "Write a name."
            return f"`{path[-1]}` is not a string in YAML. {_STARTS_NOT}", quoted
    info = node.get("model_info")
    if info is not None and not isinstance(info.value, dict):
        return f"`model_info` is not a mapping. {_STARTS_NOT}", "Remove it, or write its keys below it."
    return None


def _left_out(node: YamlNode) -> tuple[str, str] | None:
    params = node.get("litellm_params")
    for name, part in params.items() if params is not None else ():
        if part.value is None:
            continue
        if name in _TEXTS and not isinstance(part.value, str):
            return f"`{name}` is not a string in YAML. {_LEFT_OUT}", f"Put the value of `{name}` in quotes."
        if name in _WHOLE_NUMBERS and not _is_whole(part.value):
            return f"`{name}` is not an integer. {_LEFT_OUT}", f"Write a number such as `{name}: 100`."
    return None


def _is_whole(value: object) -> bool:
    if isinstance(value, str) and value.startswith("os.environ/"):
        return True
    if isinstance(value, str):
        digits = value.strip().lstrip("+-").partition(".")
        return digits[0].isdecimal() and not digits[2].strip("0")
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
