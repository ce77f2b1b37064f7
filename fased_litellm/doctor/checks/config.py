"""The config: does it hold, is the address well formed, is it allowed, are the definitions whole?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from ...catalog.configured import definitions_of, provider_key
from ...config.defaults import address_of, entry_place
from ...config.interpolation import missing
from ...config.keypath import dotted
from ...config.load import ConfigSnapshot
from ...config.schema.validation import TOO_MANY_FALLBACKS
from ...errors import FasedError, MissingVariable
from ...net.addresses import is_loopback_url, is_private_url
from ...proxy.urls import normalize_base_url
from ...refs import PROVIDER
from ...secrets.lookup import resolve_key
from ..findings import Finding, Severity
from .subject import Subject

REFRESH = "fased providers refresh --apply"
_SMALLEST_WINDOW = 16_000
"""Fact: OpenClaw, from which Fased stems, refuses models with a smaller context window."""


def holds(subject: Subject) -> Iterator[Finding]:
    """The file parses, and nothing in it is wrong."""
    snapshot, error = subject.read
    if error is not None:
        yield Finding("config-syntax", "error", error.message, error.hint or "Correct it.", str(subject.paths.config))
        return
    assert snapshot is not None
    yield from _unset(snapshot)
    for issue in snapshot.issues:
        if issue in snapshot.missing:
            continue
        too_many = issue.message == TOO_MANY_FALLBACKS
        yield Finding(
            "config-invalid",
            "error",
            f"{issue.path or 'the config'}: {issue.message}. The Node agent treats the whole config as empty then.",
            "Keep the first alone."
            if too_many
            else "Correct it (`fased config validate` shows the place), or go back: fased litellm undo",
            str(snapshot.path),
            command="fased litellm doctor --fix" if too_many else None,
        )
    for warning in snapshot.warnings:
        yield Finding("config-warning", "warning", warning, "See docs/reference/config.md.", str(snapshot.path))
    if not snapshot.exists and snapshot.valid:
        yield Finding(
            "not-configured",
            "info",
            f"There is no {snapshot.path}: the implied provider is used.",
            "Set it up, so that the Node agent has it too.",
            command="fased onboard --auth-choice litellm-api-key",
        )


def _unset(snapshot: ConfigSnapshot) -> Iterator[Finding]:
    """Values with a variable that is not set. What needs none of them works here; the Node agent refuses the whole config."""
    key_place = f"{entry_place(snapshot)}.apiKey"
    for issue in snapshot.missing:
        name = missing.variable(issue) or ""
        file = next(
            (where.file for path, where in snapshot.included.items() if dotted(path) == issue.path), snapshot.path
        )
        remedy, command = missing.where_to_set([name], snapshot.paths.state / ".env"), None
        if missing.below(issue.path, key_place) and _kept_elsewhere(snapshot):
            remedy += " Or remove the reference, since the key is kept elsewhere."
            command = f"fased config unset {shlex.quote(key_place)}"
        yield Finding(
            "variable-missing",
            "error",
            f"{issue.message}. The Node agent treats the whole config as empty then.",
            remedy,
            str(file),
            command=command,
        )


def _kept_elsewhere(snapshot: ConfigSnapshot) -> bool:
    try:
        return resolve_key(snapshot, snapshot.paths).kind != "models.json"
    except FasedError:
        return False


def address(subject: Subject) -> Iterator[Finding]:
    """The base URL is one, is written as it should be, and may be asked."""
    if subject.snapshot is None:
        return
    file = str(subject.paths.config)
    try:
        written = address_of(subject.snapshot)
        url = normalize_base_url(written)
    except MissingVariable:
        return  # that is a finding of its own
    except FasedError as error:
        yield Finding("base-url", "error", error.message, error.hint or "Correct baseUrl.", file)
        return
    bare = written.rstrip("/").removesuffix("/models")
    if written != bare or "/v1/v1" in written:
        yield Finding(
            "base-url-form",
            "warning",
            f"baseUrl is written as {written}; the Node agent appends /chat/completions to it as it stands.",
            f"Write {url}/v1.",
            file,
            command=f"fased config set models.providers.{PROVIDER}.baseUrl {url}/v1",
        )
    if url.startswith("http://") and not is_private_url(url):
        yield Finding(
            "plain-http",
            "warning",
            f"{url} is reached without TLS over a public network: the key and all traffic can be read in transit.",
            "Put the proxy behind TLS and use https://, or reach it over a VPN.",
            file,
        )
    if is_private_url(url) and not subject.allows_private:
        yield Finding(
            "private-network",
            "error",
            f"{url} is a private address, and models.providers.{PROVIDER}.request.allowPrivateNetwork is not true: calls are refused.",
            "Allow it, if the proxy is yours.",
            file,
            command=f"fased config set models.providers.{PROVIDER}.request.allowPrivateNetwork true",
        )
    elif subject.allows_private and not is_private_url(url) and provider_key(subject.tree):
        yield Finding(
            "private-network-unneeded",
            "info",
            f"allowPrivateNetwork is true, and {url} is a public address: the guard against private ones is off for nothing.",
            "Take it away.",
            file,
            command=f"fased config unset models.providers.{PROVIDER}.request.allowPrivateNetwork",
        )
    if is_loopback_url(url) and "localhost" in url:
        yield from _localhost(url)


def _localhost(url: str) -> Iterator[Finding]:
    import socket

    try:
        families = {entry[0] for entry in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    except OSError:
        return
    if families == {socket.AF_INET6}:
        yield Finding(
            "localhost-ipv6",
            "warning",
            f"localhost is an IPv6 address alone on this machine; a proxy that listens on 127.0.0.1 is not found under {url}.",
            "Write 127.0.0.1 in baseUrl.",
        )


def definitions(subject: Subject) -> Iterator[Finding]:
    """Each definition says what the Node agent needs: usage in streams, context window, output limit, price."""
    entries = definitions_of(subject.tree)
    file = str(subject.paths.config)
    lacking: dict[str, list[str]] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            continue
        name = entry["id"]
        compat = entry.get("compat")
        if not isinstance(compat, dict) or compat.get("supportsUsageInStreaming") is not True:
            lacking.setdefault("usage", []).append(name)
        if not _positive(entry.get("contextWindow")):
            lacking.setdefault("window", []).append(name)
        elif entry["contextWindow"] < _SMALLEST_WINDOW:
            lacking.setdefault("small", []).append(name)
        if not _positive(entry.get("maxTokens")):
            lacking.setdefault("limit", []).append(name)
        cost = entry.get("cost")
        if not isinstance(cost, dict) or not any(_positive(value) for value in cost.values()):
            lacking.setdefault("price", []).append(name)
    for kind, (severity, text, remedy, otherwise) in _LACKS.items():
        told = [name for name in lacking.get(kind, ()) if _tells(subject, name, kind)]
        untold = [name for name in lacking.get(kind, ()) if name not in told]
        code = f"definition-{kind}"
        if told:
            # What the config says of streams in so many words, a refresh leaves as it is.
            command = "fased litellm doctor --fix" if kind == "usage" else REFRESH
            yield Finding(code, severity, f"{_listed(told)}: {text}", remedy, file, command=command)
        if untold:
            yield Finding(code, severity, f"{_listed(untold)}: {text}", otherwise, file)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _tells(subject: Subject, name: str, kind: str) -> bool:
    """Whether the proxy told what is lacking, when it was last asked: only then does it help to take it over."""
    if kind == "usage":
        return True  # not the proxy's to tell: it holds of every model
    facts = subject.catalog.by_id.get(name) if subject.catalog is not None else None
    if facts is None:
        return False
    known = {
        "window": _positive(facts.context_window),
        "small": _positive(facts.context_window) and (facts.context_window or 0) >= _SMALLEST_WINDOW,
        "limit": _positive(facts.max_output_tokens),
        "price": facts.prices.known,
    }
    return known[kind]


_OTHERWISE = "The proxy does not tell it: set `{}` in the definition, or `model_info.{}` at the proxy, and then `fased providers refresh --apply`."
_LACKS: dict[str, tuple[Severity, str, str, str]] = {
    "usage": (
        "error",
        "compat.supportsUsageInStreaming is not true, so the Node agent sees no usage in streams, and shows 0 tokens.",
        "Set it; `fased litellm doctor --fix` does.",
        "Set it; `fased litellm doctor --fix` does.",
    ),
    "window": (
        "warning",
        "no contextWindow, so the Node agent assumes 200,000 tokens.",
        "Take the proxy's.",
        _OTHERWISE.format("contextWindow", "max_input_tokens"),
    ),
    "small": (
        "warning",
        f"contextWindow is below {_SMALLEST_WINDOW:,} tokens, which is too little for an agent.",
        "Take the proxy's.",
        "Correct `contextWindow` in the definition, or `model_info.max_input_tokens` at the proxy if it is wrong there; or choose another model.",
    ),
    "limit": (
        "info",
        "no maxTokens, so the Node agent assumes 8,192.",
        "Take the proxy's.",
        _OTHERWISE.format("maxTokens", "max_output_tokens"),
    ),
    "price": (
        "info",
        "no price, so the Node agent counts the calls as free and they count as unpriced here, unless the proxy tells the cost.",
        "Take the proxy's, or set `cost` (USD per million tokens); zeros mean free.",
        "The proxy does not tell it: set `cost` (USD per million tokens) in the definition, or the prices in `model_info` at the proxy; zeros mean free.",
    ),
}


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
