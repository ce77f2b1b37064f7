"""Check a config against the schema: every problem at once, in Fased's manner of naming places."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ...errors import Issue
from ...jsontext import is_finite
from ..keypath import KeyPath, dotted
from . import SECTIONS, section
from .base import BRANCH, Strict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TYPES = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a number",
    "float_type": "a number",
    "list_type": "an array",
    "sequence_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


@dataclass(slots=True)
class CheckedConfig:
    """What a check found.

    Attributes:
        sections: the sections which hold, by their key.
        issues: the problems, sorted by place.
        warnings: what Fased may or may not accept, and what it will not do.
    """

    sections: dict[str, Strict] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


TOO_MANY_FALLBACKS = (
    "At most one fallback is allowed; a longer chain belongs into the proxy (router_settings.fallbacks)"
)


def check(config: Mapping[str, Any], unset: Collection[str] = ()) -> CheckedConfig:
    """Check the sections which this package owns; the other ones are not looked at.

    Args:
        config: the config after ``$include`` and ``${VAR}``.
        unset: dotted paths of values which refer to variables that are not set. What they will be is not known, so that
            nothing is wrong with them here.
    """
    result = CheckedConfig()
    for name in SECTIONS:
        if name not in config:
            continue
        model = section(name)
        try:
            result.sections[name] = model.model_validate(config[name])
        except ValidationError as error:
            # Neither URLs nor inputs: an input may be a secret.
            details = error.errors(include_url=False)
            issues = [_issue(model, name, detail) for detail in details]
            without = _without(config[name], {_loc(detail) for detail in details}) if unset else None
            if without is not None and all(issue.path in unset for issue in issues):
                with contextlib.suppress(ValidationError):
                    result.sections[name] = model.model_validate(without)
                    continue
            result.issues += issues
    result.issues.sort(key=lambda issue: (issue.path, issue.message))
    result.warnings += _unknown_sections(config)
    agents = config.get("agents")
    if isinstance(agents, dict):
        result.warnings += _unknown_defaults(agents.get("defaults"))
    return result


def _issue(model: type[Strict], name: str, detail: ErrorDetails) -> Issue:
    below = _loc(detail)
    return Issue(dotted((name, *below)), _message(model, below, detail))


def _loc(detail: ErrorDetails) -> KeyPath:
    # A tag names the branch of a union and is no place in the file. What is told to be an extra key is no tag.
    loc = detail["loc"]
    tags = [isinstance(part, str) and part.startswith(BRANCH) for part in loc]
    if tags and detail["type"] == "extra_forbidden":
        tags[-1] = False
    return tuple(part for part, is_tag in zip(loc, tags, strict=True) if not is_tag)


def _without(value: Any, places: Collection[KeyPath], path: KeyPath = ()) -> Any:
    """A copy of a section without the values at some places."""
    if isinstance(value, Mapping):
        items = ((key, item, (*path, key)) for key, item in value.items())
        return {key: _without(item, places, at) for key, item, at in items if at not in places}
    if isinstance(value, list):
        below = ((item, (*path, index)) for index, item in enumerate(value))
        return [_without(item, places, at) for item, at in below if at not in places]
    return value


def _message(model: type[Strict], path: KeyPath, detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        from .keys import known_keys

        return unrecognized(str(path[-1]), known_keys(model, path[:-1]))
    if kind == "missing":
        return "Required key is missing"
    if kind == "string_too_short":
        return "Must not be empty"
    if kind == "literal_error":
        return _one_of(detail["input"], re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    if kind == "too_long" and path[-1:] == ("fallbacks",):
        return TOO_MANY_FALLBACKS
    if kind in ("too_long", "string_too_long"):
        return f"Must have at most {context.get('max_length')} {'elements' if kind == 'too_long' else 'characters'}"
    if kind == "greater_than":
        return f"Must be greater than {context.get('gt')}"
    if kind == "less_than_equal":
        return f"Must be at most {context.get('le')}"
    if kind == "int_type" and isinstance(detail["input"], float) and math.isfinite(detail["input"]):
        return "Expected a whole number"
    if kind in _TYPES:
        return f"Expected {_TYPES[kind]}, got {kind_of(detail['input'])}"
    return detail["msg"]


def unrecognized(key: str, known: list[str]) -> str:
    """Fased's words for an unknown key, and the known key that was probably meant."""
    from .keys import nearest

    meant = nearest(key, known)
    return f'Unrecognized key "{key}"' + (f' (did you mean "{meant}"?)' if meant else "")


def _one_of(value: Any, choices: list[str]) -> str:
    from .keys import nearest

    text = "Expected " + (f'"{choices[0]}"' if len(choices) == 1 else "one of " + ", ".join(f'"{c}"' for c in choices))
    meant = nearest(value, choices) if isinstance(value, str) else None
    return text + (f' (did you mean "{meant}"?)' if meant and len(choices) > 1 else "")


def kind_of(value: Any) -> str:
    """What kind of JSON value this is, for a message; the value itself may be a secret."""
    if value is None:
        return "null"
    for kind, name in ((bool, "a boolean"), (str, "a string"), (list, "an array"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return "a number" if is_finite(value) else "a number that is not finite"


def _unknown_sections(config: Mapping[str, Any]) -> list[str]:
    """Top-level keys that look like a misspelt section of ours; all others belong to somebody else."""
    from .keys import nearest

    unknown = [key for key in config if isinstance(key, str) and key not in _SECTIONS_OF_FASED]
    return [f"{unrecognized(key, list(SECTIONS))}." for key in unknown if nearest(key, SECTIONS)]


def _unknown_defaults(defaults: Any) -> list[str]:
    from .agents import AgentDefaults
    from .keys import keys_of

    known = keys_of(AgentDefaults)
    keys = [key for key in defaults if key not in known] if isinstance(defaults, dict) else []
    return [f"agents.defaults.{key}: {unrecognized(key, known)}; it is passed over." for key in keys]


_SECTIONS_OF_FASED = frozenset(
    {
        "$include",
        "$schema",
        "acp",
        "agent",
        "agents",
        "approvals",
        "audio",
        "auth",
        "bindings",
        "broadcast",
        "browser",
        "canvasHost",
        "channels",
        "commands",
        "cron",
        "diagnostics",
        "discovery",
        "env",
        "federation",
        "gateway",
        "hooks",
        "logging",
        "mcp",
        "media",
        "memory",
        "messages",
        "meta",
        "models",
        "nodeHost",
        "plugins",
        "secrets",
        "session",
        "skills",
        "talk",
        "tools",
        "ui",
        "update",
        "wallet",
        "web",
        "wizard",
    }
)
"""Fact: the top-level keys of Fased's ``src/config/zod-schema.ts``; ``agent`` is an old one (``legacy``)."""
