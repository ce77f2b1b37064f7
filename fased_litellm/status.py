"""The state of the route at a glance: config, proxy, key, models, today's usage, and the next step."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .catalog.facts import Catalog
from .catalog.unlisted import with_unlisted
from .config.defaults import configured_provider, provider_of
from .config.interpolation import missing
from .config.load import ConfigSnapshot
from .errors import BudgetError, CallError, CatalogError, FasedError, LedgerError, MissingVariable, SecretError
from .formatting import usd
from .paths import Paths
from .provider import LiteLLMProvider
from .provider.settings import Settings
from .proxy.receipt import WARN_FROM
from .refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from .roles.choice import ROLES, Choice, resolve
from .secrets.lookup import resolve_key
from .usage.query.calendar.windows import window
from .usage.query.query import Query
from .usage.query.report import UsageReport
from .usage.query.usersettings import default_zone
from .usage.store.ledger import Ledger
from .usage.store.spool import Spool

if TYPE_CHECKING:
    from .usage.budgets.listing import Listing

ONBOARD = "fased onboard --auth-choice litellm-api-key"


@dataclass(frozen=True, slots=True)
class RouteState:
    """What is known of the route without spending anything.

    Attributes:
        config_path: fased.json.
        configured: whether it names the provider; else the implied one is shown.
        base_url: the proxy's root.
        routed: whether the default agent's primary model goes through LiteLLM.
        choice: the default agent's primary and fallback.
        roles: role → reference, for the roles that have a model of their own.
        key: where the key comes from, and its masked form; None if there is none.
        problem: why the proxy cannot be asked now.
        catalog: its models now, else as last known.
        today: usage since midnight UTC, None if nothing was recorded yet.
        budgets: how the budgets stand, None where there are none; an error if they cannot be read.
        next_step: the command that helps most, None if all is well.
        notes: what else should be known.
    """

    config_path: str
    configured: bool
    base_url: str
    routed: bool
    choice: Choice
    roles: Mapping[str, ModelRef]
    key: tuple[str, str] | None
    problem: FasedError | None
    catalog: Catalog | None
    today: UsageReport | None
    budgets: Listing | BudgetError | None
    next_step: str | None
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The JSON of ``fased --json``."""
        models = [f"{PROVIDER}/{facts.id}" for facts in self.catalog.chat_models] if self.catalog else []
        return {
            "configPath": self.config_path,
            "configured": self.configured,
            "provider": PROVIDER,
            "baseUrl": self.base_url,
            "routedThroughLiteLLM": self.routed,
            "primary": str(self.choice.primary),
            "fallback": str(self.choice.fallback) if self.choice.fallback else None,
            "roles": {role: str(ref) for role, ref in self.roles.items()},
            "key": {"source": self.key[0], "masked": self.key[1]} if self.key else None,
            "proxy": {"reachable": self.problem is None, "problem": self.problem.as_dict() if self.problem else None},
            "models": models,
            "today": self.today.totals.as_dict() if self.today else None,
            "budgets": self._budgets(),
            "nextStep": self.next_step,
            "notes": list(self.notes),
        }

    def _budgets(self) -> Mapping[str, Any] | None:
        if isinstance(self.budgets, BudgetError):
            return {"budgets": None, "problem": self.budgets.as_dict()}
        return self.budgets.as_dict() if self.budgets else None


def route_state(snapshot: ConfigSnapshot, paths: Paths) -> RouteState:
    """Look at the route. The proxy is asked for its models, which costs nothing.

    Raises:
        ConfigError: the config does not hold.
        UsageError: its base URL is none.
    """
    try:
        settings = Settings.of(snapshot, paths)
    except MissingVariable as error:
        base_url, known, nearly = provider_of(snapshot).base_url, None, None
        key, catalog, problem = _unasked(snapshot, paths, error)
    else:
        base_url = settings.base_url
        with LiteLLMProvider(settings) as provider:
            key, catalog, problem = _ask(provider)
            nearly = _nearly_spent(provider) if key is not None and problem is None else None
        known = settings.known()
    choice = resolve(snapshot, known=known)
    roles = {}
    for role in ROLES:
        own = resolve(snapshot, role=role, known=known)
        if own.source != choice.source:
            roles[role] = own.primary
    routed = choice.primary.provider == PROVIDER
    return RouteState(
        config_path=str(snapshot.path),
        configured=configured_provider(snapshot) is not None,
        base_url=base_url,
        routed=routed,
        choice=choice,
        roles=roles,
        key=key,
        problem=problem,
        catalog=catalog,
        today=_today(paths),
        budgets=_budgets(paths),
        next_step=_next_step(problem, catalog, choice.primary, has_key=key is not None),
        notes=(*_notes(snapshot, choice), *([nearly] if nearly else [])),
    )


_Asked = tuple[tuple[str, str] | None, Catalog | None, FasedError | None]


def _ask(provider: LiteLLMProvider) -> _Asked:
    try:
        key = provider.key
    except SecretError as error:
        return None, provider.last_good(), error
    shown = (f"{key.kind}: {key.detail}", key.masked)
    try:
        catalog, settings = provider.discover(), provider.settings
        primary = resolve(settings.snapshot, known=settings.known()).primary
        ids = [primary.model] if primary.provider == PROVIDER else []
        return shown, with_unlisted(provider.client(), catalog, ids), None
    except (CallError, CatalogError, MissingVariable) as error:
        return shown, provider.last_good(), error


def _unasked(snapshot: ConfigSnapshot, paths: Paths, why: MissingVariable) -> _Asked:
    """What is known where the address is not."""
    try:
        key = resolve_key(snapshot, paths)
    except SecretError:
        return None, None, why
    return (f"{key.kind}: {key.detail}", key.masked), None, why


def _notes(snapshot: ConfigSnapshot, choice: Choice) -> list[str]:
    """What else should be known. For a variable that is not set the Node agent refuses the whole config."""
    notes = [*choice.notes, *snapshot.warnings]
    if snapshot.missing:
        notes.append(f"{missing.refused(missing.variables(snapshot.missing))} `fased litellm doctor` says where.")
    return list(dict.fromkeys(notes))


def _nearly_spent(provider: LiteLLMProvider) -> str | None:
    """A sentence once 80 % of the key's budget at the proxy are spent; the master key has none, and cannot be asked about."""
    from .proxy.management.admin import KeyAdmin

    try:
        key = KeyAdmin(provider.client()).info()
    except FasedError:
        return None
    if key.share is None or key.max_budget is None or key.share < WARN_FROM:
        return None
    again = f"; it resets on {key.budget_reset_at:%Y-%m-%d}" if key.budget_reset_at else ""
    return (
        f"The key has spent {key.share:.0%} of its budget at the proxy, {usd(key.spent)} of {usd(key.max_budget)}{again}."
        " Whoever has the master key can raise it: fased litellm keys update"
        f" {key.alias or 'KEY'} --max-budget …"
    )


def _today(paths: Paths) -> UsageReport | None:
    if not (paths.ledger.exists() or Spool.beside(paths.ledger).waiting()):
        return None
    zone = default_zone()
    first, last = window(time.time_ns() // 1_000_000, days=1, zone=zone)
    try:
        with Ledger(paths.ledger) as ledger:
            return ledger.report(Query(first, last, zone=zone))
    except LedgerError:
        return None  # `fased usage` says what is wrong with it


def _budgets(paths: Paths) -> Listing | BudgetError | None:
    if not os.path.exists(paths.budgets):
        return None
    from .usage.budgets import store
    from .usage.budgets.listing import listing

    try:
        return listing(store.load(paths.budgets).budgets, paths.ledger)
    except BudgetError as error:
        return error


def _next_step(problem: FasedError | None, catalog: Catalog | None, primary: ModelRef, *, has_key: bool) -> str | None:
    if not has_key and not isinstance(problem, MissingVariable):
        return f"export LITELLM_API_KEY=…, or {ONBOARD}"
    if problem is not None:
        return problem.hint
    if primary.provider != PROVIDER:
        return f"fased models set {PROVIDER}/<model-id>"
    if catalog is not None and not catalog.accepts(primary.model):
        ids = [facts.id for facts in catalog.chat_models if facts.id != DEFAULT_MODEL_ID]
        return f"fased models set {PROVIDER}/{ids[0] if ids else '<model-id>'}"
    return None
