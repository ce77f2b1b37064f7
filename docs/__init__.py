"""The documentation. Its generated parts come from ``docs.generator``."""
