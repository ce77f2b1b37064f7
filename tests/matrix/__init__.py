"""The same things done against several releases of LiteLLM, each in an environment of its own: ``make matrix``."""
