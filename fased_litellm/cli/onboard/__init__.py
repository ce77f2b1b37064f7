"""``fased onboard`` and ``fased litellm quickstart``."""
