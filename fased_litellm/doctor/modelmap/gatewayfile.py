"""A LiteLLM config with the files that it includes, as one tree.

Fact: LiteLLM 1.106 (``proxy/common_utils/config_includes.py``) reads ``include`` beside the file that names it, else beside the
main file; lists are joined, all else is replaced by the included file; a file is read once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import ConfigError
from ..findings import Finding
from .yamltree import Tree, YamlNode, parse

_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class GatewayFile:
    """What was read.

    Attributes:
        path: the main file as it was named.
        root: the tree with the included files in it.
        files: all files, the main one first.
        findings: includes that cannot be read, keys that stand twice.
    """

    path: str
    root: YamlNode
    files: tuple[str, ...]
    findings: tuple[Finding, ...]


def read(path: Path) -> GatewayFile:
    """Read a config and what it includes.

    Raises:
        ConfigError: it cannot be read, is too large, or is not a mapping.
        ConfigSyntaxError: it is not YAML.
    """
    name = str(path)
    tree = _tree(path, name)
    if not isinstance(tree.root.value, dict):
        raise ConfigError(
            f"{name} is not a LiteLLM config: it is not a mapping.", hint="It begins with `model_list:` in most cases."
        )
    findings = _repeated(tree)
    merged = {key: node for key, node in tree.root.items() if key != "include"}
    files, loaded = [name], {os.path.abspath(name)}
    waiting, faults = _includes(tree.root)
    findings += faults
    while waiting:
        entry = waiting.pop(0)
        found = _place(str(entry.value), entry.file, name)
        if found is None:
            findings.append(_missing(entry))
            continue
        if os.path.abspath(found) in loaded or len(files) >= _MOST_FILES:
            continue
        loaded.add(os.path.abspath(found))
        files.append(found)
        part = _tree(Path(found), found)
        findings += _repeated(part)
        for key, node in part.root.items():
            if key != "include":
                merged[key] = _merged(merged.get(key), node)
        more, faults = _includes(part.root)
        waiting += more
        findings += faults
    return GatewayFile(name, YamlNode(merged, name, 1), tuple(files), tuple(findings))


def _tree(path: Path, name: str) -> Tree:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{name} has more than {_MOST_BYTES // 2**20} MiB.", hint="Is this a LiteLLM config?")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8: byte {error.start}.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(
            f"Cannot read {name}: {error.strerror}.", hint="Give the path of LiteLLM's config.yaml."
        ) from None
    return parse(text, name)


def _repeated(tree: Tree) -> list[Finding]:
    return [
        Finding(
            "repeated-key",
            "error",
            f"The key {key!r} stands twice in one mapping; YAML keeps the last one and drops the other without a word.",
            "Join the two, or remove one.",
            node.file,
            node.line,
        )
        for key, node in tree.repeated
    ]


def _includes(root: YamlNode) -> tuple[list[YamlNode], list[Finding]]:
    entry = root.get("include")
    if entry is None:
        return [], []
    texts = [node for node in entry.elements() if isinstance(node.value, str)]
    if isinstance(entry.value, list) and len(texts) == len(entry.value):
        return texts, []
    wrong = Finding(
        "bad-entry",
        "error",
        "`include` must be a list of file names; LiteLLM does not start with this.",
        "Write `include:` with one `- file.yaml` per line.",
        entry.file,
        entry.line,
    )
    return texts, [wrong]


def _place(entry: str, declared_in: str, main: str) -> str | None:
    for beside in (declared_in, main):
        candidate = os.path.join(os.path.dirname(beside), entry)
        if os.path.isfile(candidate):
            return candidate
    return None


def _missing(entry: YamlNode) -> Finding:
    return Finding(
        "include-missing",
        "error",
        f"The included file {entry.value} does not exist; LiteLLM does not start without it.",
        "Correct the name, or remove the line. The file is looked for beside the one that includes it.",
        entry.file,
        entry.line,
    )


def _merged(base: YamlNode | None, included: YamlNode) -> YamlNode:
    if base is not None and isinstance(base.value, list) and isinstance(included.value, list):
        return YamlNode([*base.value, *included.value], base.file, base.line)
    return included
