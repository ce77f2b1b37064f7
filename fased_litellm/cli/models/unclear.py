"""A model as typed for a call, of which the config alone does not tell whose it is. Loads no list by itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...errors import FasedError
from ...refs import PROVIDER, normalize_provider

if TYPE_CHECKING:
    from ...provider import LiteLLMProvider


def ask(provider: LiteLLMProvider, text: str | None) -> None:
    """Ask the proxy for its list, where none is known and the model seems to be another provider's: an id of the list may look
    like that."""
    if text is None or "/" not in text or normalize_provider(text.partition("/")[0]) == PROVIDER:
        return
    if provider.last_good() is None:
        with contextlib.suppress(FasedError):  # the call itself says what is wrong
            provider.discover()
