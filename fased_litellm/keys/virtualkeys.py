"""Make, use, rotate and delete virtual keys: the proxy's admin routes, and the place where the agent keeps its key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from ..catalog.facts import Catalog
from ..config.interpolation.environment import for_keys
from ..config.load import ConfigSnapshot
from ..context import CallContext
from ..errors import CallError, CatalogError, FasedError, KeyAdminError, KeyringError, MissingKey, UsageError
from ..paths import Paths
from ..provider import LiteLLMProvider
from ..provider.settings import Settings
from ..proxy import probes
from ..proxy.client import ProxyClient, headers_with_key
from ..proxy.management.admin import KeyAdmin, NewKey, VirtualKey
from ..redaction import remember
from ..secrets.lookup import ResolvedKey, env_key
from ..secrets.placement import Storage
from .agent_key import AgentKey
from .check import check
from .created_key import CheckedKey, CreatedKey, RotatedKey
from .key_options import WORDS
from .replacement import may_be_replaced, settings_of

MASTER_VARIABLE = "LITELLM_MASTER_KEY"
MASTER_IN_KEYRING = "master-key"
"""Under this id of the service ``fased-litellm`` the keyring may hold the master key. Nothing here writes it."""


def master_key(snapshot: ConfigSnapshot, paths: Paths, base_url: str) -> tuple[str, str] | None:
    """The proxy's master key and where it was found: the variable, the keyring, or the file of the local proxy.

    It is used for the command at hand alone, and stored nowhere. None if it is in none of these places.
    """
    from ..localproxy.control import LocalProxy
    from ..secrets import keyring_store

    given = for_keys(snapshot.env).get(MASTER_VARIABLE, "").strip()
    if given:
        remember(given)
        return given, MASTER_VARIABLE
    local = LocalProxy(paths.local_proxy)
    # It is for the local proxy alone: not for another host with the same port, nor for what listens there since it ended.
    if local.is_at(base_url) and (kept := local.files.read_master_key()):
        return kept, str(local.files.master_key)
    try:
        held = keyring_store.get(MASTER_IN_KEYRING)
    except KeyringError:
        return None
    return (held, "the OS keyring") if held else None


class VirtualKeys:
    """The virtual keys of the agent's proxy.

    Args:
        snapshot: the agent's config.
        paths: the installation.
        agent: agent id; None for the key which all agents share.
        env: the process's environment, ``os.environ`` by default.
    """

    def __init__(
        self, snapshot: ConfigSnapshot, paths: Paths, agent: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self._snapshot, self._paths, self._agent, self._env = snapshot, paths, agent, env
        self.settings = Settings.of(snapshot, paths)

    @property
    def base_url(self) -> str:
        return self.settings.base_url

    def client(self, key: str | None) -> ProxyClient:
        """A client of the proxy with that key."""
        options = self.settings.client_options()
        return ProxyClient(self.base_url, key, **{**options, "headers": self._headers(key)})

    def _headers(self, key: str | None) -> dict[str, str]:
        """The configured headers; where the agent's key stands in one, this key does."""
        headers = self.settings.provider_headers()
        if not headers:
            return {}
        olds = [found.value if (found := env_key(self._snapshot)) else None]
        with suppress(FasedError):
            olds.append(self.held().value)
        return headers_with_key(headers, olds, key)

    def held(self) -> ResolvedKey:
        """The agent's key.

        Raises:
            MissingKey: there is none.
            SecretError: it cannot be read.
        """
        return self._agent_key().show().key

    def own(self) -> tuple[ResolvedKey, VirtualKey]:
        """The agent's key, and what the proxy says of it to itself.

        Raises:
            MissingKey: there is none.
            KeyAdminError: it is the master key, or may not ask about itself.
            CallError: the proxy is not reached.
        """
        key = self.held()
        with self.client(key.value) as client:
            try:
                return key, KeyAdmin(client).info()
            except KeyAdminError as error:
                raise self._own_refused(error) from None

    def _own_refused(self, error: KeyAdminError) -> KeyAdminError:
        if error.status == 404:
            return KeyAdminError(
                "The agent's key is the proxy's master key, or one that the proxy does not have: nothing is known of it.",
                hint="Give the agent a virtual key of its own: fased litellm keys create --use",
                status=404,
            )
        if error.status == 401:
            return KeyAdminError(
                "The proxy does not know the agent's key: it is deleted, expired or blocked, or belongs to another proxy.",
                hint="`fased litellm debug` says which. `fased litellm keys create --use` makes another.",
                status=401,
            )
        if error.status == 403:
            return KeyAdminError(
                "The agent's key is made for calls alone (llm_api), and may not ask about itself.",
                hint=f"Ask with the master key: {MASTER_VARIABLE}=… fased litellm keys info ALIAS",
                status=403,
            )
        return error

    def find(self, admin: KeyAdmin, name: str) -> VirtualKey:
        """A key by its alias, its hash, or the key itself.

        Raises:
            KeyAdminError: there is none; names the nearest aliases.
            CallError: the proxy is not reached.
        """
        if name.startswith("sk-"):
            remember(name)
        elif not _is_hash(name):
            for key in admin.all(key_alias=name):
                if key.alias == name:
                    return key
            near = get_close_matches(name, [key.alias for key in admin.all() if key.alias], n=3)
            meant = f"Did you mean {', '.join(near)}? " if near else ""
            raise KeyAdminError(f"The proxy has no key called {name!r}.", hint=f"{meant}See `fased litellm keys list`.")
        return admin.info(name)

    def is_own(self, key: VirtualKey) -> bool:
        """Whether a key is the one that the agent uses."""
        try:
            held = self._agent_key().show().key
        except FasedError:
            return False
        return hashlib.sha256(held.value.encode()).hexdigest() == key.token

    def unknown_models(self, admin: KeyAdmin, models: Sequence[str]) -> list[str]:
        """Those of some models which the proxy does not list; none where it cannot be asked."""
        if not models:
            return []
        try:
            listed = admin.model_ids()
        except FasedError:
            return []
        return [name for name in models if name not in listed and "*" not in name and name not in WORDS]

    def create(
        self, admin: KeyAdmin, settings: Mapping[str, Any], *, use: bool, storage: Storage | None = None
    ) -> CreatedKey:
        """Make a key, and have the agent use it.

        Args:
            admin: with the master key.
            settings: fields of ``/key/generate``.
            use: check it and keep it as the agent's key. One that fails the check is deleted again.
            storage: where it is to be kept; None for where the one before is.

        Raises:
            KeyAdminError: the proxy refuses.
            CallError: it is not reached, or does not answer the new key.
            UsageError: the agent's key is kept where only its owner can change it; no key was made then.
        """
        if use:
            self.ready_to_switch(storage)
        new = admin.generate(settings)
        if not use:
            return CreatedKey(new)
        try:
            checked = self.check(new.key)
            done = self._agent_key().set(new.key, storage, ask=False)
        except BaseException as error:
            self._take_back(admin, new, error)
            raise
        return CreatedKey(new, checked, done)

    def rotate(self, admin: KeyAdmin, *, storage: Storage | None = None, keep_old: bool = False) -> RotatedKey:
        """Put a new key in the place of the agent's: make, check, switch, and only then delete the old one.

        The new one has the old one's limits, and what that one has spent counts on, as far as the proxy has written it: spend
        lags the calls by up to 15 s.

        Raises:
            KeyAdminError: the proxy refuses; the old key is still in use.
            CallError: it is not reached, or does not answer the new key; the old one is still in use.
            UsageError: the agent's key is kept where only its owner can change it, or it is blocked or expired; nothing was
                changed.
        """
        self.ready_to_switch(storage)
        old = self._agent_key().show().key
        before = admin.info(old.value)
        may_be_replaced(before)
        name = before.alias or "fased"
        settings = settings_of(before)
        # A name can be had once, and the old key has it until it is gone.
        settings["key_alias"] = f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        made = self.create(admin, settings, use=True, storage=storage)
        if keep_old:
            return RotatedKey(made, before, deleted=False)
        try:
            admin.delete(old.value)
            if before.alias:
                admin.update(made.new.about.token or made.new.key, {"key_alias": before.alias})
        except FasedError as error:
            return RotatedKey(made, before, deleted=False, warning=error.message)
        return RotatedKey(made, before, deleted=True)

    def ready_to_switch(self, storage: Storage | None) -> None:
        """Whether the agent's key can be replaced by this program.

        Raises:
            UsageError: it comes from the environment, and no other place was chosen.
            SecretError: the keyring was chosen, and cannot be had.
        """
        agent_key = self._agent_key()
        try:
            state = agent_key.show()
        except MissingKey:
            agent_key.can_keep(storage)
            return
        if state.storage in ("env", "file", "exec") and storage is None:
            raise UsageError(
                f"The agent's key comes from {state.place}, which this command does not change.",
                hint="Have the new key kept elsewhere: --key-storage keyring|profile. Or make a key without --use, and set it there.",
            )
        agent_key.can_keep(storage)

    def check(self, key: str) -> CheckedKey:
        """List the models with a key, and have one request answered.

        Raises:
            CallError: the proxy does not answer.
            CatalogError: it lists no model for the key.
        """
        catalog, _ = check(
            self.base_url,
            key,
            allow_private=self.settings.provider.allows_private_network,
            headers=self._headers(key),
        )
        model = self._model(catalog)
        held = ResolvedKey(key, "local", "the new key")
        context = CallContext(agent=self._agent or "main", task="check-key", source="cli")
        with LiteLLMProvider(self.settings, agent=self._agent, key=held) as provider:
            try:
                reply = provider.chat("Say OK.", model=model, context=context, max_tokens=probes.TOKENS)
            except CallError as error:
                raise probes.judge(error, probes.TOKENS) from None
        return CheckedKey(catalog, model, reply.receipt)

    def _model(self, catalog: Catalog) -> str:
        choice = self.settings.choose(model=None, agent=self._agent or "main", role=None)
        if choice.primary.provider == "litellm" and catalog.accepts(choice.primary.model):
            return str(choice.primary)
        if not catalog.chat_models:
            raise CatalogError("The key may call no model by name.", hint="Add models to the key: --models.")
        return f"litellm/{catalog.chat_models[0].id}"

    def _take_back(self, admin: KeyAdmin, new: NewKey, error: BaseException) -> None:
        try:
            admin.delete(new.about.token or new.key)
        except FasedError:
            note = f"The key {new.about.alias or new.about.name}, which was made for it, is still at the proxy."
        else:
            note = "The key that was made for it was deleted again."
        if isinstance(error, FasedError):
            error.hint = f"{error.hint or ''} {note}".strip()

    def _agent_key(self) -> AgentKey:
        return AgentKey(self._snapshot, self._paths, self._agent, self._env)


def _is_hash(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)
