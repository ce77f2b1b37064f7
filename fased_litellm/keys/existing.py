"""What is there before onboarding: an address, keys, a primary model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..catalog.configured import provider_key
from ..config import agents
from ..config.defaults import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from ..config.interpolation import missing
from ..config.interpolation.substitution import substitute
from ..config.load import ConfigSnapshot
from ..config.redacted import remember_secrets
from ..errors import ConfigError, MissingVariable, SecretError, UsageError
from ..proxy.urls import normalize_base_url
from ..redaction import mask
from ..refs import PROVIDER
from ..roles.choice import IMPLIED, Choice, resolve
from ..secrets.lookup import config_key, env_key, profile_key, stores

KeySource = Literal["flag", "prompt", "env", "profile", "config"]


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A key and where it came from.

    Attributes:
        value: the key; hidden from ``repr``.
        source: ``flag``, ``prompt``, ``env``, ``profile`` or ``config``.
        detail: the variable, the profile id or the config path.
        notes: what should be said of it.
    """

    value: str = field(repr=False)
    source: KeySource
    detail: str = ""
    notes: tuple[str, ...] = ()

    @property
    def masked(self) -> str:
        """A form to show to the key's owner."""
        return mask(self.value)


@dataclass(frozen=True, slots=True)
class Existing:
    """The state before onboarding.

    Attributes:
        snapshot: the config with its environment.
        agent: the agent that was named; None for all.
        base_url: the address to propose, normalised.
        base_url_source: ``config``, ``LITELLM_BASE_URL`` or ``default``.
        entry: the provider's object in the config before ``${VAR}``, empty without one.
        entry_key: its key in ``models.providers``.
        keys: usable keys, the one that Fased's onboarding takes first in front.
        primary: the model that the agent uses now; None where the config says nothing.
        unknown_address: set where the config has an address with a variable that is not set; ``base_url`` is a guess then.
    """

    snapshot: ConfigSnapshot
    agent: str | None
    base_url: str
    base_url_source: str
    entry: Mapping[str, Any] = field(repr=False)
    entry_key: str
    keys: tuple[GivenKey, ...]
    primary: Choice | None
    unknown_address: MissingVariable | None = None

    @property
    def private_network(self) -> bool | None:
        """``request.allowPrivateNetwork`` as configured, None where it is not set."""
        value = agents.section(self.entry, "request").get("allowPrivateNetwork")
        return value if isinstance(value, bool) else None

    def headers(self, further: Mapping[str, str] | None = None) -> dict[str, str]:
        """The headers of the entry for requests to the proxy, after ``${VAR}``; names in lower case.

        Args:
            further: headers that are to be written, as they are written; they win.

        Raises:
            MissingVariable: one of them refers to a variable that is not set.
        """
        further = {name.lower(): value for name, value in (further or {}).items()}
        place = f"models.providers.{self.entry_key}.headers"
        written = agents.section(self.snapshot.value, "models", "providers", self.entry_key, "headers")
        headers = {}
        for name, value in written.items():
            if name.lower() not in further and isinstance(value, str):
                self.snapshot.need(f"{place}.{name}")
                headers[name.lower()] = value
        values, issues, _ = substitute(
            {"models": {"providers": {self.entry_key: {"headers": further}}}}, self.snapshot.env
        )
        if issues:
            raise missing.needed(issues[0], self.snapshot.paths.state / ".env")
        headers.update(agents.section(values, "models", "providers", self.entry_key, "headers"))
        remember_secrets({"headers": headers})
        return headers


def inspect(snapshot: ConfigSnapshot, agent: str | None = None) -> Existing:
    """See what is there.

    Raises:
        ConfigError: the address in the config, or in ``LITELLM_BASE_URL``, is none.
        SecretStoreError: the file of auth profiles is broken.
    """
    key = provider_key(snapshot.source) or PROVIDER
    value = agents.section(snapshot.value, "models", "providers", key)
    configured = value.get("baseUrl")
    place = f"models.providers.{key}.baseUrl"
    unset: MissingVariable | None = None
    try:
        snapshot.need(place)
    except MissingVariable as error:
        unset = error
    variable = snapshot.env.get(BASE_URL_VARIABLE, "").strip()
    if isinstance(configured, str) and configured.strip() and unset is None:
        url, source = _normal(configured, place), "config"
    elif variable:
        url, source = _normal(variable, BASE_URL_VARIABLE), BASE_URL_VARIABLE
    else:
        url, source = DEFAULT_BASE_URL, "default"
    chosen = resolve(snapshot, agent)
    return Existing(
        snapshot=snapshot,
        agent=agent,
        base_url=url,
        base_url_source=source,
        entry=agents.section(snapshot.source, "models", "providers", key),
        entry_key=key,
        keys=tuple(_keys(snapshot, agent)),
        primary=None if chosen.source == IMPLIED else chosen,
        unknown_address=unset,
    )


def _keys(snapshot: ConfigSnapshot, agent: str | None) -> list[GivenKey]:
    """Fact: Fased's onboarding takes the environment before a stored profile. A key in the config comes last."""
    store = stores(snapshot, snapshot.paths, agent)
    in_env = env_key(snapshot)
    in_profile = profile_key(snapshot, store, now_ms=time.time() * 1000)
    try:
        in_config = config_key(snapshot)
    except SecretError:
        in_config = None
    keys: list[GivenKey] = []
    if in_env:
        keys.append(GivenKey(in_env.value, "env", in_env.detail, in_env.notes))
    if in_profile:
        keys.append(GivenKey(in_profile.value, "profile", in_profile.detail, in_profile.notes))
    if in_config:
        keys.append(GivenKey(in_config.value, "config", in_config.detail, in_config.notes))
    return keys


def _normal(text: str, where: str) -> str:
    try:
        return normalize_base_url(text)
    except UsageError as error:
        raise ConfigError(f"{where}: {error.message}", hint=error.hint) from None
