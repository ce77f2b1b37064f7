"""The hash by which files and names are told apart. It keeps nothing secret."""

from __future__ import annotations

try:
    # Not by way of hashlib, which loads OpenSSL, and so takes longer than all else of a report that has nothing to read.
    from _blake2 import blake2b
except ImportError:  # a Python that is built in another way
    from hashlib import blake2b

__all__ = ["blake2b"]
