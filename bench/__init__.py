"""Measurements beside peers, in one run: ``python -m bench``. Figures, never a test: machines differ, and are shared."""
