"""Every file of an onboarding, computed and not written. Pure.

Facts: Fased's ``src/commands/onboard-auth.config-litellm.ts`` (what stands in fased.json) and
``src/agents/auth-profiles/profiles.ts`` (the profile). Other than there, ``allowPrivateNetwork`` is set for a private address
alone, an ``apiKey`` in the config stays, and models are described, for without a description Fased shows no usage of streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..catalog.configured import definitions_of, uses_of
from ..catalog.definitions import default_definition, to_definition
from ..catalog.facts import Catalog, ModelFacts
from ..config import agents, save
from ..config.edits import Edit
from ..config.save import ConfigChange
from ..errors import UsageError
from ..net.addresses import is_private_url
from ..proxy.urls import normalize_base_url, written_base_url
from ..refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from ..roles.edits import agent_model_edits, allow_edits, role_edits, set_primary_edits
from ..secrets.lookup import env_key, profile_order
from ..secrets.profiles import ProfileChange, ProfileStore, order_in, overlay, parse, upsert_api_key
from ..secrets.redaction import mask
from .dialogue import KeyStorage
from .found import Found, GivenKey

PROFILE_ID = f"{PROVIDER}:default"
_API = "openai-completions"
_ENV_REF = {"source": "env", "provider": "default", "id": "LITELLM_API_KEY"}

Storage = Literal["env", "profile", "kept"]


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was found out before planning.

    Attributes:
        base_url: the proxy, normalised.
        key: the key and where it came from.
        storage: where it is to be kept; None decides by itself.
        allow_private: the address may be private by the user's word.
        model: the model of this proxy that will be used; None if none was chosen.
        set_primary: whether it becomes the primary.
        roles: model by role.
        catalog: what the proxy has; None if it was not asked.
        warnings: what was noticed on the way.
    """

    base_url: str
    key: GivenKey
    storage: KeyStorage | None = None
    allow_private: bool = False
    model: ModelRef | None = None
    set_primary: bool = True
    roles: Mapping[str, ModelRef] = field(default_factory=dict)
    catalog: Catalog | None = None
    warnings: tuple[str, ...] = ()


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
    edits = [*_provider_edits(found, answers)]
    definitions, defined = _definition_edits(found, answers)
    edits += definitions
    if profile_id:
        edits += _auth_edits(found.snapshot.source, profile_id, _mode_of(overlay(base, store), profile_id))
    edits += _model_edits(found, answers)
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


def _auth_edits(source: Mapping[str, Any], profile_id: str, mode: str) -> list[Edit]:
    """Declare the profile, and put it into the order where there is one."""
    edits: list[Edit] = []
    entry = agents.section(source, "auth", "profiles", profile_id)
    wanted = {"provider": PROVIDER, "mode": mode}
    if not entry:
        edits.append(Edit(("auth", "profiles", profile_id), wanted))
    else:
        edits += [
            Edit(("auth", "profiles", profile_id, key), text) for key, text in wanted.items() if entry.get(key) != text
        ]
    order = agents.section(source, "auth", "order").get(PROVIDER)
    if isinstance(order, list) and profile_id not in order:
        edits.append(Edit(("auth", "order", PROVIDER, len(order)), profile_id))
    return edits


# ---- the provider and its models


def _provider_edits(found: Found, answers: Answers) -> Iterable[Edit]:
    path = ("models", "providers", found.entry_key)
    allow = answers.allow_private or is_private_url(answers.base_url)
    source = found.snapshot.source
    if not found.entry:
        if not agents.section(source, "models"):
            yield Edit(("models", "mode"), "merge")
        request = {"request": {"allowPrivateNetwork": True}} if allow else {}
        yield Edit(path, {"baseUrl": written_base_url(answers.base_url), "api": _API, **request, "models": []})
        return
    if not _same_address(found, answers.base_url):
        yield Edit((*path, "baseUrl"), written_base_url(answers.base_url))
    if "api" not in found.entry:
        yield Edit((*path, "api"), _API)
    # A `false` in the config is the user's word, which only the user's word here takes back.
    if allow and (found.private_network is None or (answers.allow_private and not found.private_network)):
        yield Edit((*path, "request", "allowPrivateNetwork"), True)


def _same_address(found: Found, base_url: str) -> bool:
    value = agents.section(found.snapshot.value, "models", "providers", found.entry_key).get("baseUrl")
    try:
        return isinstance(value, str) and normalize_base_url(value) == base_url
    except UsageError:
        return False


def _definition_edits(found: Found, answers: Answers) -> tuple[list[Edit], tuple[str, ...]]:
    """Descriptions of the models in use which have none yet; those that are there stay."""
    source = found.snapshot.source
    entries = definitions_of(source)
    described = {entry.get("id") for entry in entries if isinstance(entry, Mapping)}
    wanted: list[str] = [answers.model.model] if answers.model else []
    wanted += [ref.model for ref in answers.roles.values() if ref.provider == PROVIDER]
    # Where nothing is configured the only use is the implied one, which is being replaced.
    wanted += [ref.model for ref, places in uses_of(found.snapshot).items() if not places[-1].startswith("(implied")]
    edits: list[Edit] = []
    added: list[str] = []
    path = ("models", "providers", found.entry_key, "models")
    for model_id in dict.fromkeys(wanted):
        definition = _definition(model_id, answers.catalog)
        if model_id not in described and definition is not None:
            edits.append(Edit((*path, len(entries) + len(added)), definition))
            added.append(model_id)
    return edits, tuple(added)


def _definition(model_id: str, catalog: Catalog | None) -> dict[str, Any] | None:
    facts = catalog.facts_for(model_id) if catalog else None
    if facts is not None:
        return to_definition(facts) if facts.chat_capable else None
    if catalog is not None:
        return None  # in use, and not there any more: a description would only hide that
    return default_definition() if model_id == DEFAULT_MODEL_ID else to_definition(ModelFacts(model_id))


# ---- which model


def _model_edits(found: Found, answers: Answers) -> list[Edit]:
    snapshot = found.snapshot
    primary = answers.model if answers.set_primary else None
    refs = [ref for ref in (primary, *answers.roles.values()) if ref is not None]
    own = found.agent is not None and agents.find(snapshot.source, found.agent).id != agents.default_agent(
        snapshot.source
    )
    if not refs:
        return []
    if own:
        texts = {role: str(ref) for role, ref in answers.roles.items()}
        changed = agent_model_edits(snapshot, found.agent, primary=str(primary) if primary else None, task_models=texts)
        edits = list(changed.edits)
    else:
        edits = (_primary_edits(found, primary) if primary else []) + role_edits(snapshot, answers.roles)
    return edits + allow_edits(snapshot, refs)


def _primary_edits(found: Found, primary: ModelRef) -> list[Edit]:
    """Where the default agent has a primary of its own, that one counts, and so that one is set."""
    snapshot = found.snapshot
    agent = agents.find(snapshot.source, None)
    if found.primary is not None and found.primary.source.startswith("agents.list"):
        return list(agent_model_edits(snapshot, agent.id, primary=str(primary)).edits)
    return set_primary_edits(snapshot, primary)


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
    if found.private_network and not private and not _same_address(found, answers.base_url):
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
