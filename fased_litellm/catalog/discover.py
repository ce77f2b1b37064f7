"""Ask a proxy for its models.

The order of the questions is a generator which yields requests and receives answers, so that it does no I/O itself;
``discover`` and ``adiscover`` are the two drivers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from ..errors import CallError, ProxyError
from . import merge
from .facts import Catalog

TIMEOUT_S = 5.0
MOST_BYTES = 4 * 1024 * 1024

_MOST_DETAILED = 500
"""Fact: a row of ``/model/info`` takes some 7.5 KB in LiteLLM 1.106, so that 4 MiB hold about 550 of them."""


@dataclass(frozen=True, slots=True)
class CatalogRequest:
    """One GET request."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)


class CatalogAnswers(Protocol):
    """What is needed of an answer."""

    @property
    def body(self) -> Any: ...


class CatalogClient(Protocol):
    """What is needed of ``proxy.client.ProxyClient``."""

    @property
    def base_url(self) -> str: ...

    def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, timeout_s: float = ..., max_bytes: int = ...
    ) -> CatalogAnswers: ...


class AsyncClient(Protocol):
    """What is needed of ``proxy.client.AsyncProxyClient``."""

    @property
    def base_url(self) -> str: ...

    async def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, timeout_s: float = ..., max_bytes: int = ...
    ) -> CatalogAnswers: ...


Steps = Generator[CatalogRequest, Any, Catalog]


def steps(base_url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Steps:
    """The questions in their order; returns the catalog.

    ``/v1/models`` must be answered. Of the other two routes, what fails becomes a note in the catalog: the driver
    throws the ``CallError`` into the generator.

    Raises:
        CatalogError: the answer to ``/v1/models`` is not a list of models, or too long a one.
    """
    # Fact: up to LiteLLM 1.99 wildcard names are listed without being asked for, from 1.101 only with this parameter.
    models = yield CatalogRequest("/v1/models", {"return_wildcard_routes": "true"})
    listed = merge.listed_ids(models).rows
    notes: list[str] = []
    sources = ["/v1/models"]
    group = info = None
    group_note = None
    if listed:
        try:
            group = yield CatalogRequest("/model_group/info")
            sources.append("/model_group/info")
        except CallError as error:
            group_note = _refused("/model_group/info", error)
        if group is None or len(listed) <= _MOST_DETAILED:
            try:
                info = yield CatalogRequest("/model/info")
                sources.append("/model/info")
            except CallError as error:
                notes.append(_refused("/model/info", error))
        else:
            notes.append(
                f"{len(listed):,} models: only the figures per alias were read, which are the best of its deployments."
            )
    # Fact: with `litellm --model X` the group route fails up to LiteLLM 1.77, which then says nothing.
    if group_note and not merge.is_single_model(info):
        notes.insert(0, group_note)
    return merge.merge(base_url, now(), models, group, info, notes=notes, sources=sources)


def discover(client: CatalogClient, *, timeout_s: float = TIMEOUT_S) -> Catalog:
    """Ask the proxy for the models which the client's key may use.

    Args:
        client: of the proxy.
        timeout_s: how long each answer may take, in seconds.

    Raises:
        CallError: the proxy did not answer ``/v1/models``, or refused it.
        CatalogError: its answer makes no sense.
    """
    course = steps(client.base_url)
    question: CatalogRequest | Catalog = next(course)
    while isinstance(question, CatalogRequest):
        try:
            answer = client.get_json(question.path, params=question.params, timeout_s=timeout_s, max_bytes=MOST_BYTES)
        except CallError as error:
            question = _advance(course, error)
        else:
            question = _advance(course, answer.body)
    return question


async def adiscover(client: AsyncClient) -> Catalog:
    """The same as ``discover``, for asyncio."""
    course = steps(client.base_url)
    question: CatalogRequest | Catalog = next(course)
    while isinstance(question, CatalogRequest):
        try:
            answer = await client.get_json(
                question.path, params=question.params, timeout_s=TIMEOUT_S, max_bytes=MOST_BYTES
            )
        except CallError as error:
            question = _advance(course, error)
        else:
            question = _advance(course, answer.body)
    return question


def _advance(course: Steps, answer: Any) -> CatalogRequest | Catalog:
    try:
        return course.throw(answer) if isinstance(answer, CallError) else course.send(answer)
    except StopIteration as end:
        catalog = end.value
        assert isinstance(catalog, Catalog)
        return catalog


def _refused(route: str, error: CallError) -> str:
    missing = {
        "/model_group/info": "limits, prices and capabilities may be missing",
        "/model/info": "cache prices, JSON output and the differences between deployments are not known",
    }[route]
    if isinstance(error, ProxyError) and error.status in (401, 403):
        return f"This key may not ask for {route} (HTTP {error.status}): {missing}."
    reason = f"HTTP {error.status}" if isinstance(error, ProxyError) and error.status else error.message.rstrip(".")
    return f"{route} was unavailable ({reason}): {missing}."
