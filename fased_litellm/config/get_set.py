"""One value of the config by its path as typed: ``fased config get``, ``set`` and ``unset``.

Fact: Fased's ``src/cli/config-cli.ts``, with its messages. Three things differ on purpose: a plain value is never replaced by an
object because a path leads through it, an array never gets holes, and a config that is broken may be repaired, if it holds afterwards.
"""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError, ConfigSyntaxError
from .document import Document
from .edits import DELETE, Edit
from .json5.operations import same
from .keypath import BLOCKED, NOTHING, KeyPath, find_path, parse_path, value_at
from .load import ConfigSnapshot
from .redacted import redacted, restored


def get(snapshot: ConfigSnapshot, text: str, *, unredacted: bool = False) -> Any:
    """The value at a path, after ``$include`` and ``${VAR}``.

    Args:
        snapshot: a valid config.
        text: the path as typed.
        unredacted: whether secrets are shown; else the sentinel stands for each.

    Raises:
        ConfigError: the path is wrong, or there is nothing.
    """
    tree = snapshot.value if unredacted else redacted(snapshot.value)
    found = value_at(tree, _place(tree, text), NOTHING)
    if found is NOTHING:
        raise _not_found(text)
    return found


def parse_value(text: str, *, strict: bool) -> Any:
    """A value as typed: JSON5, else the text itself.

    Raises:
        ConfigError: it is not JSON5, and ``strict`` is set; or an object in it has a key that none may have.
    """
    try:
        value = Document.parse(text.strip(), path="value").value
    except ConfigSyntaxError as error:
        if strict:
            raise ConfigError(f"Failed to parse JSON5 value: {error.message}", hint="Nothing was changed.") from None
        return text
    _refuse_blocked(value)
    return value


def set_edits(snapshot: ConfigSnapshot, text: str, value: Any) -> list[Edit]:
    """What ``set`` changes.

    A sentinel in the value means the secret that is stored there; a text that ``${VAR}`` stands for now stays ``${VAR}``.

    Raises:
        ConfigError: the path is wrong, or a sentinel has nothing to stand for.
    """
    path = find_path(snapshot.source, parse_path(text))
    stored, means = value_at(snapshot.source, path), value_at(snapshot.value, path)
    return [Edit(path, _with_templates(restored(value, stored, path), stored, means))]


def unset_edits(snapshot: ConfigSnapshot, text: str) -> list[Edit]:
    """What ``unset`` changes.

    Raises:
        ConfigError: the path is wrong, or there is nothing.
    """
    path = _place(snapshot.source, text)
    if value_at(snapshot.source, path, NOTHING) is NOTHING:
        raise _not_found(text)
    return [Edit(path, DELETE)]


def _place(tree: Any, text: str) -> KeyPath:
    parts = parse_path(text)
    try:
        return find_path(tree, parts)
    except ConfigError:
        raise _not_found(text) from None


def _not_found(text: str) -> ConfigError:
    return ConfigError(f"Config path not found: {text}")


def _with_templates(value: Any, stored: Any, means: Any) -> Any:
    if isinstance(value, dict) and isinstance(stored, dict) and isinstance(means, dict):
        return {key: _with_templates(item, stored.get(key), means.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(stored, list) and isinstance(means, list):
        known = list(zip(stored, means, strict=False))
        known += [(None, None)] * (len(value) - len(known))
        return [_with_templates(item, *at) for item, at in zip(value, known, strict=False)]
    return stored if isinstance(stored, str) and value == means and not same(stored, means) else value


def _refuse_blocked(value: Any) -> None:
    for key in value if isinstance(value, dict) else ():
        if key in BLOCKED:
            raise ConfigError(f"Invalid path segment: {key}")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_blocked(item)
