"""What a key may see of the proxy's spend: its own totals always, rows with the master key or a user's key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Literal

from .config.load import ConfigSnapshot
from .documents import Doc, FromDayToDay, TypedDict
from .errors import FasedError, KeyAdminError, MissingKey, SpendError
from .errors.documents import ErrorPart
from .keys.virtualkeys import VirtualKeys, master_key
from .paths import Paths
from .proxy.client import ProxyClient
from .proxy.management.admin import VirtualKey, VirtualKeyPart
from .proxy.management.keykind import kind_of_key
from .proxy.management.spend import SILENT_S, SpendRow, spend_rows
from .proxy.management.spendreport import SpendGroup, SpendReport, SpendTotals, summed

MASTER_ROWS = "litellm_proxy_master_key"
"""Fact: under this name LiteLLM keeps the rows of its master key."""

ON_SERVER = {"model": "model_group", "user": "end_user"}
"""Filters which the proxy applies by itself, and their names there."""


class SpendDocument(FromDayToDay, TypedDict):
    """The document of ``fased litellm spend --json``."""

    baseUrl: str
    key: VirtualKeyPart | None
    keyProblem: Annotated[ErrorPart | None, Doc("Why the key is not known.")]
    rows: Annotated[Literal["key", "all"] | None, Doc("Whose rows were summed up; null where none may be seen.")]
    rowsProblem: Annotated[ErrorPart | None, Doc("Why none may be seen.")]
    groups: Annotated[dict[str, list[SpendGroup]] | None, Doc("Grouping to groups, dearest first; days in order.")]
    totals: SpendTotals | None


@dataclass(frozen=True, slots=True)
class SpendView:
    """What could be seen.

    Attributes:
        base_url: the proxy.
        key: what the proxy says of the agent's key; None for the master key, or where it may not ask.
        key_problem: why not.
        rows: whose rows were summed up: ``key``, ``all``, or None where none may be seen.
        report: their sums.
        rows_problem: why none may be seen.
    """

    base_url: str
    key: VirtualKey | None
    key_problem: FasedError | None
    rows: Literal["key", "all"] | None
    report: SpendReport | None
    rows_problem: FasedError | None

    def as_dict(self, from_ms: int, to_ms: int) -> SpendDocument:
        """The JSON document of a window, in milliseconds since 1970."""
        from .usage.record import iso

        return {
            "baseUrl": self.base_url,
            "from": iso(from_ms),
            "to": iso(to_ms),
            "key": self.key.as_dict() if self.key else None,
            "keyProblem": self.key_problem.as_dict() if self.key_problem else None,
            "rows": self.rows,
            "rowsProblem": self.rows_problem.as_dict() if self.rows_problem else None,
            "groups": self.report.grouped() if self.report else None,
            "totals": self.report.totals.as_dict() if self.report else None,
        }


class Rows:
    """The rows which this installation may see.

    Args:
        snapshot: the agent's config.
        paths: the installation.
        agent: agent id; None for the key which all agents share.
    """

    def __init__(self, snapshot: ConfigSnapshot, paths: Paths, agent: str | None = None) -> None:
        self._snapshot, self._paths = snapshot, paths
        self.keys = VirtualKeys(snapshot, paths, agent)

    def own_hash(self) -> str | None:
        """The hash by which the rows of the agent's key are known; None without a key.

        Raises:
            NetworkError: the proxy is not reached, or does not answer within ``SILENT_S``.
        """
        try:
            key = self.keys.held()
        except MissingKey:
            return None
        with self.keys.client(key.value) as client:
            if kind_of_key(client, timeout_s=SILENT_S, reached=True) in ("master", "only-master"):
                return MASTER_ROWS
        return hashlib.sha256(key.value.encode()).hexdigest()

    def own_key(self) -> VirtualKey:
        """What the proxy says of the agent's key.

        Raises:
            MissingKey: there is none.
            KeyAdminError: the proxy says nothing of it.
            NetworkError: the proxy is not reached.
        """
        return self.keys.own()[1]

    @contextmanager
    def client(self) -> Iterator[ProxyClient]:
        """A client with the key that sees most: the master key where it is at hand, else the agent's."""
        found = master_key(self._snapshot, self._paths, self.keys.base_url)
        with self.keys.client(found[0] if found else self.keys.held().value) as client:
            yield client

    def between(self, client: ProxyClient, from_ms: int, to_ms: int, filters: Mapping[str, str]) -> Iterator[SpendRow]:
        """The rows of a window.

        Raises:
            SpendError: this key may not see rows, or the proxy has none.
            CallError: the proxy is not reached, or fails.
        """
        return spend_rows(client, from_ms, to_ms, filters)


def view(
    snapshot: ConfigSnapshot,
    paths: Paths,
    *,
    agent: str | None,
    window: tuple[int, int],
    by: tuple[str, ...],
    wanted: Mapping[str, str],
    everybody: bool,
) -> SpendView:
    """Look at the spend.

    Args:
        snapshot: the agent's config.
        paths: the installation.
        agent: whose key; None for the key which all agents share.
        window: milliseconds since 1970, the end exclusive.
        by: groupings.
        wanted: grouping → value that rows must have.
        everybody: the rows of all keys, not of the agent's alone.

    Raises:
        MissingKey: there is no key.
        CallError: the proxy is not reached.
    """
    rows = Rows(snapshot, paths, agent)
    key: VirtualKey | None = None
    key_problem: FasedError | None = None
    try:
        key = rows.own_key()
    except KeyAdminError as error:
        key_problem = error
    on_server = {ON_SERVER[name]: value for name, value in wanted.items() if name in ON_SERVER}
    elsewhere = {name: value for name, value in wanted.items() if name not in ON_SERVER}
    if not everybody and (own := rows.own_hash()):
        on_server["api_key"] = own
    try:
        with rows.client() as client:
            report = summed(rows.between(client, *window, on_server), by, elsewhere)
    except SpendError as error:
        return SpendView(rows.keys.base_url, key, key_problem, None, None, error)
    return SpendView(rows.keys.base_url, key, key_problem, "all" if everybody else "key", report, None)
