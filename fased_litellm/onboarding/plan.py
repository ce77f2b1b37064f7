"""Every file of an onboarding, computed and not written. Pure.

Facts: Fased's ``src/commands/onboard-auth.config-litellm.ts`` (what stands in fased.json) and
``src/agents/auth-profiles/profiles.ts`` (the profile). Other than there, ``allowPrivateNetwork`` is set for a private address
alone, an ``apiKey`` in the config stays, and models are described, for without a description Fased shows no usage of streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..config import agents, save
from ..config.save import ConfigChange
from ..errors import UsageError
from ..net.addresses import is_private_url
from ..refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from ..secrets.lookup import env_key, profile_order
from ..secrets.profiles import ProfileChange, ProfileStore, order_in, overlay, parse, upsert_api_key
from ..secrets.redaction import mask
from .answers import Answers
from .dialogue import KeyStorage
from .edits import auth_edits, definition_edits, model_edits, provider_edits, same_address
from .found import Found, GivenKey

PROFILE_ID = f"{PROVIDER}:default"
_ENV_REF = {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"}

Storage = Literal["env", "profile", "kept"]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of a plan.

    Attributes:
        path: the file.
        changed: whether it will be written.
        summary: what will stand there, in words, without secrets.
        diff: the change as a unified diff without secrets; empty for files that consist of secrets.
    """

    path: Path
    changed: bool
    summary: tuple[str, ...]
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What onboarding will write.

    Attributes:
        answers: what it was computed from.
        agent: the agent whose files these are; None for all agents.
        config: the change of fased.json.
        profile: the change of the auth profiles.
        storage: where the key is written to: ``env`` (a reference), ``profile``, or ``kept`` where it was.
        kept_in: where a key that stays is: ``env``, ``file`` or ``exec`` (references), ``profile`` or ``config``.
        primary: the primary model afterwards.
        defined: ids of the models whose descriptions are added.
        warnings: what the user should know.
    """

    answers: Answers
    agent: str | None
    config: ConfigChange
    profile: ProfileChange | None
    storage: Storage
    kept_in: str | None
    primary: ModelRef
    defined: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.config.changed or bool(self.profile and self.profile.changed)

    def files(self) -> list[PlannedFile]:
        """The files in the order in which they are written."""
        files = []
        if self.profile:
            held = "a reference to LITELLM_API_KEY" if self.storage == "env" else f"the key {self.answers.key.masked}"
            files.append(PlannedFile(self.profile.path, self.profile.changed, (f"{PROFILE_ID}: {held}",)))
        files.append(PlannedFile(self.config.path, self.config.changed, self._config_summary(), self.config.diff()))
        return files

    def _config_summary(self) -> tuple[str, ...]:
        lines = [f"provider {PROVIDER} at {self.answers.base_url}"]
        if self.defined:
            lines.append(f"described: {', '.join(self.defined)}")
        lines.append(f"primary: {self.primary}" + ("" if self.answers.set_primary else " (as before)"))
        lines += [f"{role}: {ref}" for role, ref in self.answers.roles.items()]
        return tuple(lines)


def storage_for(found: Found, key: GivenKey, wanted: KeyStorage | None) -> Storage:
    """Where the key will be kept: by reference if the environment has this very key, else in the profile file.

    Raises:
        UsageError: ``env`` is wanted, and LITELLM_API_KEY does not hold this key.
    """
    in_env = env_key(found.snapshot)
    same = in_env is not None and in_env.value == key.value
    if wanted == "env" and not same:
        raise UsageError(
            "--key-storage env needs the key in LITELLM_API_KEY."
            if in_env is None
            else "--key-storage env: LITELLM_API_KEY holds another key than the one given.",
            hint="Export LITELLM_API_KEY with this key, or leave --key-storage away.",
        )
    if wanted is not None:
        return wanted
    if key.source in ("profile", "config"):
        return "kept"
    return "env" if same else "profile"


def compute(found: Found, store: ProfileStore, base: ProfileStore, answers: Answers, *, now: datetime) -> Plan:
    """Compute every file.

    Args:
        found: the state before.
        store: the auth profiles that the key goes into.
        base: those of ``main``, on which every agent builds; ``store`` itself if that is main's.
        answers: what was found out.
        now: the time to stamp into the config.

    Raises:
        FasedError: the config cannot be edited; nothing is written.
    """
    storage = storage_for(found, answers.key, answers.storage)
    profile = _profile(store, answers.key, storage)
    profile_id = PROFILE_ID if profile else (answers.key.detail if answers.key.source == "profile" else None)
    edits = [*provider_edits(found, answers)]
    definitions, defined = definition_edits(found, answers)
    edits += definitions
    if profile_id:
        edits += auth_edits(found.snapshot.source, profile_id, _mode_of(overlay(base, store), profile_id))
    edits += model_edits(found, answers)
    change = save.plan(found.snapshot, edits, now=now)
    current = found.primary.primary if found.primary else None
    primary = answers.model if answers.set_primary and answers.model else current
    return Plan(
        answers=answers,
        agent=found.agent,
        config=change,
        profile=profile,
        storage=storage,
        kept_in=_kept_in(overlay(base, store), answers.key) if storage == "kept" else None,
        primary=primary or ModelRef(PROVIDER, DEFAULT_MODEL_ID),
        defined=defined,
        warnings=(*answers.warnings, *_warnings(found, answers, profile, storage, (store, base), now)),
    )


# ---- auth profiles


def _profile(store: ProfileStore, key: GivenKey, storage: Storage) -> ProfileChange | None:
    if storage == "kept":
        return None
    if storage == "env":
        return upsert_api_key(store, PROFILE_ID, provider=PROVIDER, ref=_ENV_REF)
    return upsert_api_key(store, PROFILE_ID, provider=PROVIDER, key=key.value)


def _kept_in(store: ProfileStore, key: GivenKey) -> str:
    known = store.profiles.get(key.detail) if key.source == "profile" else None
    return known.ref["source"] if known and known.ref else key.source


def _mode_of(store: ProfileStore, profile_id: str) -> str:
    known = store.profiles.get(profile_id)
    return known.type if known and profile_id != PROFILE_ID else "api_key"


# ---- what to warn of


def _warnings(
    found: Found,
    answers: Answers,
    profile: ProfileChange | None,
    storage: Storage,
    stores: tuple[ProfileStore, ProfileStore],
    now: datetime,
) -> Iterable[str]:
    private = is_private_url(answers.base_url)
    if found.private_network is False and private and not answers.allow_private:
        yield (
            f"{answers.base_url} is a private address, and models.providers.{found.entry_key}.request.allowPrivateNetwork"
            " is false: calls will be refused."
        )
    if found.private_network and not private and not same_address(found, answers.base_url):
        yield (
            f"models.providers.{found.entry_key}.request.allowPrivateNetwork stays true, though the new address is public:"
            " you can remove it."
        )
    if storage == "profile" and profile and profile.changed:
        yield f"The key is kept as plain text in {profile.path}, readable by you alone."
    if profile is None:
        return
    store, base = stores
    before = store.profiles.get(PROFILE_ID)
    if before is not None and before.value and before.value != answers.key.value:
        yield f"The key {mask(before.value)}, which {PROFILE_ID} held until now, is replaced."
    after = overlay(base, parse(profile.path, profile.after))
    config = {**found.snapshot.value, "auth": _auth_after(found.snapshot.value)}
    order = profile_order(config, after, PROVIDER, now_ms=now.timestamp() * 1000)
    if order and order[0].profile_id != PROFILE_ID:
        yield (
            f"The profile {order[0].profile_id} comes before {PROFILE_ID}, so its key is used."
            " Put the order right in auth.order, or in the store's order."
        )


def _auth_after(value: Mapping[str, Any]) -> dict[str, Any]:
    auth = agents.section(value, "auth")
    profiles = {**agents.section(auth, "profiles"), PROFILE_ID: {"provider": PROVIDER, "mode": "api_key"}}
    listed = order_in(auth.get("order"), PROVIDER)
    order = {"order": {PROVIDER: [*listed, *([] if PROFILE_ID in listed else [PROFILE_ID])]}} if listed else {}
    return {**auth, "profiles": profiles, **order}
