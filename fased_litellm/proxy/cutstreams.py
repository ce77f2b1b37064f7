"""Releases of LiteLLM which pass a stream that the provider cut as a complete one.

Fact: 1.72 to 1.91 make up an ending, with ``finish_reason``, a usage and ``[DONE]``; 1.96 tells (seen; the releases between were not
tried). It comes of LiteLLM's aiohttp transport, so with ``DISABLE_AIOHTTP_TRANSPORT=True`` all tell; a client does not see which it is.
"""

from __future__ import annotations

import re

FIRST, TOLD = (1, 72), (1, 96)
"""The line of releases from which on, and the one with which it ends."""
_LINE = r"v?(\d{1,4})\.(\d{1,6})\."


def warning(version: str | None) -> str | None:
    """What is to be said of a stream from a release, None where it would tell."""
    found = re.match(_LINE, version or "")
    if found is None or not FIRST <= (int(found[1]), int(found[2])) < TOLD:
        return None
    return (
        f"LiteLLM {version} passes a stream which the provider cut as a complete one, so nobody can tell whether this reply is whole."
        " The owner of the proxy can upgrade it to 1.96 or later, or start it with DISABLE_AIOHTTP_TRANSPORT=True."
    )
