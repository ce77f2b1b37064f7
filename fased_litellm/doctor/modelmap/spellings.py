"""Spellings of a variable which LiteLLM does not read. Pure.

Fact: LiteLLM reads ``os.environ/NAME``, as the whole of a value and no other way (1.108.7, ``ProxyConfig``, ``get_secret``). Any
other spelling is sent to the provider, or taken for the master key, as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Finding
from .yamltree import YamlNode

VARIABLE = "os.environ/"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_QUOTED = rf"['\"]?(?P<name>{_NAME})['\"]?"
_WHOLE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\$\{{\s*(?:env[.:])?(?P<name>{_NAME})\s*(?::?[-?=+].*)?\}}",  # shell, Docker Compose
        rf"\$\{{\{{\s*(?:secrets|env|vars)\.(?P<name>{_NAME})\s*\}}\}}",  # GitHub Actions
        rf"\$\((?P<name>{_NAME})\)",  # Kubernetes
        rf"\$env:(?P<name>{_NAME})",  # PowerShell
        rf"%(?P<name>{_NAME})%",  # cmd.exe
        rf"\{{\{{\s*(?:\.?(?:env|values)\.)?(?P<name>{_NAME})\s*\}}\}}",  # templates
        rf"(?:os\.)?(?:getenv|environ\.get|env\.get)\s*\(\s*{_QUOTED}\s*(?:,.*)?\)",
        rf"(?:os\.environ|os\.env|environ|env|process\.env)\s*\[\s*{_QUOTED}\s*\]",
        rf"(?:os\.getenv|getenv|os\.env|environ|env|process\.env)\s*[/:.\\]\s*{_QUOTED}",
        rf"os\.environ\s*[:.\\]\s*{_QUOTED}",
        rf"os\.environ\s*/[\s/]*{_QUOTED}",  # each but the right one, which is passed over before
        rf"os[_ -]?environ\s*/\s*{_QUOTED}",
        rf"os\.environ/\s*\$?\{{?\s*{_QUOTED}\s*\}}?",
    )
)
_SHELL = re.compile(rf"\$(?P<name>{_NAME})")
_INSIDE = re.compile(rf"\$\{{(?P<name>{_NAME})(?::?-[^}}]*)?\}}|(?<![A-Za-z0-9])os\.environ/(?P<other>{_NAME})")
_RIGHT = re.compile(r"os\.environ/[^\s'\"${}\[\]()/](?:[^\s'\"${}\[\]()]*)")


_NO_VALUES = frozenset({"mock_response", "pass_through_endpoints"})
"""Settings with texts of their own. Fact: in the headers of pass-through endpoints LiteLLM replaces parts of a value, too."""


def whole(text: str) -> str | None:
    """The variable that a value means as a whole, in a spelling that LiteLLM does not read; None for any other value."""
    if _RIGHT.fullmatch(text):
        return None
    stripped = text.strip()
    if stripped == VARIABLE:
        return "NAME"
    for pattern in _WHOLE:
        if match := pattern.fullmatch(stripped):
            return match["name"]
    shell = _SHELL.fullmatch(stripped)
    if shell and (shell["name"].isupper() or (shell["name"].islower() and "_" in shell["name"])):
        return shell["name"]
    return None


def inside(text: str) -> str | None:
    """The variable that stands within a value, where LiteLLM replaces none; None for any other value."""
    match = None if _RIGHT.fullmatch(text) or whole(text) is not None else _INSIDE.search(text)
    return (match["name"] or match["other"]) if match else None


def is_variable(text: str, shortest_secret: int) -> bool:
    """Whether a value is meant to be a variable, as far as a secret in the file is concerned: what else it holds is short."""
    return whole(text) is not None or (
        inside(text) is not None and len(_INSIDE.sub("", text).strip()) < shortest_secret
    )


def findings(root: YamlNode) -> Iterator[Finding]:
    """An error for each value that LiteLLM takes as it stands."""
    for key, node in _settings(root):
        if not isinstance(node.value, str):
            continue
        if (name := whole(node.value)) is not None and not (key == "model" and node.value[:4].lower() == "env/"):
            message = (
                f"`{key}` means the variable {name}. LiteLLM does not read this form, and takes the text as it stands."
            )
            yield _error(node, message, f"Write {key}: {VARIABLE}{name}")
        elif (name := inside(node.value)) is not None:
            message = f"`{key}` has the variable {name} in it. LiteLLM does not read this form: it replaces no part of a value."
            remedy = f"Put the whole value into a variable, and write {key}: {VARIABLE} and its name."
            yield _error(node, message, remedy)


def _error(node: YamlNode, message: str, remedy: str) -> Finding:
    return Finding("variable-not-read", "error", message, remedy, node.file, node.line)


def _settings(root: YamlNode) -> Iterator[tuple[str, YamlNode]]:
    """The values that LiteLLM would replace: of deployments, credentials, settings and variables."""
    for deployment in (root.get("model_list") or YamlNode([], "", 0)).elements():
        yield from _scalars(deployment.get("litellm_params"))
    for credential in (root.get("credential_list") or YamlNode([], "", 0)).elements():
        yield from _scalars(credential.get("credential_values"))
    for section in ("general_settings", "router_settings", "environment_variables", "litellm_settings"):
        yield from _scalars(root.get(section))


def _scalars(node: YamlNode | None, key: str = "") -> Iterator[tuple[str, YamlNode]]:
    if node is None or key in _NO_VALUES:
        return
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            yield from _scalars(child, name)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _scalars(child, key)
    else:
        yield key, node
