"""``fased models``, ``providers`` and ``agents``."""
