"""What the price of a call may depend on besides its four counts of tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..jsontext import mapping

TIERS = {"flex": "flex", "balanced": "balanced", "priority": "priority", "fast": "priority", "ultrafast": "ultrafast"}
"""``service_tier`` of a reply → the ending of the price's name. Fact: LiteLLM 1.108, ``llm_cost_calc/utils.py``."""

_STANDARD = ("default", "standard")


class BilledDetail(NamedTuple):
    """Of what the tokens were, and how they were served. Zeros and None mean that the answer names none.

    Attributes:
        text_tokens, audio_tokens, image_tokens, video_tokens: kinds of the prompt's tokens, cached ones included where
            the provider does so.
        cached_text_tokens, cached_audio_tokens, cached_image_tokens: kinds of the tokens read from a cache.
        cache_write_5m_tokens, cache_write_1h_tokens: written to a cache for five minutes, and for an hour; None where
            the answer does not split them.
        characters, images, video_seconds, audio_seconds, queries: other units that a prompt may be billed by.
        output_text_tokens, output_audio_tokens, output_image_tokens, output_video_tokens: kinds of the reply's tokens.
        service_tier: ``flex``, ``priority``, ``balanced`` or ``ultrafast``; None is the standard tier.
        geo: where the provider ran it, if it says so (``us``).
        fast: whether it was a provider's fast mode.
        tool_searches, grounding_searches, agent_searches: of the web, by the three places in which providers count them
            (``server_tool_use``, ``prompt_tokens_details``, ``server_side_tool_usage_details``); None where it is absent.
        page_visits, map_searches: what else tools of the provider did.
        citation_tokens: tokens of citations, which Perplexity bills apart.
        cited: whether the reply cites pages of the web.
        search_size: the ``search_context_size`` that was asked for.
    """

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    video_tokens: int = 0
    cached_text_tokens: int = 0
    cached_audio_tokens: int = 0
    cached_image_tokens: int = 0
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    characters: int = 0
    images: int = 0
    video_seconds: float = 0
    audio_seconds: float = 0
    queries: int = 0
    output_text_tokens: int = 0
    output_audio_tokens: int = 0
    output_image_tokens: int = 0
    output_video_tokens: int = 0
    service_tier: str | None = None
    geo: str | None = None
    fast: bool = False
    tool_searches: int | None = None
    grounding_searches: int | None = None
    agent_searches: int | None = None
    page_visits: int = 0
    map_searches: int = 0
    citation_tokens: int = 0
    cited: bool = False
    search_size: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """What is not zero, None or False; ``from_dict`` reads it."""
        values = self._asdict()
        return {name: value for name, value in values.items() if value or (value == 0 and name in _SPLIT)}

    def noteworthy(self) -> dict[str, Any]:
        """What has to be kept, so that a call can be priced later: not what follows from the tokens."""
        if self == _NOTHING:
            return {}
        values = {name: value for name, value in self.as_dict().items() if name not in _FOLLOWS}
        written = self.cache_write_5m_tokens or self.cache_write_1h_tokens
        return {name: value for name, value in values.items() if value or (written and name.startswith("cache_write"))}

    @property
    def searched(self) -> bool:
        """Whether the answer shows that the web was searched."""
        counts = (self.tool_searches, self.grounding_searches, self.agent_searches or None)
        return self.cited or any(count is not None for count in counts)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> BilledDetail:
        """The detail of such a document; what has no place in it, or is of another kind, is left out."""
        values: dict[str, Any] = {}
        for name, value in document.items():
            if name in _FLAGS:
                values[name] = value is True
            elif name in _WORDS:
                values[name] = word(value)
            elif name in _FIELDS:
                values[name] = seconds(value) if name in _SECONDS else count(value)
        return cls(**values)


_FLAGS, _WORDS, _SECONDS = ("fast", "cited"), ("service_tier", "geo", "search_size"), ("video_seconds", "audio_seconds")
_FOLLOWS = ("text_tokens", "cached_text_tokens", "output_text_tokens")
_SPLIT = (
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "tool_searches",
    "grounding_searches",
    "agent_searches",
)
_FIELDS = BilledDetail._fields
_NOTHING = BilledDetail()


class Served(NamedTuple):
    """What a price may depend on and the ``usage`` object does not say; values as they stand in the JSON.

    Attributes:
        tier, asked_tier: ``service_tier`` of the reply and of the request.
        cited: whether the reply cites pages of the web.
        search_size: ``web_search_options.search_context_size`` of the request.
    """

    tier: Any = None
    asked_tier: Any = None
    cited: bool = False
    search_size: Any = None


UNSERVED = Served()

_Table = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""Name in a document → our name, and what reads the value."""


def billed_detail(usage: Mapping[str, Any], served: Served = UNSERVED) -> BilledDetail:
    """What a ``usage`` object says besides the counts of tokens. LiteLLM's names and those of the providers behind it.

    Fact: LiteLLM bills the tier that the reply names; where the reply names none, or ``auto``, the one that was asked for.
    """
    prompt = mapping(usage.get("prompt_tokens_details"))
    found: dict[str, Any] = {}
    _take(prompt, _OF_PROMPT, found)
    _take(prompt.get("cached_tokens_details"), _OF_CACHED, found)
    _take(prompt.get("cache_creation_token_details"), _OF_WRITTEN, found)
    if len(found.keys() & _OF_WRITTEN_NAMES) == 1:  # what the other one leaves
        found = {**dict.fromkeys(_OF_WRITTEN_NAMES, 0), **found}
    _take(usage.get("completion_tokens_details"), _OF_REPLY, found)
    _take(usage.get("server_tool_use"), _OF_TOOLS, found)
    _take(usage.get("server_side_tool_usage_details"), _OF_SERVER, found)
    _take(usage, _OF_USAGE, found)
    return BilledDetail(
        service_tier=_tier(served.tier, usage.get("service_tier"), served.asked_tier),
        cited=served.cited,
        search_size=word(served.search_size),
        **found,
    )


def _take(document: Any, table: _Table, found: dict[str, Any]) -> None:
    """Put what a document says, and is not None, under our names for it. Most documents say little, and nothing else is looked for."""
    if not document or not isinstance(document, Mapping):
        return
    for name, value in document.items():
        if value is not None and name in table:
            field, read = table[name]
            found[field] = read(value)


def _tier(*named: Any) -> str | None:
    for tier in named:
        name = tier.lower() if isinstance(tier, str) else ""
        if name in TIERS:
            return TIERS[name]
        if name in _STANDARD:
            return None
    return None


def _is_fast(value: Any) -> bool:
    return bool(value == "fast")


def _geo(value: Any) -> str | None:
    place = word(value)
    return None if place in (None, "global", "not_available") else place


def count(value: Any) -> int:
    """A number of tokens or other things; 0 where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return max(0, int(value)) if value == value and abs(value) < 1e15 else 0  # noqa: PLR0124 - NaN is not itself


def seconds(value: Any) -> float:
    """A duration in seconds; 0 where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 <= value < 1e9 else 0.0


def word(value: Any) -> str | None:
    """A short name in lower case, None where it is none."""
    if not isinstance(value, str) or not value.isascii() or not value.replace("-", "_").isidentifier():
        return None
    return value.lower()[:40]


_OF_PROMPT: _Table = {
    "text_tokens": ("text_tokens", count),
    "audio_tokens": ("audio_tokens", count),
    "image_tokens": ("image_tokens", count),
    "video_tokens": ("video_tokens", count),
    "character_count": ("characters", count),
    "image_count": ("images", count),
    "video_length_seconds": ("video_seconds", seconds),
    "audio_length_seconds": ("audio_seconds", seconds),
    "query_count": ("queries", count),
    "web_search_requests": ("grounding_searches", count),
    "google_maps_grounding_requests": ("map_searches", count),
}
_OF_CACHED: _Table = {
    "text_tokens": ("cached_text_tokens", count),
    "audio_tokens": ("cached_audio_tokens", count),
    "image_tokens": ("cached_image_tokens", count),
}
_OF_WRITTEN: _Table = {
    "ephemeral_5m_input_tokens": ("cache_write_5m_tokens", count),
    "ephemeral_1h_input_tokens": ("cache_write_1h_tokens", count),
}
_OF_WRITTEN_NAMES = frozenset(field for field, _ in _OF_WRITTEN.values())
_OF_REPLY: _Table = {
    "text_tokens": ("output_text_tokens", count),
    "audio_tokens": ("output_audio_tokens", count),
    "image_tokens": ("output_image_tokens", count),
    "video_tokens": ("output_video_tokens", count),
}
_OF_TOOLS: _Table = {"web_search_requests": ("tool_searches", count), "browser_open_requests": ("page_visits", count)}
_OF_SERVER: _Table = {"web_search_calls": ("agent_searches", count)}
_OF_USAGE: _Table = {
    "inference_geo": ("geo", _geo),
    "speed": ("fast", _is_fast),
    "citation_tokens": ("citation_tokens", count),
}
