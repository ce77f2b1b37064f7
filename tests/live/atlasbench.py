"""Produces the cases of the failure atlas on a proxy. Used by ``test_atlas``, and for proxies of other releases.

``outcomes(proxy)`` has all cases happen that the proxy can show: those that need a database where it has one, those that came with
a later release left out. A proxy without a database has to be started with ``atlasrecipes.config(upstream)``, written by
``atlasrecipes.write_config``.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from fased_litellm.doctor.atlas import CASES, Case
from fased_litellm.errors import CallError
from fased_litellm.net.messages import Limits, Request
from fased_litellm.net.transport import Transport
from fased_litellm.proxy import probes
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.exchange import Exchange
from fased_litellm.proxy.failures import classify
from fased_litellm.proxy.wire import Attribution, ChatRequest, base_headers
from tests.live.atlasrecipes import ALIAS_OF_PLAIN, END_USER, KEYS, RECIPES, Ask
from tests.live.proxies import Proxy

_LIMITS = Limits(idle_s=60.0, total_s=60.0)
_PATIENCE_S = 40.0
"""How long a budget may take until it is noticed to be used up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: the error, None if there was none."""

    case: Case
    error: CallError | None

    @property
    def right(self) -> bool:
        return self.error is not None and (self.error.cause, self.error.origin) == (self.case.cause, self.case.origin)

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.case.name}: did not fail"
        error = self.error
        wanted = f"{self.case.cause}/{self.case.origin}"
        return f"{self.case.name}: {error.cause}/{error.origin} in place of {wanted}: {error.status} {error.type} {error.message}"


class Bench:
    """A proxy with what the recipes need; close it, so that its keys are deleted."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.client = ProxyClient(proxy.url, proxy.master_key, allow_private_network=True)
        self._transport = Transport(proxy.url, allow_private_network=True)
        self._keys: dict[str, str] = {}
        self._made: dict[str, list[str]] = {"key": [], "team": [], "user": [], "customer": []}
        self._mark = secrets.token_hex(4)
        self.version = self._version()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for what, field in (("key", "keys"), ("team", "team_ids"), ("user", "user_ids"), ("customer", "user_ids")):
            if self._made[what]:
                # A key that the test deleted by itself makes the whole request fail in some releases.
                for one in self._made[what]:
                    with contextlib.suppress(CallError):
                        self.client.post_json(f"/{what}/delete", {field: [one]})
        self._transport.close()
        self.client.close()

    def _version(self) -> tuple[int, ...]:
        reply = self.client.chat(self._exchange(Ask("default")))
        return tuple(int(part) for part in (reply.receipt.proxy_version or "0").split(".")[:3] if part.isdigit())

    def can(self, case: Case) -> bool:
        """Whether this proxy can show a case at all."""
        since = tuple(int(part) for part in case.since.split(".")) if case.since else ()
        until = tuple(int(part) for part in case.until.split(".")) if case.until else (999,)
        if not since <= self.version < until:
            return False
        return case.needs in ("proxy", "database" if self.proxy.has_database else "no-database")

    def produce(self, case: Case) -> Outcome:
        """Have a case happen; cause and origin are those that the package's own client gives. A cooldown which somebody else caused is waited for."""
        ask = RECIPES[case.name]
        error: CallError | None = None
        for _ in range(4):
            error = self._produced(ask)
            if error is None or error.cause != "cooldown" or case.cause == "cooldown":
                break
            time.sleep((error.retry_after_s or 5.0) + 0.5)
        if error is not None and case.probe is not None:
            error = probes.judge(error, case.probe)
        return Outcome(case, error)

    def _produced(self, ask: Ask) -> CallError | None:
        if ask.first is not None:
            self._asked(ask.first)
        with self._beside(ask.meanwhile):
            deadline = time.monotonic() + _PATIENCE_S
            while True:
                error = self._asked(ask)
                if error is not None or not ask.until or time.monotonic() > deadline:
                    return error
                time.sleep(0.5)

    @contextlib.contextmanager
    def _beside(self, ask: Ask | None) -> Iterator[None]:
        if ask is None:
            yield
            return
        self.key(ask.key)  # made before the clock runs
        other = threading.Thread(target=self._asked, args=(ask,), daemon=True)
        other.start()
        time.sleep(0.5)
        yield
        other.join(60)

    def _asked(self, ask: Ask) -> CallError | None:
        """The error, None if the proxy did as it was asked."""
        key = self.key(ask.key)
        if ask.model is not None and ask.scheme != "Bearer ":
            ask = Ask(body=_body(ask), key=ask.key, scheme=ask.scheme)
        if ask.model is None:
            request = self._request(ask, key)
            answer = self._transport.send(request)
            sent = "authorization" in request.headers
            return (
                None
                if answer.status == 200
                else classify(answer.status, answer.headers, answer.body, key_sent=sent).as_error()
            )
        with ProxyClient(self.proxy.url, key, allow_private_network=True) as client:
            try:
                if ask.stream:
                    for _ in client.stream(self._exchange(ask)):
                        pass
                else:
                    client.chat(self._exchange(ask))
            except CallError as error:
                return error
        return None

    def _exchange(self, ask: Ask) -> Exchange:
        body = _body(ask)
        chat = ChatRequest(
            model=body.pop("model"),
            messages=body.pop("messages"),
            attribution=Attribution(secrets.token_hex(8)),
            stream=ask.stream,
            params=body,
            limits=_LIMITS,
        )
        return Exchange(chat, model=f"litellm/{ask.model}")

    def _request(self, ask: Ask, key: str | None) -> Request:
        headers = base_headers(None, "fased-atlas")
        if key is not None:
            headers["authorization"] = ask.scheme + key
        data: bytes | None = None
        if ask.body is not None or ask.raw is not None:
            text = ask.raw if ask.raw is not None else json.dumps(ask.body)
            if ALIAS_OF_PLAIN in text:
                self.key("plain")
            data = text.replace(ALIAS_OF_PLAIN, self._alias("plain")).encode()
            headers["content-type"] = "application/json"
        path = ask.path.replace("{plain}", self.key("plain") or "") if "{plain}" in ask.path else ask.path
        return Request("GET" if data is None else "POST", path, headers, data, _LIMITS)

    # ---- keys

    def key(self, name: str) -> str | None:
        """The key of a name, made when it is first wanted."""
        if name == "none":
            return None
        if name == "master":
            return self.proxy.master_key
        if name not in self._keys:
            self._keys[name] = self._make(name)
        return self._keys[name]

    def _alias(self, name: str) -> str:
        return f"fased-atlas-{self._mark}-{name}"

    def _make(self, name: str) -> str:
        recipe = KEYS[name]
        if recipe.literal is not None:
            return recipe.literal
        body: dict[str, Any] = {"key_alias": self._alias(name), **recipe.generate}
        if recipe.team is not None:
            team = self.client.post_json("/team/new", {"team_alias": self._alias(name), **recipe.team}).body["team_id"]
            self._made["team"].append(team)
            body["team_id"] = team
        if recipe.user is not None:
            user = {"user_id": self._alias(name), "auto_create_key": False, **recipe.user}
            self.client.post_json("/user/new", user)
            self._made["user"].append(user["user_id"])
            body["user_id"] = user["user_id"]
        if name == "plain":
            self._end_user()
        key: str = self.client.post_json("/key/generate", body).body["key"]
        self._made["key"].append(key)
        if recipe.then is not None:
            self.client.post_json(recipe.then, {"keys": [key]} if recipe.then.endswith("delete") else {"key": key})
        if "duration" in recipe.generate:
            time.sleep(1.5)
        return key

    def _end_user(self) -> None:
        with contextlib.suppress(CallError):
            self.client.post_json("/customer/delete", {"user_ids": [END_USER]})
        self.client.post_json("/customer/new", {"user_id": END_USER, "max_budget": 1e-7})
        self._made["customer"].append(END_USER)


def _body(ask: Ask) -> dict[str, Any]:
    body: dict[str, Any] = {"model": ask.model, "messages": [{"role": "user", "content": "hi"}], "num_retries": 0}
    return body | dict(ask.more)


def outcomes(proxy: Proxy, cases: Iterable[Case] = CASES) -> list[Outcome]:
    """Produce all cases that a proxy can show."""
    with Bench(proxy) as bench:
        return [bench.produce(case) for case in cases if bench.can(case)]
