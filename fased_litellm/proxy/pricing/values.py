"""Single rates in LiteLLM's answers. What cannot be read is not known; nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ... import numerals

_HIGHEST, _HIGHEST_PER_TOKEN = Decimal(10_000), Decimal(100)
"""USD; more is a defect of who says so."""
SEARCHES = "search_context_cost_per_query"
"""Not a rate, but rates by the size of a search."""
_LOWEST = Decimal("1e-18")
_MOST = 400
_NAME = 120


def rate(value: Any) -> Decimal | None:
    """USD per unit, or a factor: not negative, of a number or of a text, as YAML gives for ``3e-7``. Zero is a rate."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    found = numerals.decimal(str(value))  # a float's shortest text: 1.5e-07 stays 1.5E-7
    if found is None or not 0 <= found <= _HIGHEST:
        return None
    return found if found >= _LOWEST or found == 0 else None


def rates_in(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """All rates of a row, by LiteLLM's names for them."""
    found: dict[str, Decimal] = {}
    for name, value in row.items():
        if isinstance(name, str) and ("cost" in name or "_multiplier" in name) and _is_name(name) and name != SEARCHES:
            price = rate(value)
            if price is not None and (price <= _HIGHEST_PER_TOKEN or "_token" not in name):
                found[name] = price
        if len(found) >= _MOST:
            break
    return found


def _is_name(text: str) -> bool:
    return len(text) <= _NAME and text.isascii() and text.isidentifier()
