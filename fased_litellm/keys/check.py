"""Ask the proxy: is it there, does it take the key, which models has it for us?

The explanations come from the table of failures (``proxy.causes``) and from ``net``; here stands only what is special to a
proxy that is being set up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..catalog.discover import discover
from ..catalog.facts import Catalog
from ..catalog.unlisted import with_unlisted
from ..errors import AddressBlocked, CallError, CatalogError
from ..proxy.client import ProxyClient
from ..proxy.management.keykind import KeyKind, kind_of_key, warning

_PRIVATE = (
    "This is a private address. If the proxy is yours, allow it: add --allow-private-network, or set"
    " models.providers.litellm.request.allowPrivateNetwork to true in fased.json."
)
_BY_CAUSE = {
    "key-route-denied": (
        "The key may not use the routes that models are listed and called with; it was made for another purpose, such as"
        " managing keys. Have the owner of the proxy make one of the default type, or of the type llm_api."
    ),
    "key-unknown": (
        "This proxy does not know the key: it is mistyped, deleted, or belongs to another proxy. Give the right one in"
        " LITELLM_API_KEY or with --litellm-api-key, or correct the base URL."
    ),
    "key-missing": "The proxy wants a key. Give one in LITELLM_API_KEY or with --litellm-api-key.",
}
"""Remedies of the table which would send the reader to onboarding, where he is already, or which suit calls alone."""

_NO_MODELS = (
    "The proxy answers and takes the key, but lists no models for it. Add models to the proxy's config (model_list), or have its"
    " owner allow this key some; then run this again."
)


def check(
    base_url: str,
    key: str | None,
    *,
    allow_private: bool,
    headers: Mapping[str, str] | None = None,
    ids: Iterable[str] = (),
) -> tuple[Catalog, KeyKind]:
    """The models which the key may use, and what kind of key it is.

    Args:
        base_url: the proxy, normalised.
        key: the key, None to send none.
        allow_private: whether a private address may be asked.
        headers: those of the provider's entry.
        ids: names which it is asked about where it does not list them.

    Raises:
        CallError: the proxy is not reached, is none, or refuses; message and hint explain it.
        CatalogError: its list of models is empty, or none.
    """
    with ProxyClient(base_url, key, allow_private_network=allow_private, headers=headers) as client:
        try:
            catalog = with_unlisted(client, discover(client), ids)
        except CallError as error:
            error.hint = _hint(error, allow_private=allow_private)
            raise
        except CatalogError as error:
            raise CatalogError(f"{base_url}: {error.message}", hint=error.hint) from None
        kind = kind_of_key(client) if key else "unknown"
    if not (catalog.chat_models or catalog.patterns or catalog.inherited or catalog.single_model):
        others = f" There are {len(catalog.models)} models, none of them for chat." if catalog.models else ""
        raise CatalogError(f"{base_url} offers this key no model for chat.{others}", hint=_NO_MODELS)
    return catalog, kind


def _hint(error: CallError, *, allow_private: bool) -> str | None:
    # Where a permission would not help, as after a redirect or for metadata services, the hint has no word of one.
    if isinstance(error, AddressBlocked) and not allow_private and "allowPrivateNetwork" in (error.hint or ""):
        return _PRIVATE
    return _BY_CAUSE.get(error.cause, error.hint)


def remarks(catalog: Catalog, kind: KeyKind) -> list[str]:
    """What should be said of an answer that is good enough to go on with."""
    said = list(catalog.notes)
    too_powerful = warning(kind)
    if too_powerful:
        said.append(too_powerful)
    if catalog.sources == ("/v1/models",) and any("HTTP 404" in note for note in catalog.notes):
        said.append(
            f"{catalog.base_url} answers like an OpenAI server, and not like a LiteLLM proxy: prices, limits and receipts"
            " will be missing."
        )
    return said
