"""JSON Schemas of the config's parts, made from the pydantic models, for ``schemas/`` and for editors."""

from __future__ import annotations

from typing import Any

from .schema import SECTIONS, section

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema, one for each section of the config that is ours."""
    return {f"config-{name}.schema.json": _schema(name) for name in SECTIONS}


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = _tidy(section(name).model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, **schema, "title": f"fased.json: {name}"}


# What pydantic calls a limit where a function stands between it and the number.
_LIMITS = {"gt": "exclusiveMinimum", "le": "maximum"}


def _tidy(value: Any) -> Any:
    """Take out what says nothing (made-up titles, empty defaults), and ``null``: an optional key may be absent only."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {
        _LIMITS.get(key, key) if isinstance(item, int | float) else key: _tidy(item)
        for key, item in value.items()
        if not (key == "default" and item is None) and not (key == "title" and isinstance(item, str))
    }
    choices = cleaned.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        remaining = [choice for choice in choices if choice != {"type": "null"}]
        cleaned.pop("anyOf")
        cleaned |= remaining[0] if len(remaining) == 1 else {"anyOf": remaining}
    return cleaned
