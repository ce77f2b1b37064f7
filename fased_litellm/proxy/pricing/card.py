"""The prices of one deployment, as ``/model/info`` names them.

Facts: a row has its rates in ``model_info``, under names such as ``input_cost_per_token_above_200k_tokens_priority``, null
where LiteLLM knows none; ``litellm_params.model`` says which provider's rules it is billed by. Up to 1.101 a token price that
is not known is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ... import numerals
from . import offpeak
from .offpeak import OffPeak
from .values import SEARCHES, rate, rates_in

INPUT, OUTPUT = "input_cost_per_token", "output_cost_per_token"
CACHE_READ, CACHE_WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
CACHE_WRITE_1H = "cache_creation_input_token_cost_above_1hr"
REASONING = "output_cost_per_reasoning_token"

ROUTES = frozenset(
    [
        "anthropic",
        "azure",
        "azure_ai",
        "bedrock",
        "dashscope",
        "databricks",
        "deepseek",
        "fireworks_ai",
        "gemini",
        "groq",
        "lemonade",
        "openai",
        "perplexity",
        "qwen_ai_platform",
        "qwencloud",
        "tencent",
        "vertex_ai",
        "xai",
    ]
)
"""The providers whose calls LiteLLM bills in a way of their own, or hands a service tier."""

_FAMILIES = {
    "vertex_ai-": "vertex_ai",
    "vertex_ai_beta": "vertex_ai",
    "bedrock_converse": "bedrock",
    "fireworks_ai-": "fireworks_ai",
}
_REGIONS = {"eu.api.openai.com": "eu", "us.api.openai.com": "us"}
_MOST_TIERS = 50


class Tier(NamedTuple):
    """Rates for prompts of more than ``above`` tokens, up to ``up_to``: of ``tiered_pricing``, as Alibaba has it."""

    above: Decimal
    up_to: Decimal
    rates: Mapping[str, Decimal]


_NONE: Mapping[str, Decimal] = {}


class RateCard(NamedTuple):
    """What one deployment costs.

    Attributes:
        route: LiteLLM's name of the provider.
        model: LiteLLM's name of the model in its price map.
        rates: USD per token, picture, second, request …, by LiteLLM's names.
        tiers: rates by the length of the prompt, in ascending order; they replace the others.
        off_peak: rates at some hours.
        searches: USD per search of the web, by ``search_context_size_…``.
        per_query: whether each query of a search is billed, and not each prompt that searched.
        factors: by which all is multiplied, for a place (``us``) or for a fast mode (``fast``).
        region: where the deployment runs, if the row says so.
        free: whether LiteLLM says that it costs nothing.
    """

    route: str = ""
    model: str = ""
    rates: Mapping[str, Decimal] = _NONE
    tiers: tuple[Tier, ...] = ()
    off_peak: OffPeak | None = None
    searches: Mapping[str, Decimal] = _NONE
    per_query: bool = False
    factors: Mapping[str, Decimal] = _NONE
    region: str | None = None
    free: bool = False

    @property
    def known(self) -> bool:
        """Whether a price per token is known: a card of zeros may only mean that it is not."""
        return self.free or bool(self.tiers) or any(self.rates.get(name) for name in (INPUT, OUTPUT))

    def base(self, name: str) -> Decimal | None:
        """The price per token that holds for a short request, None if it is not known."""
        return self.tiers[0].rates.get(name, self.rates.get(name)) if self.tiers else self.rates.get(name)

    def as_dict(self, number: Callable[[Decimal], Any] = str) -> dict[str, Any]:
        """As a row of ``/model/info`` has it, without what is empty; ``from_dict`` reads it.

        Args:
            number: how a rate is written; a text has all its digits.
        """
        document: dict[str, Any] = {
            "route": self.route,
            "key": self.model,
            "region": self.region,
            "free": self.free,
            **_written(self.rates, number),
            "tiered_pricing": [
                {"range": [number(tier.above), number(tier.up_to)], **_written(tier.rates, number)}
                for tier in self.tiers
            ],
            "off_peak_pricing": self.off_peak.as_dict(number) if self.off_peak else None,
            SEARCHES: _written(self.searches, number),
            "web_search_billing_unit": "per_query" if self.per_query else None,
            "provider_specific_entry": _written(self.factors, number),
        }
        return {name: value for name, value in document.items() if value or name in self.rates}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> RateCard:
        """The card of such a document."""
        made = _card(document, _text(document.get("route")), _text(document.get("region")) or None)
        return made._replace(free=document.get("free") is True)


def read(info: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> RateCard:
    """The card of a row of ``/model/info``.

    Args:
        info: its ``model_info``.
        params: its ``litellm_params``.
    """
    params = params or {}
    route = _route(info, params)
    card = _card(_billed(info), route, _region(route, params))
    return card._replace(free=_free(info, card))


def _free(info: Mapping[str, Any], card: RateCard) -> bool:
    """Whether zeros are meant.

    Facts: a row has ``pricing_overrides`` from 1.104 on, the release from which a price that is not known is null. For models
    of Hugging Face LiteLLM has zeros in its code.
    """
    zeros = card.rates.get(INPUT) == 0 and card.rates.get(OUTPUT) == 0 and not any(card.rates.values())
    told = isinstance(info.get("pricing_overrides"), list) and info.get("litellm_provider") != "huggingface"
    return zeros and told and not card.tiers


def _card(row: Mapping[str, Any], route: str, region: str | None) -> RateCard:
    return RateCard(
        route=route,
        model=_text(row.get("key")),
        rates=rates_in(row),
        tiers=_tiers(row.get("tiered_pricing")),
        off_peak=offpeak.read(row.get("off_peak_pricing")),
        searches=_numbers(row.get(SEARCHES)),
        per_query=row.get("web_search_billing_unit") == "per_query",
        factors=_numbers(row.get("provider_specific_entry")),
        region=region,
    )


def _billed(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is billed where a deployment has prices of its own.

    Fact: ``pricing_overrides``, from 1.102 on, names the fields which the deployment sets. LiteLLM then bills by these, by
    the cache prices and the prices of service tiers that it knows for the model, and by none of the thresholds that the row
    shows besides (1.108, ``Router._deployment_model_cost_payload``).
    """
    names = info.get("pricing_overrides")
    own = {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    if not own & {INPUT, OUTPUT} or ("off_peak_pricing" in own and not own & {INPUT, "tiered_pricing"}):
        return info
    inherited = {CACHE_READ, CACHE_WRITE, CACHE_WRITE_1H} if INPUT in own else set()
    if INPUT in own:
        inherited |= {f"{CACHE_READ}_above_200k_tokens", f"{CACHE_WRITE}_above_200k_tokens"}
    tiers = ("_flex", "_balanced", "_priority", "_ultrafast")
    output = {OUTPUT} if "tiered_pricing" in own else set()
    prices = ("cost", "_multiplier", "_pricing", "provider_specific_entry", "web_search_billing_unit")
    return {
        name: value
        for name, value in info.items()
        if not any(word in name for word in prices) or name in own | inherited | output or name.endswith(tiers)
    }


def _route(info: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    model = _text(params.get("model"))
    prefix = model.partition("/")[0] if "/" in model else ""
    for name in (_text(params.get("custom_llm_provider")), prefix, _text(info.get("litellm_provider"))):
        family = next((route for start, route in _FAMILIES.items() if name.startswith(start)), name)
        if family in ROUTES:
            return family
    return _text(info.get("litellm_provider")) or prefix


def _region(route: str, params: Mapping[str, Any]) -> str | None:
    """Fact: OpenAI's regional hosts, and Google's places outside of ``global``, cost more."""
    if route == "openai":
        try:
            host = urlsplit(_text(params.get("api_base"))).hostname
        except ValueError:
            return None
        return _REGIONS.get(host or "")
    if route == "vertex_ai":
        return _text(params.get("vertex_location")) or _text(params.get("vertex_ai_location")) or None
    return None


def _written(rates: Mapping[str, Decimal], number: Callable[[Decimal], Any]) -> dict[str, Any]:
    return {name: number(rate) for name, rate in rates.items()}


def _tiers(value: Any) -> tuple[Tier, ...]:
    found = []
    for row in value[:_MOST_TIERS] if isinstance(value, list) else ():
        span = row.get("range") if isinstance(row, Mapping) else None
        if not isinstance(span, list) or len(span) != 2:
            continue
        above, up_to = _limit(span[0]), _limit(span[1])
        if above is not None and up_to is not None:
            found.append(Tier(above, up_to, rates_in(row)))
    return tuple(sorted(found, key=lambda tier: tier.above))


def _limit(value: Any) -> Decimal | None:
    limit = numerals.decimal(str(value)) if isinstance(value, (int, float, str, Decimal)) else None
    return limit if limit is not None and limit >= 0 else None


def _numbers(value: Any) -> dict[str, Decimal]:
    rows = value.items() if isinstance(value, Mapping) else ()
    return {str(name)[:80]: found for name, one in rows if (found := rate(one)) is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 500 and value.isprintable() else ""
