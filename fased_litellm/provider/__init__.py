"""The provider ``litellm``: ``LiteLLMProvider``, with its calls and streams and the row of each."""

from .litellm_provider import LiteLLMProvider

__all__ = ["LiteLLMProvider"]
