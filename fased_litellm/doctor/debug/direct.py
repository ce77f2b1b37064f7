"""The same request straight to the provider, without the proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ...errors import AddressBlocked, CallError, MissingKey, UsageError
from ...jsontext import mapping, mappings
from ...net.addresses import vet_host
from ...net.messages import Request
from ...net.transport import Transport
from ...proxy.client import ProxyClient
from ...proxy.exchange import Exchange
from ...proxy.urls import normalize_base_url
from ...proxy.wire import Attribution, ChatRequest, base_headers, chat_body, json_bytes
from ...redaction import Secret, remember
from ...version import __version__
from .attempt import SentRequest, send
from .providerwords import refused

_LITELLMS = ("num_retries", "disable_fallbacks", "metadata", "litellm_session_id")
"""Parts of the body which the proxy takes out."""


_ALLOW = "--provider-allow-private-network allows it. The config's allowPrivateNetwork is for the proxy alone."


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where the proxy sends an alias, as it says itself: its name with the provider before it, and the address if it has one."""

    model: str
    api_base: str | None

    @property
    def model_id(self) -> str:
        """The provider's name. It may hold slashes: only the first part is LiteLLM's."""
        return self.model.partition("/")[2] or self.model


@dataclass(frozen=True, slots=True)
class DirectProvider:
    """A model provider with an OpenAI-compatible API.

    Attributes:
        base_url: what stands before ``/chat/completions``, as in ``litellm_params.api_base``.
        key: its key.
        key_name: the variable that holds it.
        model: its name of the model.
        allow_private_network: whether the address may be a private one.
        mapped: where the proxy sends the alias, None if it does not say.
    """

    base_url: str
    key: str = field(repr=False)
    key_name: str
    model: str
    allow_private_network: bool = False
    mapped: Mapped | None = None


def provider_base_url(text: str) -> str:
    """The address of a provider's API: ``/chat/completions`` is put behind it and nothing else, as LiteLLM does.

    Raises:
        UsageError: it is no http or https URL, or holds a user name, a query or a fragment.
    """
    normalize_base_url(text)  # refuses what is not an address
    parts = urlsplit(text.strip())
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, "", ""))


def provider_key(name: str, environ: Mapping[str, str]) -> str:
    """The provider's key: from the variable that was named, and from nowhere else.

    Raises:
        MissingKey: it is not set.
    """
    value = environ.get(name, "").strip()
    if not value:
        raise MissingKey(
            f"The variable {name} is not set, or empty.",
            hint=f"Put the provider's key into {name}. It is used for this request alone, and stored nowhere.",
        )
    remember(value)
    return Secret(value)


def vet(base_url: str, *, allow_private_network: bool) -> None:
    """Refuse an address before anything is sent. What its name resolves to is vetted when it is asked.

    Raises:
        AddressBlocked: it is private, and that was not allowed, or it is refused under any setting.
    """
    try:
        vet_host(urlsplit(base_url).hostname or "", allow_private=allow_private_network)
    except AddressBlocked as error:
        raise _hinted(error, allow_private_network=allow_private_network) from None


def _hinted(error: AddressBlocked, *, allow_private_network: bool) -> AddressBlocked:
    if not allow_private_network and error.hint and "allowPrivateNetwork" in error.hint:
        error.hint = _ALLOW
    return error


def mapped(client: ProxyClient, alias: str) -> Mapped | None:
    """Where the proxy sends an alias; None if it does not say. Of several deployments the first counts.

    Facts: ``/model/info`` answers any key, with one row for each deployment; ``litellm_params.model`` has the provider before the
    first slash, and ``api_base`` is there where the config has one.
    """
    try:
        rows = mapping(client.get_json("/model/info").body).get("data")
    except CallError:
        return None
    for row in mappings(rows):
        params = mapping(row.get("litellm_params"))
        model = params.get("model")
        if row.get("model_name") == alias and isinstance(model, str) and model:
            base = params.get("api_base")
            return Mapped(model, base if isinstance(base, str) else None)
    return None


def fire_direct(provider: DirectProvider, chat: ChatRequest) -> SentRequest:
    """Send a chat completion to the provider.

    Args:
        provider: the provider.
        chat: the request as the proxy gets it.

    Raises:
        UsageError: the request cannot be written.
    """
    request, plain = direct_request(provider, chat)
    exchange = Exchange(plain, model=provider.model)
    transport = Transport(provider.base_url, allow_private_network=provider.allow_private_network, identify=False)
    try:
        shot = send(transport, provider.base_url, request, exchange, refused)
    finally:
        transport.close()
    if isinstance(shot.error, AddressBlocked):
        _hinted(shot.error, allow_private_network=provider.allow_private_network)
    return shot


def direct_request(provider: DirectProvider, chat: ChatRequest) -> tuple[Request, ChatRequest]:
    """The request as a provider takes it: its model, its key, and nothing that is LiteLLM's."""
    params: dict[str, Any] = {name: value for name, value in chat.params.items() if name not in _LITELLMS}
    plain = replace(chat, model=provider.model, attribution=Attribution(""), params=params, headers={})
    headers = {
        **base_headers(provider.key, f"fased-litellm/{__version__}"),
        "content-type": "application/json",
    }
    return Request("POST", "/chat/completions", headers, json_bytes(chat_body(plain)), chat.limits), plain


def need_model(found: Mapped | None, alias: str) -> str:
    """The model to ask the provider for.

    Raises:
        UsageError: it is not known.
    """
    if found is not None:
        return found.model_id
    raise UsageError(
        f"The proxy does not say which model of the provider {alias} is.",
        hint="Name it: --provider-model gpt-4o-mini (without the provider's prefix).",
    )
