"""The fallbacks of a LiteLLM config, and the shapes in which LiteLLM does not take them, or takes them and does nothing. Pure.

Facts, seen on LiteLLM 1.108.7 (``Router.validate_fallbacks`` and calls through a router): ``fallbacks`` and
``content_policy_fallbacks`` have to be a list of mappings with one key each, whose value is a list; anything else ends the
start. ``context_window_fallbacks`` are not looked at before one is needed. What ``router_settings`` has goes before what
``litellm_settings`` has, which is then not read at all; an empty one counts as none.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from .parts import Fallback, FallbackKind
from .yamltree import YamlNode

KINDS: dict[str, FallbackKind] = {
    "fallbacks": "general",
    "context_window_fallbacks": "context-window",
    "content_policy_fallbacks": "content-policy",
    "default_fallbacks": "default",
}
_STARTS_NOT = "LiteLLM does not start with this."
_NEVER = "LiteLLM starts, and the fallback never works."


def read(litellm: YamlNode | None, router: YamlNode | None) -> tuple[list[Fallback], list[Finding]]:
    """The fallbacks that count, and what is wrong with them.

    Args:
        litellm: ``litellm_settings``.
        router: ``router_settings``.
    """
    found: list[Fallback] = []
    problems: list[Finding] = []
    for name, kind in KINDS.items():
        own, other = _setting(router, name), _setting(litellm, name)
        counts = own or other
        if own is not None and other is not None:
            problems.append(
                Finding(
                    "fallbacks-not-read",
                    "warning",
                    f"litellm_settings.{name} is not read: router_settings has {name} too, and LiteLLM takes those alone.",
                    "Put them into one list.",
                    other.file,
                    other.line,
                )
            )
        if counts is None:
            continue
        if kind == "default":
            found += [Fallback("default", "*", tuple(_names(counts)), counts.file, counts.line)]
            problems += _bad_targets(counts, name, refused=isinstance(counts.value, str))
        else:
            found += _mapped(counts, kind)
            problems += _bad_list(counts, name)
    return found, problems


def _setting(settings: YamlNode | None, name: str) -> YamlNode | None:
    node = settings.get(name) if settings is not None else None
    return node if node is not None and node.value else None


def _mapped(node: YamlNode, kind: FallbackKind) -> Iterator[Fallback]:
    for entry in node.elements():
        for source, targets in entry.items():
            if source == "model" and kind == "general" and targets.text():
                # Fact: `- model: NAME` in place of a mapping stands in for every alias.
                yield Fallback(kind, "*", (str(targets.text()),), targets.file, targets.line)
            elif isinstance(targets.value, list):
                yield Fallback(kind, source, tuple(_names(targets)), targets.file, targets.line)


def _names(node: YamlNode) -> Iterator[str]:
    for target in node.elements():
        # A target may also be a mapping with a `model` of its own.
        model = target.get("model")
        text = target.text() or (model.text() if model is not None else None)
        if text:
            yield text


def _bad_list(node: YamlNode, name: str) -> Iterator[Finding]:
    """What is wrong with a list of mappings."""
    checked = name != "context_window_fallbacks"
    ends = _STARTS_NOT if checked else _NEVER
    if isinstance(node.value, dict):
        yield _shape(node, f"`{name}` is a mapping; LiteLLM wants a list of mappings. {ends}", _example(node))
        return
    if not isinstance(node.value, list):
        yield _shape(node, f"`{name}` is {_what(node)}; LiteLLM wants a list of mappings. {ends}", _example(node))
        return
    for entry in node.elements():
        if not isinstance(entry.value, dict):
            why = ends
            if not checked and isinstance(entry.value, str):
                why = "LiteLLM takes the last such name for every alias, whatever else the list says."
            message = f"`{name}` holds {_what(entry)} where a mapping belongs. {why}"
            yield _shape(entry, message, "Say for which alias it is: `- ALIAS: [FALLBACK]`.")
        elif len(entry.value) != 1:
            many = ", ".join(entry.value) or "none"
            why = ends if checked else "LiteLLM reads the first alone."
            message = f"An item of `{name}` has {len(entry.value)} keys ({many}) where one belongs. {why}"
            yield _shape(entry, message, "Write an item for each: `- ALIAS: [FALLBACK]`.")
        else:
            ((source, targets),) = entry.value.items()
            if isinstance(targets.value, list):
                yield from _bad_targets(targets, name)
            elif not (name == "fallbacks" and source == "model" and targets.text()):
                # Fact: the router takes the single key `model` for parameters of another try.
                why = _NEVER if source == "model" and targets.text() else ends
                message = (
                    f"The fallback of {source} in `{name}` is {_what(targets)}; LiteLLM wants a list of names. {why}"
                )
                yield _shape(targets, message, f"Write `- {source}: [{targets.text() or 'FALLBACK'}]`.")


def _bad_targets(node: YamlNode, name: str, *, refused: bool = False) -> Iterator[Finding]:
    """What is wrong with a list of names."""
    if not isinstance(node.value, list):
        ends = _STARTS_NOT if refused else "LiteLLM starts, and fails when it needs one."
        message = f"`{name}` is {_what(node)}; LiteLLM wants a list of names. {ends}"
        yield _shape(node, message, f"Write `{name}: [{node.text() or 'FALLBACK'}]`.")
        return
    for target in node.elements():
        if isinstance(target.value, str) and target.value:
            continue
        if isinstance(target.value, dict) and (name != "default_fallbacks" or target.get("model") is not None):
            continue  # parameters for another try
        message = f"`{name}` holds {_what(target)} where the name of an alias belongs. {_NEVER}"
        yield _shape(target, message, "Write the name of an alias, in quotes if it looks like a number.")


def _shape(node: YamlNode, message: str, remedy: str) -> Finding:
    return Finding("fallback-shape", "error", message, remedy, node.file, node.line)


def _example(node: YamlNode) -> str:
    pairs = [(name, targets.text() or next(_names(targets), "FALLBACK")) for name, targets in node.items()]
    lines = ", ".join(f"`- {name}: [{target}]`" for name, target in pairs[:3]) or "`- ALIAS: [FALLBACK]`"
    return f"Write one item for each alias: {lines}."


def _what(node: YamlNode) -> str:
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return f"a mapping ({', '.join(value) or 'empty'})"
    if isinstance(value, list):
        return "a list"
    return f"the text {value!r}" if isinstance(value, str) else f"the value {node.text()}"
