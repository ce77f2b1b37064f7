"""How the lines of transcripts differ from one release of the coding agent to the next.

Facts: ``pi-0.80.3`` and ``openclaw-2026.2.26`` are what these releases wrote on a real proxy: the same fields in the same order.
``fased-durations`` is the line that Fased's ``src/infra/session-cost-usage.ts`` describes, where ``durationMs`` says how long a
reply took.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What the lines of one release have.

    Attributes:
        name: the release.
        reasoning: whether ``usage.reasoning`` is written with every reply; some models then reason.
        response_ids: whether a reply has the ``responseId`` of the provider.
        durations: whether a reply has ``durationMs``; else it took from its own time until that of its line.
        details: what a tool's result has in ``details``; '' for none.
        snapshots: whether the model in use is written down once more, in a ``custom`` line.
        signatures: whether thinking has a signature.
    """

    name: str
    reasoning: bool = False
    response_ids: bool = False
    durations: bool = False
    details: str = ""
    snapshots: bool = False
    signatures: bool = True


PI = Shape("pi-0.80.3", reasoning=True, response_ids=True, details="{}")
"""What Fased runs. Here, where no other is named."""
OPENCLAW = Shape("openclaw-2026.2.26", details='{"status":"ok"}', snapshots=True)
DURATIONS = Shape("fased-durations", durations=True, signatures=False)

SHAPES = {shape.name: shape for shape in (PI, OPENCLAW, DURATIONS)}
