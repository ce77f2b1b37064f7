"""``LiteLLMProvider``: the plug-in of Fased, and the public face for Python agents.

::

    from fased_litellm import CallContext, LiteLLMProvider

    with LiteLLMProvider.from_config() as provider:
        reply = provider.chat("Hello", context=CallContext(agent="main", task="digest"))
        print(reply.text, reply.receipt.cost_usd)
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..config.agents import default_agent
from ..config.load import load
from ..context import CallContext
from ..errors import CallError
from ..paths import Paths
from ..plugin import AuthMethod, CatalogOrder
from ..proxy.client import ProxyClient
from ..proxy.reply import Reply
from ..proxy.wire import Message
from ..refs import DEFAULT_REF, PROVIDER, ModelRef
from ..secrets.lookup import ResolvedKey
from .attempts import arun, run
from .budget_guard import BudgetGuard
from .call import Call, CallOptions
from .client_pool import ClientPool
from .recorder import Recorder
from .settings import Settings
from .signatures import parameters_of
from .streams import AsyncReplyStream, ReplyStream

# A blocking call needs neither the catalog nor asyncio; they are imported where they are used.
if TYPE_CHECKING:
    from ..catalog.facts import Catalog
    from ..net.httpx_transport import AsyncGuardedTransport, GuardedTransport


class LiteLLMProvider:
    """Models of a LiteLLM proxy for one agent.

    One instance may be shared between threads; its asyncio half belongs to one event loop. Close it with ``close()`` (and
    ``aclose()`` where its asyncio half was used), or use it in ``with`` or ``async with``.

    Args:
        settings: the config, read.
        agent: agent id, whose models and auth profile are used where a call names no other; None for the default agent.
        key: the key. If left out, it is looked up with the first call, and again when another one was stored.
    """

    id: ClassVar[str] = PROVIDER
    label: ClassVar[str] = "LiteLLM"
    env_vars: ClassVar[tuple[str, ...]] = ("LITELLM_API_KEY",)
    auth_methods: ClassVar[tuple[AuthMethod, ...]] = (
        AuthMethod(
            choice="litellm-api-key",
            label="LiteLLM API key",
            kind="api_key",
            flag="--litellm-api-key",
            hint="OpenAI-compatible LLM proxy",
        ),
    )
    default_model: ClassVar[str] = str(DEFAULT_REF)
    catalog_order: ClassVar[CatalogOrder] = "late"

    def __init__(self, settings: Settings, *, agent: str | None = None, key: ResolvedKey | None = None) -> None:
        self.settings = settings
        self.agent = agent or default_agent(settings.snapshot.value)
        self.recorder = Recorder(settings.paths.ledger)
        self.budget_guard = BudgetGuard(settings.paths, self.recorder)
        self._given = key
        self._pools: dict[str | None, ClientPool] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_config(
        cls, paths: Paths | None = None, env: Mapping[str, str] | None = None, *, agent: str | None = None
    ) -> Self:
        """Make a provider from the agent's config, or from the implied one where there is none.

        Args:
            paths: the places of the installation, by default those of the environment.
            env: the environment, by default that of the process.
            agent: agent id, by default the default agent.

        Raises:
            ConfigError: the config does not parse or does not hold.
            MissingVariable: its base URL refers to a variable that is not set.
        """
        paths = paths or Paths.from_env(env)
        snapshot = load(paths, env).require_usable()
        return cls(Settings.of(snapshot, paths), agent=agent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
        self.close()

    def __repr__(self) -> str:
        return f"LiteLLMProvider({self.base_url!r})"

    def close(self) -> None:
        """Close the connections and the ledger."""
        for pool in self._pools.values():
            pool.close()
        self.budget_guard.close()
        self.recorder.close()

    async def aclose(self) -> None:
        """Close the connections of the asyncio half."""
        for pool in self._pools.values():
            await pool.aclose()

    # ---- what it is

    @property
    def base_url(self) -> str:
        """The proxy's root."""
        return self.settings.base_url

    @property
    def key(self) -> ResolvedKey:
        """The key and where it was found.

        Raises:
            MissingKey: there is none.
            SecretError: it cannot be read.
        """
        return self.pool().keys.current()

    # ---- the way to the proxy, for other libraries

    def httpx_transport(self) -> GuardedTransport:
        """A transport for an ``httpx.Client``, such as the one of the OpenAI SDK: with the guard and the configured headers.

        Its requests have no row in the usage history, and no budget of this side is asked.

        Raises:
            MissingVariable: a header of the config refers to a variable that is not set.
        """
        from ..net.httpx_transport import GuardedTransport

        return GuardedTransport(self.base_url, **self.settings.client_options())

    def async_httpx_transport(self) -> AsyncGuardedTransport:
        """As ``httpx_transport``, for an ``httpx.AsyncClient``."""
        from ..net.httpx_transport import AsyncGuardedTransport

        return AsyncGuardedTransport(self.base_url, **self.settings.client_options())

    # ---- models; a call needs nothing of this, so it is imported here

    def model_ids(self) -> list[str]:
        """The registered models: ``default`` always, those of the config, and those which the proxy last listed."""
        from . import discovery

        return discovery.model_ids(self.settings)

    def discover(self) -> Catalog:
        """Ask the proxy for its models, and keep the answer as last good.

        Raises:
            CallError: the proxy cannot be asked, or refuses.
            CatalogError: its answer is not valid.
        """
        from . import discovery

        try:
            return discovery.discover(self.client(), self.settings.paths)
        except CallError as error:
            raise self.enrich(error) from None

    async def adiscover(self) -> Catalog:
        """As ``discover``, for asyncio."""
        from . import discovery

        try:
            return await discovery.adiscover(await self.pool().async_client(), self.settings.paths)
        except CallError as error:
            raise await self.aenrich(error) from None

    def last_good(self) -> Catalog | None:
        """What the proxy said when it was last asked, None if it never was."""
        from . import discovery

        return discovery.last_good(self.settings)

    def catalog(self) -> dict[str, Any] | None:
        """The entry for ``models.providers.litellm`` with the models that the proxy offers now.

        Raises:
            CallError: the proxy cannot be asked, or refuses.
            CatalogError: its answer is not valid.
        """
        from . import discovery

        return discovery.provider_entry(self.settings, self.discover())

    # ---- calls

    def _new_call(
        self,
        stream: bool,
        /,
        messages: str | Sequence[Message],
        *,
        model: str | ModelRef | None = None,
        role: str | None = None,
        context: CallContext | None = None,
        max_tokens: int | None = None,
        timeout_s: float | None = None,
        **params: Any,
    ) -> Call:
        """A call that has not begun. Its parameters, after the first, are those of the four methods below."""
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        context = context or CallContext(agent=self.agent)
        role = role or context.role
        if role != context.role:
            context = context.with_(role=role)
        choice = self.settings.choose(model=model, agent=context.agent, role=role if model is None else None)
        return Call(self.settings, choice, CallOptions(messages, context, params, max_tokens, stream, timeout_s))

    _as_new_call = parameters_of(_new_call)

    @_as_new_call
    def chat(self, *args: Any, **options: Any) -> Reply:
        """Answer a conversation.

        A reply is given back also where its row cannot be written: ``receipt.warnings`` says so and why.

        Args:
            messages: OpenAI chat messages, or a text as the user's only message.
            model: reference, alias or model id as the proxy lists it; by default the agent's model for the role. A named model has no fallback.
            role: ``cheap-check``, ``strong``, ``escalation``, ``coding`` or ``summarizer``; by default that of the context.
            context: who calls and for what.
            max_tokens: output limit in tokens.
            timeout_s: seconds until the whole reply is there; 600 by default.
            **params: further OpenAI parameters: ``tools``, ``tool_choice``, ``reasoning_effort``, ``temperature`` …

        Raises:
            CallError: the call failed; cause, origin, hint and receipt say how. Its row is in the ledger.
            RefError: the model is no reference, belongs to another provider, or is not allowed.
            SecretError: there is no key.
            BudgetError: a budget is used up (``BudgetExceeded``), or cannot be checked; nothing was sent.
        """
        return run(self, self._new_call(False, *args, **options))

    @_as_new_call
    async def achat(self, *args: Any, **options: Any) -> Reply:
        """As ``chat``, for asyncio."""
        return await arun(self, self._new_call(False, *args, **options))

    @_as_new_call
    def stream(self, *args: Any, **options: Any) -> ReplyStream:
        """As ``chat``, in pieces as they come; ``timeout_s``, for each line of the stream, is 120 by default.

        Iterating raises what ``chat`` raises, and ``StreamInterrupted`` with what arrived where a stream breaks off.
        """
        return ReplyStream(self, self._new_call(True, *args, **options))

    @_as_new_call
    def astream(self, *args: Any, **options: Any) -> AsyncReplyStream:
        """As ``stream``, for asyncio."""
        return AsyncReplyStream(self, self._new_call(True, *args, **options))

    # ---- for the attempts of a call

    def pool(self, profile: str | None = None) -> ClientPool:
        """The clients with the agent's key, or with that of the auth profile which a reference names."""
        with self._lock:
            if profile not in self._pools:
                given = self._given if profile is None else None
                self._pools[profile] = ClientPool(self.settings, self.agent, profile=profile, key=given)
            return self._pools[profile]

    def client(self) -> ProxyClient:
        """The blocking client with the agent's key."""
        return self.pool().client()

    async def aenrich(self, error: CallError) -> CallError:
        """As ``enrich``, beside the event loop: the proxy may be asked."""
        import asyncio

        return await asyncio.to_thread(self.enrich, error)

    def enrich(self, error: CallError) -> CallError:
        """A failure with what else can be said: the nearest ids for a model that the proxy lacks, which budget is spent, or which
        other key there is."""
        if error.cause == "budget-exceeded":
            from . import keybudget

            return keybudget.enrich(self.client(), error)
        if error.origin == "caller-key" and self._given is None:
            from ..secrets import shadows

            error = shadows.enrich(self.settings.snapshot, self.settings.paths, error, agent=self.agent)
        if error.cause not in ("unknown-model", "model-forbidden"):
            return error
        from . import discovery

        return discovery.enrich(self.settings, error)
