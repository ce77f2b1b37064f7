"""The version of this package, for all that sends or shows it."""

from __future__ import annotations

__version__ = "0.1.0"
