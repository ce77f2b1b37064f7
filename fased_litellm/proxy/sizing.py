"""How many tokens a request will have, roughly, before it is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BYTES_PER_TOKEN = 3
"""Of English text it is about 4, of other scripts and of code less; too many tokens are better than too few."""
MEDIA_TOKENS = 1_600
"""Tokens of an image or a file, whose bytes say nothing of them: what Anthropic and OpenAI count for a large image."""
AROUND = 16
"""Tokens that a provider adds around a request."""
_PER_PART = 4
_MEDIA = frozenset({"image_url", "input_image", "image", "input_audio", "file", "input_file", "video_url"})
_MOST_PARTS = 1_000_000
"""What has more, contains itself; such a request is refused when it is written as JSON."""


def prompt_tokens(messages: Sequence[Any], params: Mapping[str, Any]) -> int:
    """Estimated tokens in.

    Args:
        messages: OpenAI chat messages.
        params: further parameters; ``tools``, ``functions`` and ``response_format`` go to the model too.
    """
    size = media = parts = 0
    left: list[Any] = [list(messages), *(params.get(name) for name in ("tools", "functions", "response_format"))]
    while left and parts < _MOST_PARTS:
        part = left.pop()
        parts += 1
        if isinstance(part, str):
            size += len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
        elif isinstance(part, Mapping):
            if part.get("type") in _MEDIA:
                media += 1
                continue
            size += _PER_PART * BYTES_PER_TOKEN
            left.extend(part.values())
            size += sum(len(name) for name in part if isinstance(name, str))
        elif isinstance(part, (list, tuple)):
            left.extend(part)
        elif part is not None:
            size += _PER_PART
    return size // BYTES_PER_TOKEN + media * MEDIA_TOKENS + AROUND
