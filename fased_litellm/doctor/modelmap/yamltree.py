"""YAML as a tree whose nodes know their file and line. PyYAML does the parsing; nothing in the file is executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import ConfigSyntaxError

_MOST_NODES = 200_000
"""Of a whole file with its aliases written out: a few lines of YAML can stand for billions of nodes."""

_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value and its place.

    Attributes:
        value: a ``dict`` of nodes, a ``list`` of nodes, or a scalar.
        file: the file as it was named.
        line: its line, from 1; of an entry of a mapping, the line of its key.
    """

    value: Any
    file: str
    line: int

    def get(self, *path: str) -> YamlNode | None:
        """The node below these keys; None if there is none."""
        node: YamlNode | None = self
        for key in path:
            node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
        return node

    def items(self) -> Iterator[tuple[str, YamlNode]]:
        """The entries of a mapping; none of anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def elements(self) -> list[YamlNode]:
        """The elements of a list; none of anything else."""
        return self.value if isinstance(self.value, list) else []

    def text(self) -> str | None:
        """A scalar as text; None for null, lists and mappings."""
        if self.value is None or isinstance(self.value, (dict, list)):
            return None
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return str(self.value)

    def plain(self) -> Any:
        """The value as ordinary Python data."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(slots=True)
class Tree:
    """A parsed file: its root, and the keys that stand twice in one mapping (YAML keeps the last, silently)."""

    root: YamlNode
    repeated: list[tuple[str, YamlNode]] = field(default_factory=list)


def parse(text: str, file: str) -> Tree:
    """Parse YAML.

    Raises:
        ConfigSyntaxError: it is not YAML, or grows beyond all measure through its aliases.
    """
    import yaml

    loader = None
    try:
        loader = yaml.SafeLoader(text)
        composed = loader.get_single_node()
        builder = _Builder(loader, file)
        root = YamlNode({}, file, 1) if composed is None else builder.node(composed, composed.start_mark.line + 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(
            error.problem or "not YAML", text, file, mark.line if mark else 0, mark.column if mark else 0
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # A character that YAML forbids, or a number or date that no computer holds.
        raise _wrong(str(error).split("\n", maxsplit=1)[0], text, file, 0, 0) from None
    except RecursionError:
        raise _wrong("nested too deeply", text, file, 0, 0) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Tree(root, builder.repeated)


class _Builder:
    def __init__(self, loader: Any, file: str) -> None:
        self._loader = loader
        self._file = file
        self._made = 0
        self.repeated: list[tuple[str, YamlNode]] = []

    def node(self, composed: Any, line: int) -> YamlNode:
        self._made += 1
        if self._made > _MOST_NODES:
            raise ValueError(f"more than {_MOST_NODES:,} values with its aliases written out")
        return YamlNode(self._value(composed), self._file, line)

    def _value(self, composed: Any) -> Any:
        import yaml

        if not isinstance(composed, yaml.ScalarNode) and composed.tag not in _PLAIN_TAGS:
            raise ValueError(f"the tag {composed.tag}, which LiteLLM does not read")
        if isinstance(composed, yaml.SequenceNode):
            return [self.node(element, element.start_mark.line + 1) for element in composed.value]
        if isinstance(composed, yaml.MappingNode):
            self._loader.flatten_mapping(composed)  # `<<: *defaults`
            mapping: dict[str, YamlNode] = {}
            for key, value in composed.value:
                name = str(self._loader.construct_object(key)) if isinstance(key, yaml.ScalarNode) else "?"
                node = self.node(value, key.start_mark.line + 1)
                # A merged mapping comes first and may be overridden; its keys stand on other lines than our own.
                if name in mapping and mapping[name].line >= composed.start_mark.line + 1:
                    self.repeated.append((name, node))
                mapping[name] = node
            return mapping
        return self._loader.construct_object(composed)


def _wrong(reason: str, text: str, file: str, line: int, column: int) -> ConfigSyntaxError:
    lines = text.splitlines()
    source = lines[line] if line < len(lines) else ""
    return ConfigSyntaxError(reason, path=file, line=line + 1, column=column + 1, source_line=source)
