"""A run of the verification: which aliases, what it may cost, the walks, and the ladder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from ...catalog.discover import discover
from ...catalog.facts import Catalog
from ...config.load import ConfigSnapshot
from ...documents import TypedDict
from ...errors import FasedError, UsageError
from ...formatting import usd
from ...keys.virtualkeys import VirtualKeys, master_key
from ...paths import Paths
from ...provider import LiteLLMProvider
from ...provider.settings import Settings
from ...proxy import probes
from ...refs import PROVIDER, ModelRef
from ...roles.allowed import refs_in_use
from ...roles.choice import resolve
from ..estimate_cost import estimate_cost
from .progress import Milestone, RungPart, Seen, VerifyProgress, following
from .route_check import PROMPT, RouteCheck
from .steps import RouteStep, Verification, VerifiedAlias

AT_ONCE = 4
"""Aliases that are verified side by side."""

REQUESTS = 2
_PRICES_TIMEOUT_S = 1.5

SayOf = Callable[[ModelRef, RouteStep], None]


class VerificationDocument(TypedDict):
    """The document of ``fased litellm verify --json``."""

    ok: bool
    baseUrl: str
    aliases: list[VerifiedAlias]
    ladder: list[RungPart]
    next: RungPart | None


@dataclass(frozen=True, slots=True)
class VerifyOutcome:
    """What came of a run.

    Attributes:
        base_url: the proxy.
        verifications: one for each alias.
        rungs: of the ladder.
        note: what could not be kept.
    """

    base_url: str
    verifications: tuple[Verification, ...]
    rungs: tuple[Milestone, ...]
    note: str | None = None

    @property
    def ok(self) -> bool:
        return all(verification.ok for verification in self.verifications)

    def as_dict(self) -> VerificationDocument:
        """The document of ``fased litellm verify --json``."""
        next_rung = following(self.rungs)
        return {
            "ok": self.ok,
            "baseUrl": self.base_url,
            "aliases": [verification.as_dict() for verification in self.verifications],
            "ladder": [rung.as_dict() for rung in self.rungs],
            "next": next_rung.as_dict() if next_rung else None,
        }


class VerifyRun:
    """A run for one agent.

    Args:
        snapshot: the agent's config.
        paths: the installation.
        agent: agent id; None for the default agent.
        max_tokens: most that a request may answer.
    """

    def __init__(
        self, snapshot: ConfigSnapshot, paths: Paths, *, agent: str | None = None, max_tokens: int = probes.TOKENS
    ) -> None:
        if not 1 <= max_tokens <= 10_000:
            raise UsageError(
                f"--max-tokens {max_tokens} makes no sense.",
                hint=f"Give a number from 1 to 10000; {probes.TOKENS} is enough.",
            )
        self._snapshot, self._paths, self.agent = snapshot, paths, agent
        self._max_tokens = max_tokens
        self.settings = Settings.of(snapshot, paths)

    def named(self, alias: str | None) -> list[ModelRef]:
        """The alias that was named, else the agent's primary.

        Raises:
            RefError: it is no reference, or of another provider.
        """
        choice = self.settings.choose(model=alias, agent=self.agent or "main", role=None)
        if choice.primary.provider != PROVIDER:
            raise UsageError(
                f"{choice.primary} does not go through LiteLLM.",
                hint=f"Name one that does: fased litellm verify {PROVIDER}/ALIAS",
            )
        return [choice.primary]

    def used(self) -> list[ModelRef]:
        """Every alias in use: primaries, roles and fallbacks of all agents."""
        known = self.settings.known(self.agent)
        refs = [ref for _, ref in refs_in_use(self._snapshot, PROVIDER, known=known)]
        primary = resolve(self._snapshot, known=known).primary
        if primary.provider == PROVIDER:
            refs.insert(0, primary)
        return list({ref.model: ModelRef(ref.provider, ref.model) for ref in reversed(refs)}.values())[::-1]

    def cost(self, refs: Sequence[ModelRef]) -> tuple[Decimal, list[str]]:
        """At most how much the requests cost in USD, and the aliases whose price is not known.

        Where a price is not known here, the proxy is asked, which costs nothing.
        """
        total, unknown = Decimal(0), []
        prices = {ref: self.settings.prices(ref.model) for ref in refs}
        told = self._told() if None in prices.values() else None
        for ref, known in prices.items():
            facts = told.facts_for(ref.model) if told is not None else None
            found = known or (facts.prices if facts is not None else None)
            usd = estimate_cost(found, [{"role": "user", "content": PROMPT}], self._max_tokens).cost_usd
            if usd is None:
                unknown.append(str(ref))
            else:
                total += REQUESTS * usd
        return total, unknown

    def go(self, refs: Sequence[ModelRef], say: SayOf) -> VerifyOutcome:
        """Verify, several aliases side by side.

        Args:
            refs: the aliases.
            say: called with each step as it ends; from several threads, one at a time for each alias.
        """
        found = master_key(self._snapshot, self._paths, self.settings.base_url)
        rows_key = found[0] if found else None
        with LiteLLMProvider(self.settings, agent=self.agent) as provider:

            def walk(ref: ModelRef) -> tuple[Verification, RouteCheck]:
                one = RouteCheck(provider, ref, self._max_tokens, lambda step: say(ref, step), rows_key)
                return one.run(), one

            with ThreadPoolExecutor(min(AT_ONCE, len(refs))) as pool:
                walked = list(pool.map(walk, refs))
            verifications = tuple(verification for verification, _ in walked)
            # A proxy that did not even take the key is asked nothing more: each question may take its whole time.
            answers = any(one.catalog is not None for _, one in walked)
            seen = Seen(
                verified=tuple(one.ref.model for verification, one in walked if verification.ok and not one.by_another),
                kind=next((one.kind for _, one in walked if one.kind != "unknown"), "unknown"),
                budget=self._budget() if answers else None,
                stand_ins=self._stand_ins(provider) if answers else {},
                database=next((one.database for _, one in walked if one.database is not None), None),
            )
        ladder = VerifyProgress(self._paths.ladder, self.settings.base_url)
        try:
            return VerifyOutcome(self.settings.base_url, verifications, tuple(ladder.climb(seen)))
        except FasedError as error:
            return VerifyOutcome(
                self.settings.base_url, verifications, tuple(ladder.now(virtual_keys=seen.virtual_keys)), error.message
            )

    def _told(self) -> Catalog | None:
        """What the proxy says now; None where it does not, of which the walk will tell."""
        try:
            with LiteLLMProvider(self.settings, agent=self.agent) as provider:
                return discover(provider.client(), timeout_s=_PRICES_TIMEOUT_S)
        except FasedError:
            return None

    def _budget(self) -> str | None:
        try:
            _, key = VirtualKeys(self._snapshot, self._paths, self.agent).own()
        except FasedError:
            return None
        if key.max_budget is None:
            return None
        return usd(key.max_budget) + (f" per {key.budget_duration}" if key.budget_duration else "")

    def _stand_ins(self, provider: LiteLLMProvider) -> dict[str, tuple[str, ...]]:
        """Who stands in for whom: the agent's fallback, and those which the proxy tells with its models.

        Fact: ``/v1/models?include_metadata=true`` names fallbacks from LiteLLM 1.74 on.
        """
        found: dict[str, tuple[str, ...]] = {}
        try:
            body = provider.client().get_json("/v1/models", {"include_metadata": "true"}).body
        except FasedError:
            body = None
        rows = body.get("data") if isinstance(body, dict) else None
        for row in rows if isinstance(rows, list) else ():
            metadata = row.get("metadata") if isinstance(row, dict) else None
            names = metadata.get("fallbacks") if isinstance(metadata, dict) else None
            if isinstance(names, list) and names:
                found[str(row.get("id"))] = tuple(str(name) for name in names)
        choice = resolve(self._snapshot, self.agent)
        if choice.fallback is not None and choice.fallback.provider == PROVIDER == choice.primary.provider:
            found[choice.primary.model] = (*found.get(choice.primary.model, ()), choice.fallback.model)
        return found
