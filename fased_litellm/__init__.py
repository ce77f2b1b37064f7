"""LiteLLM provider plug-in for the Fased agent.

The public names are imported on first use, so that a program which needs only one of them does not pay for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import CallContext as CallContext
    from .provider import LiteLLMProvider as LiteLLMProvider
    from .version import __version__ as __version__

_PUBLIC = {
    "CallContext": "context",
    "LiteLLMProvider": "provider",
    "__version__": "version",
}

__all__ = ["CallContext", "LiteLLMProvider", "__version__"]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{module}"), name)
