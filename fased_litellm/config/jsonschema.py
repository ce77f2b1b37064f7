"""JSON Schemas of the config's parts, made from the pydantic models, for ``schemas/`` and for editors."""

from __future__ import annotations

from typing import Any

from .schema import SECTIONS, section

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema, one for each section of the config that is ours."""
    return {f"config-{name}.schema.json": _schema(name) for name in SECTIONS}


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = _without_null(section(name).model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, **schema, "title": f"fased.json: {name}"}


def _without_null(value: Any) -> Any:
    """An optional key is one that may be absent; ``null`` in its place is an error."""
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {
        key: _without_null(item)
        for key, item in value.items()
        if not (key == "default" and item is None) and not (key == "title" and isinstance(item, str))
    }
    choices = cleaned.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        remaining = [choice for choice in choices if choice != {"type": "null"}]
        cleaned.pop("anyOf")
        cleaned |= remaining[0] if len(remaining) == 1 else {"anyOf": remaining}
    return cleaned
