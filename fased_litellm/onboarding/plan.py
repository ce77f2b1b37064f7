"""Every file of an onboarding, computed and not written. Pure.

Facts: Fased's ``src/commands/onboard-auth.config-litellm.ts`` (what stands in fased.json) and
``src/agents/auth-profiles/profiles.ts`` (the profile). Other than there, ``allowPrivateNetwork`` is set for a private address
alone, an ``apiKey`` in the config stays, and models are described, for without a description Fased shows no usage of streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..config import agents, save
from ..config.change import ConfigChange
from ..keys.existing import Existing, GivenKey
from ..net.addresses import is_private_url
from ..redaction import mask
from ..refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from ..secrets.lookup import profile_order, unset_key
from ..secrets.placement import PROFILE_ID, Placement, Storage, auth_edits, place
from ..secrets.profiles import ProfileStore, order_in, overlay, parse
from ..secrets.secretref import in_keyring
from .answers import Answers
from .edits import definition_edits, model_edits, provider_edits, same_address

_HELD = {"env": "a reference to LITELLM_API_KEY", "keyring": "a reference to the OS keyring"}


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
        placement: where the key goes, and the change of the auth profiles; None for a key that stays where it was.
        in_keyring: whether the keyring has this very key already.
        kept_in: where a key that stays is: ``keyring``, ``env``, ``file`` or ``exec`` (references), ``profile`` or ``config``.
        primary: the primary model afterwards.
        defined: ids of the models whose descriptions are added.
        warnings: what the user should know.
    """

    answers: Answers
    agent: str | None
    config: ConfigChange
    placement: Placement | None
    in_keyring: bool
    kept_in: str | None
    primary: ModelRef
    defined: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def storage(self) -> Storage | Literal["kept"]:
        """Where the key is written to."""
        return self.placement.storage if self.placement else "kept"

    @property
    def changed(self) -> bool:
        """Whether anything is to be written."""
        key = self.placement is not None and (self.placement.profile.changed or self._into_keyring)
        return self.config.changed or key

    @property
    def _into_keyring(self) -> bool:
        return self.storage == "keyring" and not self.in_keyring

    def files(self) -> list[PlannedFile]:
        """The files in the order in which they are written."""
        files = []
        if self.placement:
            profile, key = self.placement.profile, f"the key {self.answers.key.masked}"
            summary = [f"{PROFILE_ID}: {_HELD.get(self.storage, key)}"]
            if self._into_keyring:
                summary.append(f"OS keyring, {self.placement.keyring_user}: {key}")
            files.append(PlannedFile(profile.path, profile.changed, tuple(summary)))
        files.append(PlannedFile(self.config.path, self.config.changed, self._config_summary(), self.config.diff()))
        return files

    def _config_summary(self) -> tuple[str, ...]:
        lines = [f"provider {PROVIDER} at {self.answers.base_url}"]
        if self.defined:
            lines.append(f"described: {', '.join(self.defined)}")
        lines.append(f"primary: {self.primary}" + ("" if self.answers.set_primary else " (as before)"))
        lines += [f"{role}: {ref}" for role, ref in self.answers.roles.items()]
        return tuple(lines)


def compute(
    found: Existing,
    store: ProfileStore,
    base: ProfileStore,
    answers: Answers,
    *,
    now: datetime,
    keyring: Callable[[str], str | None],
) -> Plan:
    """Compute every file.

    Args:
        found: the state before.
        store: the auth profiles that the key goes into.
        base: those of ``main``, on which every agent builds; ``store`` itself if that is main's.
        answers: what was found out.
        now: the time to stamp into the config.
        keyring: the key which the keyring has now under an id; only asked if the key goes there.

    Raises:
        FasedError: the config cannot be edited; nothing is written.
    """
    placement = _placement(found, store, answers)
    profile_id = PROFILE_ID if placement else (answers.key.detail if answers.key.source == "profile" else None)
    edits = [*provider_edits(found, answers)]
    definitions, defined = definition_edits(found, answers)
    edits += definitions
    if placement:
        edits += placement.edits
    elif profile_id:
        edits += auth_edits(found.snapshot.source, profile_id, _mode_of(overlay(base, store), profile_id))
    edits += model_edits(found, answers)
    change = save.plan(found.snapshot, edits, now=now)
    current = found.primary.primary if found.primary else None
    primary = answers.model if answers.set_primary and answers.model else current
    return Plan(
        answers=answers,
        agent=found.agent,
        config=change,
        placement=placement,
        in_keyring=bool(placement and placement.keyring_user and keyring(placement.keyring_user) == answers.key.value),
        kept_in=None if placement else _kept_in(found, overlay(base, store), answers.key),
        primary=primary or ModelRef(PROVIDER, DEFAULT_MODEL_ID),
        defined=defined,
        warnings=(*answers.warnings, *_warnings(found, answers, placement, (store, base), now)),
    )


# ---- auth profiles


def _placement(found: Existing, store: ProfileStore, answers: Answers) -> Placement | None:
    if answers.kept_in.storage is None:
        return None
    return place(
        found.snapshot.source,
        found.snapshot.paths,
        store,
        agent=found.agent or agents.MAIN,
        key=answers.key.value,
        storage=answers.kept_in.storage,
        program=answers.kept_in.program,
    )


def _kept_in(found: Existing, store: ProfileStore, key: GivenKey) -> str:
    known = store.profiles.get(key.detail) if key.source == "profile" else None
    if known is None or known.ref is None:
        return key.source
    return "keyring" if in_keyring(known.ref, found.snapshot.value) else known.ref["source"]


def _mode_of(store: ProfileStore, profile_id: str) -> str:
    known = store.profiles.get(profile_id)
    return known.type if known and profile_id != PROFILE_ID else "api_key"


# ---- what to warn of


def _warnings(
    found: Existing,
    answers: Answers,
    placement: Placement | None,
    stores: tuple[ProfileStore, ProfileStore],
    now: datetime,
) -> Iterable[str]:
    yield from unset_key(found.snapshot)
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
    stay = [name for name in agents.section(found.entry, "headers") if name not in answers.headers]
    if stay and not same_address(found, answers.base_url):
        yield f"The headers {', '.join(stay)} of the config go to {answers.base_url} now; remove those that are not for it."
    if placement is None:
        return
    profile = placement.profile
    if placement.storage == "profile" and profile.changed:
        why = f" {answers.kept_in.note}" if answers.kept_in.note else ""
        yield f"The key is kept as plain text in {profile.path}, readable by you alone.{why}"
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
