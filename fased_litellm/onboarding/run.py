"""Walk through an onboarding: ask, check, choose, plan, agree, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..catalog import cache
from ..catalog.facts import Catalog
from ..config import agents
from ..config.files import backups
from ..config.load import load
from ..errors import CallError, CatalogError, FasedError, UsageError
from ..keys import check, keyfiles
from ..keys.existing import Existing, GivenKey, inspect
from ..keys.storage import KeptIn, Keyring, choose
from ..net.addresses import is_private_url
from ..paths import Paths
from ..refs import PROVIDER, normalize_agent_id
from ..secrets import keyring_store, shadows
from ..secrets.profiles import read
from .answers import Answers
from .dialogue import OnboardingRequest, Prompter
from .plan import Plan, compute

AUTH_CHOICE = "litellm-api-key"


@dataclass(frozen=True, slots=True)
class OnboardingOutcome:
    """What an onboarding did, or with ``--dry-run`` would do.

    Attributes:
        plan: what was computed.
        written: whether it was written, where anything was to be.
        backups: config file → the copy of its old text.
        models: how many chat models the key may use; None if the proxy was not asked.
    """

    plan: Plan
    written: bool
    backups: Mapping[Path, Path]
    models: int | None

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of the command."""
        plan = self.plan
        return {
            "mode": "local",
            "authChoice": AUTH_CHOICE,
            "agent": plan.agent,
            "baseUrl": plan.answers.base_url,
            "keySource": plan.answers.key.source,
            "keyStorage": plan.kept_in or plan.storage,
            "checked": plan.answers.catalog is not None,
            "models": self.models,
            "primary": str(plan.primary),
            "roles": {role: str(ref) for role, ref in plan.answers.roles.items()},
            "dryRun": not self.written and plan.changed,
            "files": [
                {
                    "path": str(file.path),
                    "changed": file.changed,
                    "backup": str(self.backups[file.path]) if file.path in self.backups else None,
                    "summary": list(file.summary),
                    "diff": file.diff,
                }
                for file in plan.files()
            ],
            "warnings": list(plan.warnings),
        }


def onboard(
    request: OnboardingRequest,
    dialogue: Prompter,
    paths: Paths,
    env: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
) -> OnboardingOutcome:
    """Set up the agent for a proxy. Nothing is written before everything is known and agreed to.

    Args:
        request: what the command line asks for.
        dialogue: who answers.
        paths: the installation.
        env: the process's environment, ``os.environ`` by default.
        now: the time, the present by default.

    Raises:
        FasedError: anything that stands in the way; nothing was written.
    """
    moment = now or datetime.now(UTC)
    snapshot = load(paths, env).require_usable()
    agent = normalize_agent_id(request.agent) if request.agent else None
    found = inspect(snapshot, agent)
    new_agent = _new_agent(snapshot.value, agent)
    keyring = Keyring()
    url, key, allow_private, catalog, remarks = _connect(request, dialogue, found, keyring)
    decision = dialogue.model(found, catalog)
    answers = Answers(
        base_url=url,
        key=key,
        kept_in=_kept_in(request, found, key, keyring),
        allow_private=allow_private,
        model=decision.model,
        set_primary=decision.set_primary,
        roles=dialogue.roles(found, catalog),
        catalog=catalog,
        warnings=(*new_agent, *key.notes, *snapshot.warnings, *remarks, *decision.warnings),
        headers=request.headers,
    )
    base = read(agents.base_auth_profiles(paths))
    own = agents.auth_profiles(paths, snapshot.value, agent) if agent else base.path
    store = base if own == base.path else read(own)
    plan = compute(found, store, base, answers, now=moment, keyring=keyring_store.get)
    models = len(catalog.chat_models) if catalog else None
    if request.dry_run:
        return OnboardingOutcome(plan, written=False, backups={}, models=models)
    dialogue.confirm(plan)
    kept = _write(plan, env)
    if catalog is not None:
        _remember(paths, catalog)
    return OnboardingOutcome(plan, written=True, backups=kept, models=models)


def _new_agent(config: Mapping[str, Any], agent: str | None) -> list[str]:
    """A word about an agent that the config does not have yet: it is made, and its name may be mistyped."""
    try:
        if agent:
            agents.known(config, agent)
    except UsageError as error:
        return [f"{error.message.rstrip('.')} yet; it is set up again. {error.hint or ''}".strip()]
    return []


def _kept_in(request: OnboardingRequest, found: Existing, key: GivenKey, keyring: Keyring) -> KeptIn:
    stays = key.source in ("profile", "config")
    return choose(found.snapshot, key.value, request.storage, stays=stays, program=keyring.program)


def _connect(
    request: OnboardingRequest, dialogue: Prompter, found: Existing, keyring: Keyring
) -> tuple[str, GivenKey, bool, Catalog | None, list[str]]:
    """Address, key, whether the user allows a private address, what the proxy said, and what is to be said of it."""
    allowed = request.allow_private
    if not request.skip_health:
        found.headers(
            request.headers
        )  # no answer would set a variable of theirs, so nothing is asked before that is told
    url = dialogue.base_url(found)
    key = dialogue.key(found, again=False)
    while True:
        _kept_in(request, found, key, keyring)  # a wish that cannot be met is told before the proxy is asked
        if request.skip_health:
            return url, key, allowed, None, []
        configured = is_private_url(url) if found.private_network is None else found.private_network
        try:
            with dialogue.busy(f"Asking {url} …"):
                catalog, kind = check.check(
                    url,
                    key.value,
                    allow_private=allowed or configured,
                    headers=found.headers(request.headers),
                    ids=_in_question(request, found),
                )
        except FasedError as error:
            change = dialogue.failed(_with_other_keys(error, key, found))
            allowed = allowed or change == "allow"
            url = dialogue.base_url(found) if change == "url" else url
            key = dialogue.key(found, again=True) if change == "key" else key
            continue
        dialogue.checked(catalog)
        return url, key, allowed, catalog, check.remarks(catalog, kind)


def _in_question(request: OnboardingRequest, found: Existing) -> list[str]:
    """Models, as they are written, which the proxy is asked about where it does not list them: the model that was named, and that in use."""
    current = found.primary.primary if found.primary else None
    used = f"{PROVIDER}/{current.model}" if current is not None and current.provider == PROVIDER else ""
    return [text for text in ((request.model or "").strip(), used) if text]


def _with_other_keys(error: FasedError, key: GivenKey, found: Existing) -> FasedError:
    """The error of a refused key with the other keys that are there; here the environment comes before a stored key."""
    others = [other for other in found.keys if other.value != key.value]
    if isinstance(error, CallError) and error.cause in shadows.REFUSED and others:
        listed = ", ".join(f"{other.masked} in {other.detail}" for other in others)
        unset = f" To use that, unset {key.detail}." if key.source == "env" else ""
        said = (
            f"The key that was tried is {key.masked} from {key.detail or key.source}; another one is {listed}.{unset}"
        )
        error.hint = f"{error.hint or ''} {said}".strip()
    return error


def _write(plan: Plan, env: Mapping[str, str] | None) -> Mapping[Path, Path]:
    written = keyfiles.write(plan.config, plan.placement, plan.answers.key.value, env).files
    path = plan.config.path
    return {path: backups.backup_path(path)} if path in written and plan.config.before is not None else {}


def _remember(paths: Paths, catalog: Catalog) -> None:
    try:
        cache.save(paths, catalog)
    except CatalogError:
        return  # the next discovery asks the proxy again
