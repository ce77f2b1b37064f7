"""Where a key of the user's is kept, and which files say so. Pure.

A key is in the environment, with a reference to the variable in the auth profile; in the OS keyring, with a reference by way of
``secrets.providers.<alias>``, which lets the Node agent ask this program; or in the auth profile itself.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..config.agents import section
from ..config.edits import Edit
from ..paths import Paths
from ..refs import PROVIDER
from . import ownprogram
from .profiles import ProfileChange, ProfileStore, order_in, upsert_api_key
from .secretref import in_keyring

PROFILE_ID = f"{PROVIDER}:default"
ENV_VARIABLE = "LITELLM_API_KEY"
ENV_REF = {"source": "env", "provider": "default", "id": ENV_VARIABLE}
ALIAS = "litellm-keyring"
PASS_ENV = (
    "DBUS_SESSION_BUS_ADDRESS",
    "HOME",
    "LOGNAME",
    "PYTHON_KEYRING_BACKEND",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)
"""What a keyring needs of the environment; the Node agent passes nothing else."""

_TIMEOUT_MS = 5_000
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._:/-]")

Storage = Literal["keyring", "env", "profile"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a key goes.

    Attributes:
        storage: ``keyring``, ``env`` or ``profile``.
        profile_id: the auth profile.
        profile: the change of the file of auth profiles.
        edits: what fased.json needs beside it.
        keyring_user: the id under which the keyring gets the key; None for another storage.
        abandoned: the id under which the keyring has held the profile's key until now, if it does so no longer.
    """

    storage: Storage
    profile_id: str
    profile: ProfileChange
    edits: tuple[Edit, ...] = ()
    keyring_user: str | None = None
    abandoned: str | None = None


def place(
    config: Mapping[str, Any],
    paths: Paths,
    store: ProfileStore,
    *,
    agent: str,
    key: str,
    storage: Storage,
    profile_id: str = PROFILE_ID,
    program: str | None = None,
) -> Placement:
    """Compute the files.

    Args:
        config: the config's tree, before ``${VAR}``.
        paths: the installation; each has its own keys in the one keyring.
        store: the agent's auth profiles.
        agent: the agent id.
        key: the key.
        storage: where it goes.
        profile_id: the profile that is to have it.
        program: for ``keyring``: the absolute path of ``fased-litellm``.
    """
    held = store.profiles.get(profile_id)
    before = in_keyring(held.ref if held else None, config)
    edits = auth_edits(config, profile_id, "api_key")
    if storage == "profile":
        profile = upsert_api_key(store, profile_id, provider=PROVIDER, key=key)
        return Placement(storage, profile_id, profile, tuple(edits), abandoned=before)
    if storage == "env":
        profile = upsert_api_key(store, profile_id, provider=PROVIDER, ref=ENV_REF)
        return Placement(storage, profile_id, profile, tuple(edits), abandoned=before)
    assert program is not None
    user = before or keyring_user(paths, agent, profile_id)
    alias, provider_edits = _provider(config, program)
    ref = {"source": "exec", "provider": alias, "id": user}
    profile = upsert_api_key(store, profile_id, provider=PROVIDER, ref=ref)
    return Placement(storage, profile_id, profile, (*provider_edits, *edits), keyring_user=user)


def keyring_user(paths: Paths, agent: str, profile_id: str) -> str:
    """The id of a profile's key in the keyring: ``main/litellm:default``; state folders but ``~/.fased`` add a mark of their own.

    The home is that of the system, as the keyring is, whatever ``FASED_HOME`` says.
    """
    parts = [agent, _NOT_IN_AN_ID.sub("-", profile_id)]
    state = os.path.realpath(paths.state)
    if state != os.path.realpath(os.path.expanduser("~/.fased")):
        parts.append(hashlib.sha256(os.fsencode(state)).hexdigest()[:8])
    return "/".join(parts)


def auth_edits(source: Mapping[str, Any], profile_id: str, mode: str) -> list[Edit]:
    """Declare a profile, and put it into the order where there is one."""
    edits: list[Edit] = []
    entry = section(source, "auth", "profiles", profile_id)
    wanted = {"provider": PROVIDER, "mode": mode}
    if not entry:
        edits.append(Edit(("auth", "profiles", profile_id), wanted))
    else:
        edits += [
            Edit(("auth", "profiles", profile_id, key), text) for key, text in wanted.items() if entry.get(key) != text
        ]
    order = section(source, "auth", "order").get(PROVIDER)
    if isinstance(order, list) and profile_id not in order:
        edits.append(Edit(("auth", "order", PROVIDER, len(order)), profile_id))
    return edits


def removal_edits(source: Mapping[str, Any], profile_id: str) -> list[Edit]:
    """Take a profile out of the config again."""
    from ..config.edits import DELETE

    edits: list[Edit] = []
    if profile_id in section(source, "auth", "profiles"):
        edits.append(Edit(("auth", "profiles", profile_id), DELETE))
    order = section(source, "auth", "order").get(PROVIDER)
    if profile_id in (order_in(section(source, "auth", "order"), PROVIDER) or []) and isinstance(order, list):
        edits.append(Edit(("auth", "order", PROVIDER), [name for name in order if name != profile_id]))
    return edits


def _provider(config: Mapping[str, Any], program: str) -> tuple[str, list[Edit]]:
    """The alias by which this program is asked, and what is to be written for it."""
    providers = section(config, "secrets", "providers")
    ours = [name for name, entry in providers.items() if isinstance(entry, Mapping) and _is_ours(entry)]
    if ours:
        path = ("secrets", "providers", ours[0])
        known = providers[ours[0]]
        return ours[0], [] if known.get("command") == program else [Edit((*path, "command"), program)]
    alias = next(name for name in (ALIAS, *(f"{ALIAS}-{number}" for number in range(2, 100))) if name not in providers)
    entry = {
        "source": "exec",
        "command": program,
        "args": list(ownprogram.ARGUMENTS),
        "timeoutMs": _TIMEOUT_MS,
        "noOutputTimeoutMs": _TIMEOUT_MS,
        "jsonOnly": True,
        "passEnv": list(PASS_ENV),
    }
    return alias, [Edit(("secrets", "providers", alias), entry)]


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return ownprogram.answers_from_keyring(entry) and not entry.get("env")
