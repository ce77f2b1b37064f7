"""Find the key for a call, in Fased's order: named profile, profiles in their order, environment, config.

Facts: Fased's ``src/agents/model-auth.ts`` (places), ``src/agents/auth-profiles/order.ts`` (order among profiles).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ..config import agents
from ..config.defaults import entry_place
from ..config.interpolation import missing
from ..config.interpolation.environment import for_keys
from ..errors import MissingKey, MissingVariable, SecretError
from ..paths import Paths
from ..redaction import Secret, mask, remember
from ..refs import PROVIDER, normalize_provider
from . import pasted, secretref
from .profiles import TYPES, Credential, ProfileStore, coerce_ref, order_in, overlay, read

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

KeyKind = Literal["profiles", "env", "models.json", "local"]

_VARIABLE_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """The key for a call, and where it was found.

    Attributes:
        value: the key; hidden from ``repr``.
        kind: ``profiles``, ``env``, ``models.json`` (Fased's word for the config) or ``local``.
        detail: the place: profile id, variable, or config path.
        profile_id: the profile, if it is one.
        notes: why places with a higher rank were passed over.
    """

    value: str = field(repr=False)
    kind: KeyKind
    detail: str
    profile_id: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", Secret(self.value))  # hidden wherever it is handed on, too

    @property
    def masked(self) -> str:
        """A form to show to the key's owner."""
        return mask(self.value)


def env_variable(provider: str) -> str:
    """The variable that may hold a provider's key: ``LITELLM_API_KEY`` for ``litellm``."""
    return re.sub(r"[^A-Z0-9]+", "_", normalize_provider(provider).upper()) + "_API_KEY"


def stores(snapshot: ConfigSnapshot, paths: Paths, agent: str | None = None) -> ProfileStore:
    """The profiles which an agent sees: its own over those of ``main``.

    Raises:
        SecretStoreError: a file is broken.
    """
    own = read(agents.auth_profiles(paths, snapshot.value, agent))
    return overlay(read(agents.base_auth_profiles(paths)), own)


def profile_order(config: Mapping[str, Any], store: ProfileStore, provider: str, *, now_ms: float) -> list[Credential]:
    """The usable profiles of a provider, the one to try first at the front.

    The order is that of the store, else ``auth.order``, else the profiles of ``auth.profiles``, else all stored ones; the
    last two are sorted by kind (oauth, token, api_key), then by longest unused. What cools down or is disabled comes last,
    soonest back first.
    """
    auth = agents.section(config, "auth")
    declared = agents.section(auth, "profiles")
    explicit = store.order(provider) or order_in(auth.get("order"), provider)
    stored = [name for name, credential in store.profiles.items() if credential.provider == provider]
    named = [name for name, entry in declared.items() if _provider_of(entry) == provider]
    wanted = explicit or named or stored
    found = [store.profiles[name] for name in dict.fromkeys(wanted) if name in store.profiles]
    if not found and named and not any(name in store.profiles for name in wanted):
        # Config and store have drifted apart: what is stored still counts.
        found = [store.profiles[name] for name in stored]
    usable = [
        credential
        for credential in found
        if credential.provider == provider
        and credential.usable(now_ms)
        and _fits(declared.get(credential.profile_id), credential)
    ]
    if not explicit:
        usable.sort(key=lambda one: (TYPES.index(one.type), store.last_used_ms(one.profile_id)))
    back = {one.profile_id: store.unusable_until_ms(one.profile_id, now_ms) for one in usable}
    return sorted(usable, key=lambda one: back[one.profile_id] or 0.0)


def resolve_key(
    snapshot: ConfigSnapshot,
    paths: Paths,
    provider: str = PROVIDER,
    *,
    agent: str | None = None,
    profile: str | None = None,
    now_ms: float | None = None,
) -> ResolvedKey:
    """The key for a call to ``provider``.

    Args:
        snapshot: the config with its environment.
        paths: where the stores are.
        provider: provider id.
        agent: agent id; None for the default agent.
        profile: profile named in the reference (``litellm/default@litellm:team``); then no other place is looked at.
        now_ms: milliseconds since 1970, the present by default.

    Raises:
        MissingKey: there is none.
        SecretStoreError: a store is broken.
        SecretError: the named profile, or the reference in the config, does not resolve.
    """
    provider = normalize_provider(provider)
    now_ms = time.time() * 1000 if now_ms is None else now_ms
    store = stores(snapshot, paths, agent)
    if profile is not None:
        return _from_named_profile(snapshot, store, provider, profile)
    notes: list[str] = []
    found = (
        profile_key(snapshot, store, provider, now_ms=now_ms, notes=notes)
        or env_key(snapshot, provider)
        or config_key(snapshot, provider)
    )
    if found is None:
        raise _missing(snapshot, provider, store, notes)
    return replace(found, notes=tuple(dict.fromkeys((*notes, *found.notes))))


def profile_key(
    snapshot: ConfigSnapshot,
    store: ProfileStore,
    provider: str = PROVIDER,
    *,
    now_ms: float,
    notes: list[str] | None = None,
) -> ResolvedKey | None:
    """The key of the first profile that resolves; why others did not is added to ``notes``."""
    for credential in profile_order(snapshot.value, store, provider, now_ms=now_ms):
        try:
            found = value_of(credential, snapshot)
        except SecretError as error:
            if notes is not None:
                notes.append(f"Profile {credential.profile_id}: {error.message}")
            continue
        if notes is not None:
            notes += found.notes
        return found
    return None


def _found(text: str, kind: KeyKind, detail: str, profile_id: str | None = None) -> ResolvedKey:
    """A key as it is to be sent, with a word about what came along with it and stays here."""
    key, removed = pasted.clean(text)
    remember(key)
    told = pasted.remark(detail if kind != "profiles" else f"The profile {detail}", removed)
    return ResolvedKey(key, kind, detail, profile_id, (told,) if told else ())


def env_key(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> ResolvedKey | None:
    """The key in the environment."""
    variable = env_variable(provider)
    value = for_keys(snapshot.env).get(variable, "").strip()
    remember(value)
    return _found(value, "env", variable) if value else None


def _from_named_profile(snapshot: ConfigSnapshot, store: ProfileStore, provider: str, profile: str) -> ResolvedKey:
    credential = store.profiles.get(profile)
    if credential is None or credential.provider != provider:
        raise MissingKey(
            f'No credentials found for profile "{profile}" of provider "{provider}". Auth store: {store.path}.',
            hint=f"Profiles there: {', '.join(store.profiles) or 'none'}. If the name with @{profile} is a model of the proxy,"
            " `fased providers refresh` makes it known.",
        )
    return _found(_value_of(credential, snapshot), "profiles", profile, profile)


def value_of(credential: Credential, snapshot: ConfigSnapshot) -> ResolvedKey:
    """The key of one profile.

    Raises:
        SecretError: it does not resolve.
    """
    return _found(_value_of(credential, snapshot), "profiles", credential.profile_id, credential.profile_id)


def _value_of(credential: Credential, snapshot: ConfigSnapshot) -> str:
    if credential.ref is not None:
        return _resolved(credential.ref, snapshot)
    if not credential.value:
        raise SecretError(f"the profile holds no {credential.type}")
    return credential.value


def _resolved(ref: Mapping[str, str], snapshot: ConfigSnapshot) -> str:
    try:
        snapshot.need(f"secrets.providers.{ref.get('provider', 'default')}")
    except MissingVariable as error:
        raise SecretError(f"{secretref.describe(ref)}: {error.message}", hint=error.hint) from None
    return secretref.resolve(ref, snapshot.value, snapshot.env)


def config_key(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> ResolvedKey | None:
    """The key in the config, ``models.providers.<provider>.apiKey``; none while it refers to a variable that is not set.

    Raises:
        SecretError: a reference stands there which does not resolve.
    """
    for name, entry in agents.section(snapshot.value, "models", "providers").items():
        if normalize_provider(name) != provider or not isinstance(entry, Mapping):
            continue
        key, place = entry.get("apiKey"), f"models.providers.{name}.apiKey"
        if any(missing.below(issue.path, place) for issue in snapshot.missing):
            return None
        ref = coerce_ref(key)
        if ref is not None:
            return _found(_resolved(ref, snapshot), "models.json", place)
        if isinstance(key, str) and key.strip():
            text = key.strip()
            # Fact: Fased's src/agents/models-config.ts takes the bare name of a variable for a reference to it.
            if _VARIABLE_NAME.fullmatch(text) and for_keys(snapshot.env).get(text, "").strip():
                text = for_keys(snapshot.env)[text].strip()
            remember(text)
            return _found(text, "models.json", place)
    return None


def unset_key(snapshot: ConfigSnapshot, provider: str = PROVIDER) -> list[str]:
    """What is to be said where a key is kept elsewhere, and the config still refers to a variable that is not set."""
    place = f"{entry_place(snapshot, provider)}.apiKey"
    names = missing.variables(issue for issue in snapshot.missing if missing.below(issue.path, place))
    if not names:
        return []
    where = missing.where_to_set(names, snapshot.paths.state / ".env")
    refused = "the Node agent refuses the whole config for that"
    still = f"{place} still refers to {', '.join(names)}, which is not set: {refused}."
    return [f"{still} {where} Or remove the reference: fased config unset {place}"]


def _missing(snapshot: ConfigSnapshot, provider: str, store: ProfileStore, notes: list[str]) -> MissingKey:
    tried = "".join(f" {note}" for note in notes)
    variable, place = env_variable(provider), f"{entry_place(snapshot, provider)}.apiKey"
    referred = missing.variables(issue for issue in snapshot.missing if missing.below(issue.path, place))
    config = f"{place} refers to {', '.join(referred)}, which is not" if referred else f"{place} neither"
    names = " or ".join(dict.fromkeys((*referred, variable)))
    further = f", or store a key: `fased litellm key set`, or `fased onboard --auth-choice {provider}-api-key`"
    where = missing.where_to_set([names], snapshot.paths.state / ".env").rstrip(".")
    return MissingKey(
        f'No API key found for provider "{provider}". Auth store: {store.path} (agentDir: {store.path.parent}).'
        f" {variable} is not set, and {config}.{tried}",
        hint=f"{where}{further if provider == PROVIDER else ''}.",
    )


def _provider_of(entry: Any) -> str | None:
    provider = entry.get("provider") if isinstance(entry, Mapping) else None
    return normalize_provider(provider) if isinstance(provider, str) else None


def _fits(declared: Any, credential: Credential) -> bool:
    """Whether ``auth.profiles.<id>`` of the config agrees with what is stored; ``oauth`` there is taken loosely."""
    if not isinstance(declared, Mapping):
        return True
    if _provider_of(declared) != credential.provider:
        return False
    return declared.get("mode") in (credential.type, "oauth")
