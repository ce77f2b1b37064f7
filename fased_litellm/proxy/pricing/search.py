"""What searches that a provider makes for a call cost. Pure.

Facts: LiteLLM 1.108, ``llm_cost_calc/tool_call_cost_tracking.py`` and the ``cost_per_web_search_request`` of Gemini,
Anthropic, xAI and Groq. A size that the request names counts for the others; without one they are billed as medium.
"""

from __future__ import annotations

from decimal import Decimal

from ..billed import BilledDetail
from .card import RateCard
from .charge import ZERO

_MEDIUM, _LOW, _HIGH = (f"search_context_size_{size}" for size in ("medium", "low", "high"))
_GEMINI = Decimal("0.035")
_XAI = Decimal("0.005")
_GROQ_VISIT = Decimal("0.001")
_MAPS_PER_QUERY, _MAPS_PER_PROMPT = Decimal("0.014"), Decimal("0.025")


def searches(card: RateCard, detail: BilledDetail) -> Decimal:
    """USD for all searches of a call."""
    return _maps(card, detail) + _web(card, detail)


def _web(card: RateCard, detail: BilledDetail) -> Decimal:
    if not detail.searched:
        return ZERO
    by_tool = detail.tool_searches or 0
    claude = "claude" in card.model.lower()
    medium = card.searches.get(_MEDIUM, ZERO)
    if card.route == "perplexity":
        return ZERO  # counted with its tokens
    if card.route == "xai":
        return _first(card, (_MEDIUM, _LOW, _HIGH), _XAI) * (detail.agent_searches or 0)
    if card.route == "groq":
        return medium * by_tool + _GROQ_VISIT * detail.page_visits
    if card.route == "gemini" or (card.route == "vertex_ai" and not claude):
        count = detail.grounding_searches or by_tool
        return card.searches.get(_MEDIUM, _GEMINI) * (count if card.per_query else min(count, 1))
    if card.route in ("anthropic", "vertex_ai") or (
        card.route == "azure_ai" and (claude or detail.tool_searches is not None)
    ):
        return medium * by_tool
    return card.searches.get(f"search_context_size_{detail.search_size or 'medium'}", medium)


def _maps(card: RateCard, detail: BilledDetail) -> Decimal:
    if not detail.map_searches or card.route not in ("gemini", "vertex_ai"):
        return ZERO
    usual = _MAPS_PER_QUERY if card.per_query else _MAPS_PER_PROMPT
    price = card.rates.get("google_maps_grounding_cost_per_query", usual)
    return price * (detail.map_searches if card.per_query else 1)


def _first(card: RateCard, sizes: tuple[str, ...], otherwise: Decimal) -> Decimal:
    return next((price for size in sizes if (price := card.searches.get(size))), otherwise)
