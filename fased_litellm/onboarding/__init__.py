"""Set an agent up for a LiteLLM proxy: find what is there, check, choose, compute every file, show, write together.

``found`` says what config, environment and stores hold already; ``check`` asks the proxy; ``choose`` picks the model;
``edits`` and ``plan`` compute the files without writing; ``run`` walks through it with a ``Dialogue``, which asks a person or
reads flags.
"""

from __future__ import annotations

from ..keys.existing import Found, GivenKey
from .dialogue import Dialogue, Request, Retry, Unattended
from .plan import Plan, PlannedFile
from .run import Outcome, onboard

__all__ = [
    "Dialogue",
    "Found",
    "GivenKey",
    "Outcome",
    "Plan",
    "PlannedFile",
    "Request",
    "Retry",
    "Unattended",
    "onboard",
]
