"""The proxy's routes for virtual keys: ``/key/generate``, ``/key/info``, ``/key/list``, ``/key/update`` and the rest.

They want the master key, except that a key may ask about itself. What the proxy answers when it refuses is put into words
here, by status first; facts of each wording were seen on LiteLLM 1.106.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from ...documents import Doc, Second, TypedDict, Usd
from ...errors import CallError, KeyAdminError
from ...redaction import MASK, Secret, remember
from ..client import ProxyClient
from ..values import moment, money, name
from . import database
from .refusals import as_admin_error

_PAGE = 100
_MOST_PAGES = 1_000
_LARGEST = Decimal(10) ** 12
_FURTHER = (
    "max_parallel_requests",
    "model_max_budget",
    "budget_id",
    "organization_id",
    "project_id",
    "metadata",
    "aliases",
    "config",
    "permissions",
    "allowed_cache_controls",
    "allowed_routes",
    "object_permission",
    "access_group_ids",
)
"""Fact: ``/key/info`` of LiteLLM 1.106 tells these, and ``/key/generate`` takes them; limits per model and guardrails are in
the metadata."""


class VirtualKeyPart(TypedDict):
    """What the proxy says of a virtual key; not the key."""

    token: Annotated[str, Doc("Its SHA-256, by which the proxy knows it.")]
    name: Annotated[str | None, Doc("The end of the key.")]
    alias: str | None
    spentUsd: Annotated[Usd, Doc("USD since the last budget reset; lags the calls by some seconds.")]
    maxBudgetUsd: Usd | None
    budgetDuration: str | None
    budgetResetAt: Second | None
    models: Annotated[list[str], Doc("The aliases which it may call; empty for all.")]
    rpmLimit: int | None
    tpmLimit: int | None
    expires: Second | None
    blocked: bool
    deleted: bool
    keyType: str | None
    userId: str | None
    teamId: str | None
    lastActive: Second | None


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """What the proxy says of one virtual key; not the key itself.

    Attributes:
        token: its SHA-256, by which the proxy knows it.
        name: its end, as ``…28wA``; the proxy shows as much of a key that it calls by no other name.
        alias: its name for people.
        spent: USD since the last budget reset; lags the calls by some seconds.
        max_budget: USD; None for no budget.
        budget_duration: how long a budget lasts, as the proxy has it; None for for ever.
        budget_reset_at: when the spend goes back to 0; None for never.
        models: the aliases which it may call; empty for all.
        rpm_limit, tpm_limit: requests and tokens per minute; None for no limit.
        expires: when it ends; None for never.
        blocked: whether the proxy refuses it.
        deleted: whether it is gone.
        key_type: ``default``, ``llm_api`` (calls alone), ``management`` and so on; None where the proxy does not say.
        user_id, team_id: whose it is.
        created_at: when it was made; None where the proxy does not say.
        last_active: when it last called; None where the proxy does not say.
        further: other fields that bound or shape its calls, as the proxy has them and takes them for a new key.
    """

    token: str
    name: str | None = None
    alias: str | None = None
    spent: Decimal = Decimal(0)
    max_budget: Decimal | None = None
    budget_duration: str | None = None
    budget_reset_at: datetime | None = None
    models: tuple[str, ...] = ()
    rpm_limit: int | None = None
    tpm_limit: int | None = None
    expires: datetime | None = None
    blocked: bool = False
    deleted: bool = False
    key_type: str | None = None
    user_id: str | None = None
    team_id: str | None = None
    created_at: datetime | None = None
    last_active: datetime | None = None
    further: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def share(self) -> Decimal | None:
        """The part of the budget that is spent, 1 for all of it; None without a budget. A budget of 0 is spent."""
        if self.max_budget is None:
            return None
        return self.spent / self.max_budget if self.max_budget > 0 else Decimal(1)

    def as_dict(self) -> VirtualKeyPart:
        """The key in a JSON document."""
        return {
            "token": self.token,
            "name": self.name,
            "alias": self.alias,
            "spentUsd": float(self.spent),
            "maxBudgetUsd": None if self.max_budget is None else float(self.max_budget),
            "budgetDuration": self.budget_duration,
            "budgetResetAt": _iso(self.budget_reset_at),
            "models": list(self.models),
            "rpmLimit": self.rpm_limit,
            "tpmLimit": self.tpm_limit,
            "expires": _iso(self.expires),
            "blocked": self.blocked,
            "deleted": self.deleted,
            "keyType": self.key_type,
            "userId": self.user_id,
            "teamId": self.team_id,
            "lastActive": _iso(self.last_active),
        }


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: the only time that the proxy shows it."""

    key: str = field(repr=False)
    about: VirtualKey


class KeyAdmin:
    """The virtual keys of a proxy.

    Args:
        client: with the master key, or with a key that asks about itself.
    """

    def __init__(self, client: ProxyClient) -> None:
        self._client = client

    def generate(self, settings: Mapping[str, Any]) -> NewKey:
        """Make a key.

        Args:
            settings: fields of LiteLLM's ``/key/generate``; None values are left out.

        Raises:
            KeyAdminError: the proxy refuses, and why.
            CallError: it is not reached.
        """
        body = self._post("/key/generate", {name: value for name, value in settings.items() if value is not None})
        key = body.get("key")
        if not isinstance(key, str) or not key or MASK in key:  # a mask: it repeats a key that is in use already
            raise KeyAdminError("The proxy made a key, and did not say which.", hint="See `fased litellm keys list`.")
        remember(key)
        token = body.get("token") or body.get("token_id")
        return NewKey(Secret(key), self.info(token) if isinstance(token, str) else parse({**body, "token": ""}))

    def info(self, token: str | None = None) -> VirtualKey:
        """What the proxy says of a key.

        Args:
            token: the key or its hash; None for the client's own.

        Raises:
            KeyAdminError: there is no such key, or this key may not ask.
            CallError: the proxy is not reached.
        """
        body = self._get("/key/info", {} if token is None else {"key": token})
        about = body.get("info")
        if not isinstance(about, dict):
            raise KeyAdminError("The proxy's answer to /key/info has no `info`.", hint="Is this a LiteLLM proxy?")
        told = body.get("key")
        return parse(
            {
                "token": told if isinstance(told, str) and not told.startswith("sk-") and MASK not in told else "",
                **about,
            }
        )

    def all(self, **filters: str) -> Iterator[VirtualKey]:
        """Every key, page by page.

        Args:
            filters: of ``/key/list``, such as ``key_alias``, which must match as a whole.

        Raises:
            KeyAdminError: the proxy refuses, and why.
            CallError: it is not reached.
        """
        for page in range(1, _MOST_PAGES + 1):
            asked = {"return_full_object": "true", "size": str(_PAGE), "page": str(page), **filters}
            body = self._get("/key/list", asked)
            rows = body.get("keys")
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    yield parse(row)
            pages = body.get("total_pages")
            if not isinstance(pages, int) or page >= pages:
                return

    def update(self, token: str, settings: Mapping[str, Any]) -> VirtualKey:
        """Change a key; fields with the value None are sent too, and take a limit away.

        Raises:
            KeyAdminError: the proxy refuses, and why.
            CallError: it is not reached.
        """
        self._post("/key/update", {"key": token, **settings})
        return self.info(token)

    def block(self, token: str, *, blocked: bool = True) -> None:
        """Have the proxy refuse a key, or take it again.

        Raises:
            KeyAdminError: the proxy refuses, and why.
            CallError: it is not reached.
        """
        self._post("/key/block" if blocked else "/key/unblock", {"key": token})

    def delete(self, token: str) -> None:
        """Delete a key for good.

        Raises:
            KeyAdminError: the proxy refuses, and why.
            CallError: it is not reached.
        """
        self._post("/key/delete", {"keys": [token]})

    def model_ids(self) -> set[str]:
        """What the client's key may call.

        Raises:
            CallError: the proxy is not reached, or refuses.
        """
        rows = _mapping(self._client.get_json("/v1/models").body, "/v1/models").get("data")
        return (
            {str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row}
            if isinstance(rows, list)
            else set()
        )

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            return _mapping(self._client.get_json(path, params, timeout_s=15.0).body, path)
        except CallError as error:
            raise self._as_admin_error(error, path) from None

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return _mapping(self._client.post_json(path, body, timeout_s=30.0).body, path)
        except CallError as error:
            raise self._as_admin_error(error, path) from None

    def _as_admin_error(self, error: CallError, path: str) -> CallError | KeyAdminError:
        return as_admin_error(error, path, without_database=database.is_missing(error, self._client))


def parse(row: Mapping[str, Any]) -> VirtualKey:
    """A key as ``/key/info``, ``/key/list`` and ``/key/generate`` describe it; what cannot be read is not known."""
    models = row.get("models")
    return VirtualKey(
        token=_text(row.get("token")) or "",
        name=_ending(row.get("key_name")),
        alias=_text(row.get("key_alias")),
        spent=money(row.get("spend"), _LARGEST) or Decimal(0),
        max_budget=money(row.get("max_budget"), _LARGEST),
        budget_duration=_text(row.get("budget_duration")),
        budget_reset_at=moment(row.get("budget_reset_at")),
        models=tuple(name for name in models if isinstance(name, str)) if isinstance(models, list) else (),
        rpm_limit=_whole(row.get("rpm_limit")),
        tpm_limit=_whole(row.get("tpm_limit")),
        expires=moment(row.get("expires")),
        blocked=row.get("blocked") is True,
        deleted=row.get("status") == "deleted",
        key_type=_text(row.get("key_type")),
        user_id=_text(row.get("user_id")),
        team_id=_text(row.get("team_id")),
        created_at=moment(row.get("created_at")),
        last_active=moment(row.get("last_active")),
        further={name: row[name] for name in _FURTHER if row.get(name)},
    )


def _mapping(body: Any, path: str) -> dict[str, Any]:
    if isinstance(body, dict):
        return body
    raise KeyAdminError(f"The proxy's answer to {path} is not an object.", hint="Is this a LiteLLM proxy?")


def _text(value: Any) -> str | None:
    return name(value) if isinstance(value, str) and value.isprintable() else None


def _ending(value: Any) -> str | None:
    """``sk-...28wA`` as ``…28wA``, which is not taken for a key that must be hidden."""
    told = _text(value)
    return None if told is None else "…" + told.rpartition(".")[2][-4:]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
