"""Names as people type them, and the nearest known one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NONE = "-"
"""Stands for "no value" in a filter, as in tables."""


def plain(name: str) -> str:
    """A name without what people write differently: ``served-model`` as ``servedmodel``."""
    return name.lower().replace("-", "").replace("_", "")


def nearest(word: str, known: Mapping[str, str], names: Iterable[str]) -> str:
    """A hint with the name that was probably meant, and all of them.

    Args:
        word: as ``plain`` gives it.
        known: plain name → the name itself.
        names: those to list.
    """
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    meant = f"Did you mean {known[near[0]]}? " if near else ""
    return f"{meant}Known are {', '.join(names)}."
