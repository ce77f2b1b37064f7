"""``fased litellm key``, ``keys`` and ``secrets``."""
