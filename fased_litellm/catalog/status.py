"""``fased models status``: which models are chosen, and with which keys.

Fact: the JSON is that of Fased's ``src/commands/models/list.status-command.ts``; keys are shown masked alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..config.agents import agent_dir, find, section
from ..config.interpolation.environment import for_keys
from ..errors import FasedError
from ..paths import Paths
from ..redaction import mask
from ..refs import PROVIDER, normalize_provider
from ..roles.allowed import refs_in_use
from ..roles.choice import IMPLIED, aliases, model_value, resolve
from ..roles.defaults import fallbacks_of
from ..roles.known import KnownNames
from ..secrets.lookup import env_variable, resolve_key, stores
from ..secrets.profiles import Credential, ProfileStore
from .cache import age_text
from .facts import Catalog

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

WARN_AFTER_MS = 24 * 3600 * 1000
"""A token that ends within this time is "expiring soon". Fact: Fased's ``DEFAULT_OAUTH_WARN_MS``."""

OK, MISSING, EXPIRING = 0, 1, 2
"""Exit statuses of ``models status --check``."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of the models of one agent; ``document`` is the JSON, ``check`` the exit status of ``--check``."""

    document: dict[str, Any]
    check: int


def status_of(
    snapshot: ConfigSnapshot, paths: Paths, catalog: Catalog | None, *, agent: str | None, now: datetime
) -> ModelStatus:
    """Look at config and key stores.

    Raises:
        SecretStoreError: a key store is broken.
        UsageError: the text cannot be an agent id.
        InvalidRef: the config's primary is no reference.
    """
    config = snapshot.value
    defaults = section(config, "agents", "defaults")
    known = KnownNames(snapshot, agent, lambda: catalog.by_id if catalog else ())
    choice = resolve(snapshot, agent, known=known)
    primary = model_value(find(config, agent).entry.get("model"), "") if agent else None
    primary = primary or model_value(defaults.get("model"), "")
    image = model_value(defaults.get("imageModel"), "")
    auth, check = _auth(snapshot, paths, agent, now)
    own = "agent" if choice.source.startswith("agents.list") else "defaults"
    document: dict[str, Any] = {"configPath": str(snapshot.path)}
    if agent:
        document["agentId"] = find(config, agent).id
    document |= {
        "agentDir": str(agent_dir(paths, config, agent)),
        "defaultModel": primary.text if primary else choice.primary.key,
        "resolvedDefault": choice.primary.key,
        "fallbacks": [str(choice.fallback)] if agent and choice.fallback else fallbacks_of(config),
        "imageModel": image.text if image else None,
        "imageFallbacks": fallbacks_of(config, "imageModel"),
        "modelConfig": {
            "defaultSource": IMPLIED if choice.source == IMPLIED else own,
            "fallbacksSource": own if choice.fallback else None,
        },
        "aliases": aliases(config),
        "allowed": list(section(defaults, "models")),
        "catalog": _catalog(catalog, now),
        "auth": auth,
    }
    return ModelStatus(document, check)


def _catalog(catalog: Catalog | None, now: datetime) -> dict[str, Any] | None:
    if catalog is None:
        return None
    return {
        "baseUrl": catalog.base_url,
        "fetchedAt": catalog.fetched_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "ageSeconds": round(catalog.age_s(now)),
        "models": len(catalog.chat_models),
        "singleModel": catalog.single_model,
        "patterns": list(catalog.patterns),
    }


def _auth(snapshot: ConfigSnapshot, paths: Paths, agent: str | None, now: datetime) -> tuple[dict[str, Any], int]:
    now_ms = now.timestamp() * 1000
    store = stores(snapshot, paths, agent)
    in_use = dict.fromkeys(ref.provider for _, ref in refs_in_use(snapshot)) or {PROVIDER: None}
    in_use.setdefault(resolve(snapshot, agent).primary.provider)
    configured = [normalize_provider(str(name)) for name in section(snapshot.value, "models", "providers")]
    stored = [credential.provider for credential in store.profiles.values()]
    names = sorted({*in_use, *configured, *stored})
    providers = [_provider(snapshot, paths, store, name, agent) for name in names]
    missing = [
        row["provider"] for row in providers if row["effective"]["kind"] == "missing" and row["provider"] in in_use
    ]
    # An oauth login is renewed by the Node agent; a token only by hand.
    tokens = [item for item in store.profiles.values() if item.type == "token" and item.provider in in_use]
    ending = [item for item in tokens if item.expires_ms is not None]
    expired = [item for item in ending if (item.expires_ms or 0) <= now_ms]
    expiring = [item for item in ending if now_ms < (item.expires_ms or 0) <= now_ms + WARN_AFTER_MS]
    document = {
        "storePath": str(store.path),
        "shellEnvFallback": {"enabled": False, "appliedKeys": []},
        "providersWithOAuth": sorted({item.provider for item in store.profiles.values() if item.type != "api_key"}),
        "missingProvidersInUse": missing,
        "providers": providers,
        "unusableProfiles": _unusable(store, now_ms),
        "oauth": {
            "warnAfterMs": WARN_AFTER_MS,
            "profiles": [_ending(item, now_ms) for item in store.profiles.values() if item.type != "api_key"],
            "providers": [],
        },
    }
    check = MISSING if missing or expired else EXPIRING if expiring else OK
    return document, check


def _provider(
    snapshot: ConfigSnapshot, paths: Paths, store: ProfileStore, name: str, agent: str | None
) -> dict[str, Any]:
    own = [item for item in store.profiles.values() if item.provider == name]
    row: dict[str, Any] = {"provider": name}
    try:
        key = resolve_key(snapshot, paths, name, agent=agent)
        row["effective"] = {"kind": key.kind, "detail": f"{key.masked} ({key.detail})"}
    except FasedError as error:
        row["effective"] = {"kind": "missing", "detail": error.message}
    row["profiles"] = {
        "count": len(own),
        "oauth": sum(item.type == "oauth" for item in own),
        "token": sum(item.type == "token" for item in own),
        "apiKey": sum(item.type == "api_key" for item in own),
        "labels": [f"{item.profile_id}={_label(item)}" for item in own],
    }
    variable = env_variable(name)
    value = for_keys(snapshot.env).get(variable, "").strip()
    if value:
        row["env"] = {"value": mask(value), "source": f"env: {variable}"}
    written = _written_key(snapshot, name)
    if written:
        row["modelsJson"] = written
    return row


def _written_key(snapshot: ConfigSnapshot, name: str) -> dict[str, str] | None:
    for key, entry in section(snapshot.value, "models", "providers").items():
        text = entry.get("apiKey") if isinstance(entry, Mapping) and normalize_provider(str(key)) == name else None
        source = f"models.providers.{key}.apiKey"
        if isinstance(text, str) and text.strip():
            return {"value": mask(text.strip()), "source": source}
        if isinstance(text, Mapping):
            return {"value": f"{text.get('source')}:{text.get('id')}", "source": source}
    return None


def _label(item: Credential) -> str:
    if item.ref is not None:
        return f"{item.ref.get('source')}:{item.ref.get('id')}"
    return mask(item.value) if item.value else "missing"


def _unusable(store: ProfileStore, now_ms: float) -> list[dict[str, Any]]:
    rows = []
    for item in store.profiles.values():
        until = store.unusable_until_ms(item.profile_id, now_ms)
        if until is None:
            continue
        stats = section(store.tree, "usageStats", item.profile_id)
        disabled = stats.get("disabledUntil") == until
        rows.append(
            {
                "profileId": item.profile_id,
                "provider": item.provider,
                "kind": "disabled" if disabled else "cooldown",
                "reason": stats.get("disabledReason" if disabled else "cooldownReason"),
                "until": int(until),
                "remainingMs": int(until - now_ms),
            }
        )
    return rows


def _ending(item: Credential, now_ms: float) -> dict[str, Any]:
    left = None if item.expires_ms is None else item.expires_ms - now_ms
    state = "static" if left is None else "expired" if left <= 0 else "expiring" if left <= WARN_AFTER_MS else "ok"
    return {
        "profileId": item.profile_id,
        "provider": item.provider,
        "type": item.type,
        "status": state,
        "expiresAt": None if item.expires_ms is None else int(item.expires_ms),
        "remainingMs": None if left is None else int(left),
    }


def lines(document: Mapping[str, Any]) -> list[str]:
    """The status for people."""
    text = [f"{'Config':<22} {document['configPath']}", f"{'Agent dir':<22} {document['agentDir']}"]
    resolved, written = document["resolvedDefault"], document["defaultModel"]
    text.append(f"{'Default':<22} {resolved}" + (f" (from {written})" if written not in (resolved, "") else ""))
    image, aliases_, allowed = document["imageModel"], document["aliases"], document["allowed"]
    text.append(_many("Fallbacks", document["fallbacks"]))
    text.append(f"{'Image model':<22} {image or '-'}")
    text.append(_many("Image fallbacks", document["imageFallbacks"]))
    text.append(_many("Aliases", [f"{alias} -> {key}" for alias, key in aliases_.items()]))
    text.append(_many("Configured models", allowed) if allowed else f"{'Configured models (0)':<22} all allowed")
    catalog = document["catalog"]
    if catalog is not None:
        known = f"{catalog['models']} chat models at {catalog['baseUrl']}, {age_text(catalog['ageSeconds'])} ago"
        text.append(f"{'Catalog':<22} {known}")
    auth = document["auth"]
    text += ["", "Auth overview", f"{'Auth store':<22} {auth['storePath']}"]
    for row in auth["providers"]:
        kind, detail = row["effective"]["kind"], row["effective"]["detail"]
        text.append(f"- {row['provider']} {kind}" + (f": {detail}" if kind != "missing" else ""))
        text += [f"  {label}" for label in row["profiles"]["labels"]]
    for row in auth["unusableProfiles"]:
        seconds = row["remainingMs"] / 1000
        text.append(
            f"- {row['profileId']} {row['kind']} ({row['reason'] or 'no reason given'}), {age_text(seconds)} left"
        )
    if auth["missingProvidersInUse"]:
        text += ["", "Missing auth"]
        text += [f"- {name}: set {env_variable(name)}, or `{_onboard(name)}`" for name in auth["missingProvidersInUse"]]
    return text


def _many(label: str, items: Sequence[str]) -> str:
    return f"{f'{label} ({len(items)})':<22} {', '.join(items) or '-'}"


def _onboard(provider: str) -> str:
    return "fased onboard --auth-choice litellm-api-key" if provider == PROVIDER else "fased onboard"
