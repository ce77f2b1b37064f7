"""Auth profiles: the file ``auth-profiles.json`` of an agent, read with tolerance and changed without loss.

Facts: Fased's ``src/agents/auth-profiles/store.ts`` and ``order.ts``. Reading accepts ``mode`` for ``type``, ``apiKey``
for ``key`` and ``"${NAME}"`` as a reference to a variable. An agent sees the profiles of ``main`` under its own.
Changing is pure (``upsert_api_key`` computes the new bytes); ``secrets.profile_file`` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeGuard, cast

from .. import jsontext, plainfile
from ..errors import SecretStoreError
from ..redaction import remember
from ..refs import normalize_provider

ProfileType = Literal["api_key", "token", "oauth"]
TYPES: tuple[ProfileType, ...] = ("oauth", "token", "api_key")
"""In the order in which Fased prefers them."""
_MOST_BYTES = 16 * 1024 * 1024

_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)\}")
_VALUE_FIELDS = {"api_key": "key", "token": "token", "oauth": "access"}
_REF_FIELDS = {"api_key": "keyRef", "token": "tokenRef"}


@dataclass(frozen=True, slots=True)
class Credential:
    """One profile, in its normal form.

    Attributes:
        profile_id: such as ``litellm:default``.
        type: kind of credential.
        provider: normalised provider id.
        value: the secret itself, None where only a reference is stored; hidden from ``repr``.
        ref: the reference ``{source, provider, id}`` which stands for the secret; it wins over a value.
        expires_ms: when a token ends, in milliseconds since 1970.
        path: the file where the profile stands.
    """

    profile_id: str
    type: ProfileType
    provider: str
    value: str | None = field(default=None, repr=False)
    ref: Mapping[str, str] | None = None
    expires_ms: float | None = None
    path: Path | None = None

    def usable(self, now_ms: float) -> bool:
        """Whether there is something to resolve, and it has not expired."""
        if self.type == "token" and self.expires_ms and now_ms >= self.expires_ms:
            return False
        return bool(self.value or self.ref)


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """The profiles of one file, or of several laid over each other.

    Attributes:
        path: the file.
        data: its bytes when it was read, None if it was not there; hidden from ``repr``.
        tree: everything in the file, also what this package does not know; hidden from ``repr``.
        profiles: id → credential; entries which make no sense are left out here and stay in ``tree``.
    """

    path: Path
    data: bytes | None = field(default=None, repr=False)
    tree: Mapping[str, Any] = field(default_factory=dict, repr=False)
    profiles: Mapping[str, Credential] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return self.data is not None

    def order(self, provider: str) -> list[str] | None:
        """The order which the file itself sets for a provider."""
        return order_in(self.tree.get("order"), provider)

    def unusable_until_ms(self, profile_id: str, now_ms: float) -> float | None:
        """When a profile that is cooling down or disabled comes back, in milliseconds since 1970; None if it is fine."""
        stats = jsontext.mapping(jsontext.mapping(self.tree.get("usageStats")).get(profile_id))
        moments = [stats.get("cooldownUntil"), stats.get("disabledUntil")]
        ahead = [moment for moment in moments if _is_number(moment) and moment > now_ms]
        return max(ahead, default=None)

    def last_used_ms(self, profile_id: str) -> float:
        """When the Node agent last used a profile, in milliseconds since 1970; 0 if never."""
        moment = jsontext.mapping(jsontext.mapping(self.tree.get("usageStats")).get(profile_id)).get("lastUsed")
        return moment if _is_number(moment) else 0.0


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """The new content of a file, computed and not yet written."""

    path: Path
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)

    @property
    def changed(self) -> bool:
        return self.before != self.after


# ---- reading


def parse(path: Path, data: bytes) -> ProfileStore:
    """Read the bytes of a file.

    Raises:
        SecretStoreError: it is not JSON, or not an object with ``profiles``; names the line, quotes nothing.
    """
    try:
        tree = jsontext.loads(data)
    except jsontext.NotJson as error:
        place = "" if error.line is None else f":{error.line}" + (f":{error.column}" if error.column else "")
        raise _broken(path, f"{path}{place}: {error.what}.") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("profiles", {}), dict):
        raise _broken(path, f'{path}: not a store of auth profiles; it needs an object with "profiles".')
    profiles: dict[str, Credential] = {}
    for profile_id, entry in tree.get("profiles", {}).items():
        credential = _credential(path, profile_id, entry)
        if credential is not None:
            profiles[profile_id] = credential
    return ProfileStore(path, data, tree, profiles)


def read(path: Path) -> ProfileStore:
    """Read a file; one that is not there is an empty store.

    Raises:
        SecretStoreError: it cannot be read, or see ``parse``.
    """
    try:
        data = plainfile.read(path, _MOST_BYTES)
    except FileNotFoundError:
        return ProfileStore(path)
    except OSError as error:
        raise SecretStoreError(f"Cannot read {path}: {error.strerror}.", hint="Check its owner and mode.") from error
    return parse(path, data)


def overlay(base: ProfileStore, own: ProfileStore) -> ProfileStore:
    """What an agent sees: the profiles of ``main`` with its own laid over them, entry by entry."""
    if base.path == own.path or not base.exists:
        return own
    tree: dict[str, Any] = {**base.tree, **own.tree}
    for key in ("order", "lastGood", "usageStats"):
        tree[key] = {**jsontext.mapping(base.tree.get(key)), **jsontext.mapping(own.tree.get(key))}
    return replace(own, tree=tree, profiles={**base.profiles, **own.profiles})


def order_in(table: Any, provider: str) -> list[str] | None:
    """The list of profile ids for ``provider`` in an ``order`` table; None where it has none."""
    for name, ids in jsontext.mapping(table).items():
        if normalize_provider(name) == provider and isinstance(ids, list):
            cleaned = [item.strip() for item in ids if isinstance(item, str) and item.strip()]
            return cleaned or None
    return None


def _credential(path: Path, profile_id: str, entry: Any) -> Credential | None:
    if not isinstance(entry, dict):
        return None
    kind, provider = entry.get("type", entry.get("mode")), entry.get("provider")
    if kind not in TYPES or not isinstance(provider, str) or not provider.strip():
        return None
    raw = entry.get(_VALUE_FIELDS[kind])
    if kind == "api_key" and raw is None:
        raw = entry.get("apiKey")
    ref = coerce_ref(entry.get(_REF_FIELDS.get(kind, ""))) or coerce_ref(raw)
    value = raw.strip() if isinstance(raw, str) and not ref else None
    remember(value)
    expires = entry.get("expires")
    return Credential(
        profile_id,
        cast("ProfileType", kind),
        normalize_provider(provider),
        value or None,
        ref,
        expires if _is_number(expires) else None,
        path,
    )


def coerce_ref(value: Any) -> Mapping[str, str] | None:
    """A reference in its full form; the older ``{source, id}`` and a text that is exactly ``${NAME}`` count as well.

    Fact: Fased's ``src/config/types.secrets.ts``.
    """
    if isinstance(value, str):
        match = _VARIABLE.fullmatch(value.strip())
        return {"source": "env", "provider": "default", "id": match[1]} if match else None
    if not isinstance(value, dict) or not set(value) <= {"source", "provider", "id"}:
        return None
    ref = {"provider": "default", **value}
    if ref.get("source") not in ("env", "file", "exec") or not all(isinstance(item, str) for item in ref.values()):
        return None
    return {key: ref[key] for key in ("source", "provider", "id")} if ref.get("id") else None


# ---- changing


def upsert_api_key(
    store: ProfileStore, profile_id: str, *, provider: str, key: str | None = None, ref: Mapping[str, str] | None = None
) -> ProfileChange:
    """The file with a profile of type ``api_key`` put in, or brought to hold this key; all else stays as it is.

    An entry that says the same already is not touched, so that doing it twice changes nothing. Entry keys which this
    package does not know (``email``, ``metadata``) stay.

    Args:
        store: what was read.
        profile_id: such as ``litellm:default``.
        provider: the provider id to write.
        key: the key itself, or
        ref: the reference which stands for it. Exactly one of the two.
    """
    if (key is None) == (ref is None):
        raise ValueError("give either key or ref")
    remember(key)
    known = store.profiles.get(profile_id)
    wanted_ref = dict(ref) if ref else None
    if known and (known.type, known.provider) == ("api_key", provider):
        same_ref = wanted_ref is not None and known.ref is not None and dict(known.ref) == wanted_ref
        same_key = key is not None and known.value == key
        if same_ref or same_key:
            return ProfileChange(store.path, store.data, store.data or b"")
    profiles = dict(jsontext.mapping(store.tree.get("profiles")))
    kept = {
        name: value
        for name, value in jsontext.mapping(profiles.get(profile_id)).items()
        if name not in {"type", "mode", "provider", "key", "apiKey", "keyRef", "token", "tokenRef", "access", "refresh"}
        and name != "expires"
    }
    secret: dict[str, Any] = {"key": key} if key is not None else {"keyRef": wanted_ref}
    profiles[profile_id] = {"type": "api_key", "provider": provider, **secret, **kept}
    tree = {"version": 1, **store.tree, "profiles": profiles}
    return ProfileChange(store.path, store.data, jsontext.indented(tree))


def remove(store: ProfileStore, profile_id: str) -> ProfileChange:
    """Compute the file without a profile; also the order and ``lastGood`` forget it."""
    profiles = {
        name: entry for name, entry in jsontext.mapping(store.tree.get("profiles")).items() if name != profile_id
    }
    if not store.exists or profile_id not in jsontext.mapping(store.tree.get("profiles")):
        return ProfileChange(store.path, store.data, store.data or b"")
    tree = {**store.tree, "profiles": profiles}
    if isinstance(store.tree.get("order"), Mapping):
        tree["order"] = {
            name: [one for one in ids if one != profile_id] if isinstance(ids, list) else ids
            for name, ids in store.tree["order"].items()
        }
    if isinstance(store.tree.get("lastGood"), Mapping):
        tree["lastGood"] = {name: one for name, one in store.tree["lastGood"].items() if one != profile_id}
    return ProfileChange(store.path, store.data, jsontext.indented(tree))


def _broken(path: Path, message: str) -> SecretStoreError:
    return SecretStoreError(
        message, hint=f"Correct the file, or move it away and onboard again; it was not changed: {path}"
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
