"""JSON Schemas of what this room prints, generated from its types; ``schemas/`` holds them, a test keeps them current."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from .listing import ModelList
from .report import RefreshReport

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema."""
    report, models = TypeAdapter(RefreshReport).json_schema(), TypeAdapter(ModelList).json_schema()
    return {
        "refresh-report.schema.json": {"$schema": _DIALECT, **report, "title": "Report of fased providers refresh"},
        "models-list.schema.json": {"$schema": _DIALECT, **models, "title": "Models of fased models list"},
    }
