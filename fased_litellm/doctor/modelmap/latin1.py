"""Names which LiteLLM puts into headers of its answers, where they cannot stand. Pure.

Facts, seen on LiteLLM 1.108.7 with and without streaming: ``model_name`` (and an alias of it), ``litellm_params.model``,
``api_base`` and the id of a deployment each go into a header of the answer. With a letter outside Latin-1, an emoji or a
typographic quote in one of them, every call fails with HTTP 500, after the provider has answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from .yamltree import YamlNode

_REMEDY = "Write it in Latin letters, or run LiteLLM 1.110 or later."
_PARTS = (
    ("model_name",),
    ("litellm_params", "model"),
    ("litellm_params", "api_base"),
    ("litellm_params", "base_url"),
    ("model_info", "id"),
)


def fit(name: str) -> bool:
    """Whether a name can stand in a header."""
    return all(letter <= "\xff" for letter in name)


def findings(root: YamlNode) -> Iterator[Finding]:
    """A warning for each such name."""
    models = root.get("model_list")
    for entry in models.elements() if models is not None else ():
        alias = entry.get("model_name")
        called = alias.text() if alias is not None else None
        for path in _PARTS:
            node = entry.get(*path)
            if node is not None and isinstance(node.value, str) and not fit(node.value):
                yield _finding(node, path[-1] if path != ("model_info", "id") else "model_info.id", called or "this")
    aliases = root.get("router_settings", "model_group_alias")
    for name, node in aliases.items() if aliases is not None else ():
        if not fit(name):
            yield _finding(node, "model_group_alias", name)


def _finding(node: YamlNode, setting: str, alias: str) -> Finding:
    return Finding(
        "name-outside-latin-1",
        "warning",
        f"`{setting}` of {alias} has letters outside Latin-1. LiteLLM before 1.110 puts it into a header of the answer, where these"
        " cannot stand: each call fails with HTTP 500.",
        _REMEDY,
        node.file,
        node.line,
    )
