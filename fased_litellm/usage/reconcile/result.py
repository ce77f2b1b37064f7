"""What a comparison of the local history with the proxy's rows has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from ...documents import Doc, FromDayToDay, Moment, TypedDict, Usd
from ..money import from_pico, to_number
from ..record import iso

Kind = Literal[
    "equal", "unpriced", "cost-differs", "zero-here", "zero-there", "without-usage", "missing-here", "missing-there"
]
KINDS: tuple[Kind, ...] = (
    "equal",
    "unpriced",
    "cost-differs",
    "zero-here",
    "zero-there",
    "without-usage",
    "missing-here",
    "missing-there",
)
"""``unpriced``: both sides have the call, and neither knows what it cost; ``zero-here``: the proxy has a cost and the history
none; ``without-usage``: a call of the Node agent's own, of which its transcripts have no usage; ``missing-here``: any other of which
the history has no call; ``missing-there``: the proxy has no row."""
ALIKE: tuple[Kind, ...] = ("equal", "unpriced")
"""Kinds of calls on which the sides do not differ."""


MatchedBy = Literal["call-id", "filled", "proxy-call-id", "completion", "content"]
Reason = Literal["compaction", "client"]
KnownUsd = Annotated[Usd | None, Doc("USD, as far as it is known; null where nothing is.")]


class ReconciledSide(TypedDict):
    """Both sides of one model, or of all."""

    model: str | None
    counts: Annotated[dict[Kind, int], Doc("unpriced: both sides have the call, and neither knows what it cost.")]
    hereUsd: KnownUsd
    hereUnpriced: Annotated[int, Doc("Calls whose cost the history does not know.")]
    thereUsd: KnownUsd
    thereUnpriced: Annotated[int, Doc("Calls whose cost the proxy does not know: a spend of 0 beside tokens.")]


class ReconciledDifference(TypedDict):
    """One call on which the sides do not agree."""

    kind: Kind
    callId: Annotated[str, Doc("Names the call in the history; where it is missing there, at the proxy.")]
    proxyCallId: Annotated[str | None, Doc("Names the call at the proxy.")]
    startedAt: Moment
    model: str | None
    hereUsd: Usd | None
    hereSource: str | None
    thereUsd: Usd | None
    matchedBy: MatchedBy | None
    reason: Annotated[
        Reason | None,
        Doc("Of without-usage: the agent summed up what was said, or the client is as the agent's."),
    ]


class Agreement(TypedDict):
    """What both ways to compare say."""

    agrees: Annotated[bool, Doc("Whether nothing differs; calls that are unpriced on both sides do not.")]


class ComparedRows(FromDayToDay, Agreement, TypedDict):
    """Rows were compared, call by call."""

    compared: Literal["rows"]
    totals: ReconciledSide
    models: list[ReconciledSide]
    differences: list[ReconciledDifference]
    moreDifferences: int
    matchedBy: dict[str, int]
    attempts: Annotated[int, Doc("Rows of attempts before a fallback.")]
    unsent: Annotated[int, Doc("Failed calls that need no row.")]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One call on which the two sides do not agree.

    Attributes:
        kind: how.
        call_id: by which the history knows it, else by which the proxy does.
        proxy_call_id: by which the proxy knows it, None where it is not known to.
        started_at_ms: milliseconds since 1970, UTC.
        model: the alias.
        here_pico, there_pico: the cost in 10⁻¹² USD; None where that side has none.
        here_source: where the history has its cost from.
        matched_by: ``call-id``, ``proxy-call-id``, ``completion`` or ``content`` (model, tokens and time); None for one that has no partner.
        reason: of ``without-usage``: ``compaction`` where the agent summed up what was said, ``client`` where the request came
            from a client as the agent's while it was at work; None for any other kind.
    """

    kind: Kind
    call_id: str
    proxy_call_id: str | None
    started_at_ms: int
    model: str | None
    here_pico: int | None
    there_pico: int | None
    here_source: str | None
    matched_by: MatchedBy | None
    reason: Reason | None = None

    def as_dict(self) -> ReconciledDifference:
        return {
            "kind": self.kind,
            "callId": self.call_id,
            "proxyCallId": self.proxy_call_id,
            "startedAt": iso(self.started_at_ms),
            "model": self.model,
            "hereUsd": _usd(self.here_pico),
            "hereSource": self.here_source,
            "thereUsd": _usd(self.there_pico),
            "matchedBy": self.matched_by,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Side:
    """Both sides of one model, or of all.

    Attributes:
        model: the alias, None for all or where it is not known.
        counts: calls of each kind.
        here_pico, there_pico: the known costs, in 10⁻¹² USD.
        here_unpriced, there_unpriced: calls whose cost that side does not know. A spend of 0 beside tokens is no known cost,
            unless the history knows that the model is free.
    """

    model: str | None
    counts: Mapping[Kind, int]
    here_pico: int
    there_pico: int
    here_unpriced: int = 0
    there_unpriced: int = 0

    @property
    def here_usd(self) -> Decimal | None:
        """The known cost of the history's calls, None where nothing is known of it."""
        return from_pico(self.here_pico) if self.here_pico or not self.here_unpriced else None

    @property
    def there_usd(self) -> Decimal | None:
        """The same at the proxy."""
        return from_pico(self.there_pico) if self.there_pico or not self.there_unpriced else None

    def as_dict(self) -> ReconciledSide:
        return {
            "model": self.model,
            "counts": {kind: self.counts.get(kind, 0) for kind in KINDS},
            "hereUsd": None if self.here_usd is None else to_number(self.here_pico),
            "hereUnpriced": self.here_unpriced,
            "thereUsd": None if self.there_usd is None else to_number(self.there_pico),
            "thereUnpriced": self.there_unpriced,
        }


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The whole comparison.

    Attributes:
        from_ms, to_ms: the window, the end exclusive.
        totals: of all models.
        models: of each alias, the one with the greatest difference first.
        differences: the calls that differ, oldest first, as many as were asked for.
        more: how many further ones differ.
        matched: how the pairs were found → how many.
        attempts: rows of the proxy for attempts that another one of the same call took the place of.
        unsent: failed calls of the history which the proxy need not have a row of.
    """

    from_ms: int
    to_ms: int
    totals: Side
    models: tuple[Side, ...]
    differences: tuple[RowDifference, ...]
    more: int
    matched: Mapping[str, int]
    attempts: int
    unsent: int

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same calls, at the same costs as far as any are known."""
        return not any(count for kind, count in self.totals.counts.items() if kind not in ALIKE)

    def as_dict(self) -> ComparedRows:
        """The document of ``fased usage reconcile --json`` where rows could be compared."""
        return {
            "compared": "rows",
            "from": iso(self.from_ms),
            "to": iso(self.to_ms),
            "agrees": self.agrees,
            "totals": self.totals.as_dict(),
            "models": [side.as_dict() for side in self.models],
            "differences": [difference.as_dict() for difference in self.differences],
            "moreDifferences": self.more,
            "matchedBy": dict(self.matched),
            "attempts": self.attempts,
            "unsent": self.unsent,
        }


def _usd(pico: int | None) -> float | None:
    return None if pico is None else to_number(pico)
