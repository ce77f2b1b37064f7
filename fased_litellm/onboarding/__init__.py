"""Set an agent up for a LiteLLM proxy: find what is there, check, choose, compute every file, show, write together.

``found`` says what config, environment and stores hold already; ``check`` asks the proxy; ``choose`` picks the model;
``edits`` and ``plan`` compute the files without writing; ``run`` walks through it with a ``Prompter``, which asks a person or
reads flags.
"""

from __future__ import annotations

from ..keys.existing import Existing, GivenKey
from .dialogue import NonInteractive, OnboardingRequest, Prompter, Retry
from .plan import Plan, PlannedFile
from .run import OnboardingOutcome, onboard

__all__ = [
    "Existing",
    "GivenKey",
    "NonInteractive",
    "OnboardingOutcome",
    "OnboardingRequest",
    "Plan",
    "PlannedFile",
    "Prompter",
    "Retry",
    "onboard",
]
