"""Python's json5 library as a second reader of the same texts. It differs from Node's, and so from ours, in two things."""

from __future__ import annotations

from typing import Any

from fased_litellm.config.json5.operations import same

BAD_NAME = "unquoted key"
"""In the reason of an error: a name with a character which Node's json5 does not take there, and the library may."""


def agree(ours: Any, library: Any) -> bool:
    """Whether both are the same, but for ``-0``, which the library reads as 0."""
    return same(_plain_zeros(ours), _plain_zeros(library))


def _plain_zeros(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_zeros(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list(map(_plain_zeros, value))
    return 0 if isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0 else value
