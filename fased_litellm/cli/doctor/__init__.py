"""``fased litellm doctor``, ``map``, ``verify``, ``debug`` and ``explain``."""
