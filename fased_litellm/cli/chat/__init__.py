"""``fased litellm chat``."""
