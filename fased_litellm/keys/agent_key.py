"""Show, replace, move and delete the key of an agent that is set up already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..catalog.configured import provider_key
from ..config import agents, save
from ..config.edits import DELETE, Edit
from ..config.interpolation.environment import for_keys
from ..config.load import ConfigSnapshot, load
from ..documents import TypedDict
from ..errors import CatalogError, MissingKey, SecretError, UsageError
from ..net.addresses import is_private_url
from ..paths import Paths
from ..proxy.management.keykind import warning
from ..redaction import mask
from ..refs import PROVIDER, normalize_agent_id
from ..secrets.lookup import ResolvedKey, profile_order, resolve_key, stores, unset_key
from ..secrets.placement import ENV_VARIABLE, PROFILE_ID, Placement, Storage, place, removal_edits
from ..secrets.profiles import Credential, read, remove
from ..secrets.secretref import describe, in_keyring
from . import check, keyfiles
from .existing import Existing, inspect
from .storage import KeptIn, Keyring, choose


@dataclass(frozen=True, slots=True)
class KeyState:
    """The key that is in use, and where it is.

    Attributes:
        key: the key.
        storage: ``keyring``, ``env``, ``profile``, ``config``, or the source of a reference to elsewhere: ``file``, ``exec``.
        place: the entry of the keyring, the variable, the reference, or the file.
        store: the agent's file of auth profiles.
    """

    key: ResolvedKey
    storage: str
    place: str
    store: Path

    def as_dict(self) -> dict[str, Any]:
        """The JSON of ``fased litellm key show``."""
        return {
            "provider": PROVIDER,
            "masked": self.key.masked,
            "storage": self.storage,
            "place": self.place,
            "effective": {"kind": self.key.kind, "detail": self.key.detail},
            "profile": self.key.profile_id,
            "storePath": str(self.store),
            "notes": list(self.key.notes),
        }


class KeyStoredPart(TypedDict):
    """Where a key is kept now."""

    provider: str
    profile: str
    storage: Storage | None
    place: str | None
    masked: str
    before: str | None
    checked: bool
    files: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class KeyUpdate:
    """What was changed.

    Attributes:
        profile_id: the auth profile.
        storage: where the key is now; None if it is gone.
        place: the entry of the keyring, the variable, or the file; None if it is gone.
        masked: the key.
        before: what was there, masked; None for nothing.
        checked: whether the proxy was asked.
        files: what was written.
        warnings: what the user should know.
    """

    profile_id: str
    storage: Storage | None
    place: str | None
    masked: str
    before: str | None
    checked: bool
    files: tuple[Path, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> KeyStoredPart:
        """The JSON of ``fased litellm key set``, ``move`` and ``delete``."""
        return {
            "provider": PROVIDER,
            "profile": self.profile_id,
            "storage": self.storage,
            "place": self.place,
            "masked": self.masked,
            "before": self.before,
            "checked": self.checked,
            "files": [str(path) for path in self.files],
            "warnings": list(self.warnings),
        }


class AgentKey:
    """The key of one agent.

    Args:
        snapshot: the config.
        paths: the installation.
        agent: agent id; None for the profiles of ``main``, on which all agents build.
        env: the process's environment, ``os.environ`` by default.
    """

    def __init__(
        self, snapshot: ConfigSnapshot, paths: Paths, agent: str | None, env: Mapping[str, str] | None = None
    ) -> None:
        self._snapshot, self._paths, self._env = snapshot, paths, env
        self._agent = normalize_agent_id(agent) if agent else None
        base = agents.base_auth_profiles(paths)
        own = agents.auth_profiles(paths, snapshot.value, self._agent) if self._agent else base
        self._store = read(own)

    def show(self) -> KeyState:
        """The key in use.

        Raises:
            MissingKey: there is none.
            SecretError: it cannot be read.
        """
        key = resolve_key(self._snapshot, self._paths, PROVIDER, agent=self._agent)
        storage, where = self._where(key)
        return KeyState(key, storage, where, self._store.path)

    def set(self, key: str, storage: Storage | None, *, ask: bool) -> KeyUpdate:
        """Put another key in the place of the one in use; calls under way are not disturbed.

        Args:
            key: the new key.
            storage: where it is to be kept; None for where the one before is.
            ask: whether the proxy is asked about it first.

        Raises:
            CallError: the proxy is not reached, or does not take the key; nothing was changed.
            UsageError: the key is kept where only its owner can change it.
            SecretError: the keyring or a file cannot be written; nothing was changed.
        """
        found = inspect(self._snapshot, self._agent)
        warnings: list[str] = []
        if ask and found.unknown_address is not None:
            ask = False
            warnings.append(f"The proxy was not asked about the key: {found.unknown_address.message}")
        elif ask:
            warnings = self._asked(found, key)
        known = self._profile()
        return self._write(key, self._kept_in(key, storage, known), known, checked=ask, warnings=warnings)

    def can_keep(self, storage: Storage | None) -> None:
        """Whether ``set`` would find a place for a key that is yet to be made.

        Raises:
            UsageError: the key is kept where only its owner can change it.
            SecretError: the keyring is wanted, and cannot be had.
        """
        self._kept_in("sk-yet-to-be-made", storage, self._profile())

    def move(self, storage: Storage) -> KeyUpdate:
        """Keep the key in use elsewhere.

        Raises:
            MissingKey: there is none.
            UsageError: to ``env``, and LITELLM_API_KEY does not hold this key.
            SecretError: the keyring or a file cannot be written; nothing was changed.
        """
        state = self.show()
        kept = self._chosen(state.key.value, storage)
        edits: list[Edit] = []
        if state.storage == "config":
            edits.append(self._config_key(state.key))
        return self._write(state.key.value, kept, self._profile(), edits=edits)

    def delete(self) -> KeyUpdate:
        """Forget the key in use.

        Raises:
            MissingKey: there is none.
            UsageError: it is kept where only its owner can delete it.
            SecretError: a file cannot be written; nothing was changed.
        """
        state = self.show()
        if state.storage == "env" and state.key.profile_id is None:
            raise UsageError(f"The key comes from {state.place} alone.", hint=f"Unset {state.place} where it is set.")
        profile_id = state.key.profile_id
        edits = [self._config_key(state.key)] if profile_id is None else []
        placement = None
        if profile_id is not None:
            held = self._store.profiles.get(profile_id)
            if held is None:
                raise UsageError(
                    f"{profile_id} is in the file of main, {agents.base_auth_profiles(self._paths)}, for all agents.",
                    hint="Run this again without --agent.",
                )
            edits += removal_edits(self._snapshot.source, profile_id)
            abandoned = in_keyring(held.ref, self._snapshot.source)
            placement = Placement("profile", profile_id, remove(self._store, profile_id), abandoned=abandoned)
        change = save.plan(self._snapshot, edits, now=datetime.now(UTC))
        written = keyfiles.write(change, placement, "", self._env)
        warnings = (*self._left(written, state.key.value), *self._after(None))
        return KeyUpdate(
            profile_id or state.key.detail, None, None, state.key.masked, None, False, written.files, warnings
        )

    # ---- inside

    def _profile(self) -> Credential | None:
        """The API key's profile which comes first, for this agent."""
        seen = stores(self._snapshot, self._paths, self._agent) if self._agent else self._store
        ordered = profile_order(self._snapshot.value, seen, PROVIDER, now_ms=datetime.now(UTC).timestamp() * 1000)
        return next((one for one in ordered if one.type == "api_key"), None)

    def _kept_in(self, key: str, wanted: Storage | None, known: Credential | None) -> KeptIn:
        if wanted is not None or known is None:
            return self._chosen(key, wanted)
        if known.ref is None:
            return KeptIn("profile")
        if in_keyring(known.ref, self._snapshot.source):
            return self._chosen(key, "keyring")
        if known.ref["source"] == "env" and for_keys(self._snapshot.env).get(known.ref["id"], "").strip() == key:
            raise UsageError(f"{known.ref['id']} holds this key already.", hint="There is nothing to change.")
        raise UsageError(
            f"The profile {known.profile_id} refers to {describe(known.ref)}, which this command does not change.",
            hint="Change it there, or have the key kept elsewhere: --key-storage keyring|profile.",
        )

    def _chosen(self, key: str, wanted: Storage | None) -> KeptIn:
        return choose(self._snapshot, key, wanted, stays=False, program=Keyring().program)

    def _write(
        self,
        key: str,
        kept: KeptIn,
        known: Credential | None,
        *,
        checked: bool = False,
        warnings: list[str] | None = None,
        edits: list[Edit] | None = None,
    ) -> KeyUpdate:
        assert kept.storage is not None
        placement = place(
            self._snapshot.source,
            self._paths,
            self._store,
            agent=self._agent or agents.MAIN,
            key=key,
            storage=kept.storage,
            profile_id=known.profile_id if known else PROFILE_ID,
            program=kept.program,
        )
        before = self._before()
        change = save.plan(self._snapshot, [*(edits or []), *placement.edits], now=datetime.now(UTC))
        written = keyfiles.write(change, placement, key, self._env)
        said = [*(warnings or []), *([kept.note] if kept.note else []), *self._left(written, key), *self._after(key)]
        if placement.storage == "profile":
            said.append(f"The key is kept as plain text in {placement.profile.path}, readable by you alone.")
        where = placement.keyring_user or (ENV_VARIABLE if kept.storage == "env" else str(placement.profile.path))
        return KeyUpdate(
            placement.profile_id, kept.storage, where, mask(key), before, checked, written.files, tuple(said)
        )

    def _before(self) -> str | None:
        try:
            return resolve_key(self._snapshot, self._paths, PROVIDER, agent=self._agent).masked
        except SecretError:
            return None

    def _after(self, wanted: str | None) -> list[str]:
        """What is to be said of the key that is in use now, and of the config."""
        snapshot = load(self._paths, self._env)
        try:
            now = resolve_key(snapshot, self._paths, PROVIDER, agent=self._agent)
        except MissingKey:
            return []
        said = unset_key(snapshot) if wanted is not None else []
        if now.value == wanted:
            return said
        return [f"Calls use another key now, {now.masked} from {now.detail}, which comes first.", *said]

    def _left(self, written: keyfiles.WrittenKey, key: str) -> list[str]:
        """Where a key still is that should be gone."""
        backups = keyfiles.backups_with(self._paths.config, key)
        said = [f"{path}, a backup, holds the key: delete it when all works." for path in backups]
        if written.left is not None:
            said.append(
                f"The keyring does not let go of the old key: delete {written.left} of fased-litellm there by hand."
            )
        return said

    def _asked(self, found: Existing, key: str) -> list[str]:
        allowed = is_private_url(found.base_url) if found.private_network is None else found.private_network
        try:
            _, kind = check.check(found.base_url, key, allow_private=allowed, headers=found.headers())
        except CatalogError as error:
            return [error.message]  # the key is taken; which models it may use is its owner's affair
        too_powerful = warning(kind)
        return [too_powerful] if too_powerful else []

    def _where(self, key: ResolvedKey) -> tuple[str, str]:
        if key.kind == "env":
            return "env", key.detail
        if key.kind != "profiles":
            return "config", f"{self._paths.config}: {key.detail}"
        store = stores(self._snapshot, self._paths, self._agent)
        held = store.profiles[key.detail]
        if held.ref is None:
            return "profile", str(held.path)
        user = in_keyring(held.ref, self._snapshot.value)
        if user is not None:
            return "keyring", user
        return held.ref["source"], held.ref["id"] if held.ref["source"] == "env" else describe(held.ref)

    def _config_key(self, key: ResolvedKey) -> Edit:
        name = provider_key(self._snapshot.source) or PROVIDER
        return Edit(("models", "providers", name, "apiKey"), DELETE)
