"""JSON Schemas of what ``fased litellm keys``, ``spend`` and ``fased usage reconcile`` print, for ``schemas/``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Usd = Annotated[float, Field(description="USD.")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", description="UTC.")]


class _Document(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class VirtualKeyPart(_Document):
    """What the proxy says of a virtual key; not the key."""

    token: str = Field(description="Its SHA-256, by which the proxy knows it.")
    name: str | None = Field(description="The end of the key.")
    alias: str | None
    spent_usd: Usd = Field(description="USD since the budget last began anew; lags the calls by some seconds.")
    max_budget_usd: Usd | None
    budget_duration: str | None
    budget_reset_at: Moment | None
    models: list[str] = Field(description="The aliases which it may call; empty for all.")
    rpm_limit: int | None
    tpm_limit: int | None
    expires: Moment | None
    blocked: bool
    deleted: bool
    key_type: str | None
    user_id: str | None
    team_id: str | None
    last_active: Moment | None


class VirtualKeyDocument(VirtualKeyPart):
    """The document of ``fased litellm keys info --json``; ``keys list`` has a list of such without ``place``."""

    model_config = ConfigDict(title="Virtual key")

    place: str | None = Field(description="Where the agent has it from; null for another key.")


class KeyStoredPart(_Document):
    """Where a key is kept now."""

    provider: str
    profile: str
    storage: str | None
    place: str | None
    masked: str
    before: str | None
    checked: bool
    files: list[str]
    warnings: list[str]


class KeyCheckedPart(_Document):
    """The request by which a key was tried."""

    model: str
    receipt: dict[str, Any] = Field(description="As in chat-result.")


class KeyMadeDocument(VirtualKeyPart):
    """The document of ``fased litellm keys create --json``; of ``rotate`` too, which adds what became of the old key."""

    model_config = ConfigDict(title="Virtual key that was made")

    key: str | None = Field(default=None, description="The key itself; only there with --reveal.")
    used: bool = Field(description="Whether the agent uses it now.")
    stored: KeyStoredPart | None
    checked: KeyCheckedPart | None
    old_token: str | None = Field(default=None, description="rotate: the SHA-256 of the old key.")
    old_deleted: bool | None = Field(default=None, description="rotate: whether the old key is deleted at the proxy.")


class SpendGroup(_Document):
    """Requests with one value."""

    value: str | None
    requests: int
    failed: int
    prompt_tokens: int = Field(description="With the cached ones, as LiteLLM counts.")
    completion_tokens: int
    total_tokens: int
    spend_usd: Usd
    unpriced_requests: int = Field(description="Answered, with tokens, and a spend of 0.")


class SpendTotals(SpendGroup):
    """All requests."""

    value: str | None = Field(default=None, exclude=True)


class SpendDocument(_Document):
    """The document of ``fased litellm spend --json``."""

    model_config = ConfigDict(title="Spend at the proxy")

    base_url: str
    from_: Moment = Field(alias="from")
    to: Moment
    key: VirtualKeyPart | None
    key_problem: dict[str, Any] | None = Field(description="Why the key is not known, as in error.")
    rows: Literal["key", "all"] | None = Field(description="Whose rows were summed up; null where none may be seen.")
    rows_problem: dict[str, Any] | None = Field(description="Why none may be seen, as in error.")
    groups: dict[str, list[SpendGroup]] | None = Field(description="Grouping to groups, dearest first; days in order.")
    totals: SpendTotals | None


Kind = Literal[
    "equal", "unpriced", "cost-differs", "zero-here", "zero-there", "without-usage", "missing-here", "missing-there"
]


class ReconciledSide(_Document):
    """Both sides of one model, or of all."""

    model: str | None
    counts: dict[Kind, int] = Field(description="unpriced: both sides have the call, and neither knows what it cost.")
    here_usd: Usd | None = Field(description="USD, as far as it is known; null where nothing is.")
    here_unpriced: int = Field(description="Calls whose cost the history does not know.")
    there_usd: Usd | None = Field(description="USD, as far as it is known; null where nothing is.")
    there_unpriced: int = Field(description="Calls whose cost the proxy does not know: a spend of 0 beside tokens.")


class ReconciledDifference(_Document):
    """One call on which the sides do not agree."""

    kind: Kind
    call_id: str = Field(description="Names the call in the history; where it is missing there, at the proxy.")
    proxy_call_id: str | None = Field(description="Names the call at the proxy.")
    started_at: str
    model: str | None
    here_usd: Usd | None
    here_source: str | None
    there_usd: Usd | None
    matched_by: Literal["call-id", "filled", "proxy-call-id", "completion", "content"] | None
    reason: Literal["compaction", "client"] | None = Field(
        description="Of without-usage: the agent summed up what was said, or the client is as the agent's."
    )


class _Reconciliation(_Document):
    agrees: bool = Field(description="Whether nothing differs; calls that are unpriced on both sides do not.")
    waited_seconds: float
    still_waiting: int = Field(description="Young calls without a row.")
    filled: int = Field(description="Calls that were added to the history.")
    priced: int = Field(description="Calls of the history whose unknown cost was taken from the proxy.")


class ReconciledRows(_Reconciliation):
    """Rows were compared, call by call."""

    compared: Literal["rows"]
    from_: Moment = Field(alias="from")
    to: Moment
    totals: ReconciledSide
    models: list[ReconciledSide]
    differences: list[ReconciledDifference]
    more_differences: int
    matched_by: dict[str, int]
    attempts: int = Field(description="Rows of attempts before a fallback.")
    unsent: int = Field(description="Failed calls that need no row.")


class ReconciledTotals(_Reconciliation):
    """A plain virtual key compares its total."""

    compared: Literal["totals"]
    since: str
    here_usd: Usd | None = Field(description="USD, as far as it is known; null where nothing is.")
    here_unpriced_calls: int
    there_usd: Usd | None = Field(description="USD; null for a 0 beside calls whose cost is not known here either.")
    key: VirtualKeyPart
    why: str


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    documents: dict[str, type[BaseModel]] = {
        "virtual-key.schema.json": VirtualKeyDocument,
        "virtual-key-made.schema.json": KeyMadeDocument,
        "spend.schema.json": SpendDocument,
    }
    found = {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode="serialization")}
        for name, model in documents.items()
    }
    either: TypeAdapter[Any] = TypeAdapter(ReconciledRows | ReconciledTotals)
    reconciliation = {"title": "Reconciliation", **either.json_schema(by_alias=True, mode="serialization")}
    return {**found, "reconciliation.schema.json": {"$schema": _DIALECT, **reconciliation}}
