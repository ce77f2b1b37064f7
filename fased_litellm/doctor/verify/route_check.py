"""The walk along the path of one alias: name, connection, proxy, key, models, alias, requests, rows."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ...catalog.facts import INHERITED, Catalog
from ...catalog.selection import listed_as, nearest_ids
from ...context import CallContext
from ...errors import CallError, FasedError, LedgerError, SpendError, StreamInterrupted
from ...provider import LiteLLMProvider
from ...proxy import probes
from ...proxy.management.keykind import KeyKind, kind_of_key
from ...proxy.management.spend import LAG_S, spend_rows
from ...proxy.readiness import PATH, Readiness
from ...proxy.receipt import Receipt
from ...refs import ModelRef
from ...usage.store.access import answer
from .. import releases
from . import text
from .readiness import readiness
from .steps import Result, RouteStep, Verification, failed

PROMPT = "Say OK."
_BROKEN_KEY = "sk-broken-on-purpose-0000"
_SPARE_S = 10.0
_API_S = 10.0
"""A proxy that just started builds its description first, and answers nothing else meanwhile; so it is asked last, if at all."""
_PROXY_STEPS = 3
_KINDS: dict[KeyKind, str] = {
    "master": "the proxy's master key: no budget limits it; `fased litellm keys create --use` makes a virtual one",
    "only-master": "the master key of a proxy without a database, which has no other",
    "virtual": "a virtual key",
    "unknown": "of a kind that the proxy does not tell",
}

Say = Callable[[RouteStep], None]


@dataclass(slots=True)
class RouteCheck:
    """One alias on its way.

    Args:
        provider: with the agent's config and key.
        ref: what is verified.
        max_tokens: most that each of the two requests may answer.
        say: called with each step as it ends.
        rows_key: a key that may see spend rows, if there is one beside the agent's.
    """

    provider: LiteLLMProvider
    ref: ModelRef
    max_tokens: int = probes.TOKENS
    say: Say = lambda _: None
    rows_key: str | None = None
    kind: KeyKind = "unknown"
    database: bool | None = None
    catalog: Catalog | None = None
    _steps: list[RouteStep] = field(default_factory=list)
    _version: str | None = None
    _connect_ms: float | None = None
    _only_v1: bool = False
    _receipts: list[Receipt] = field(default_factory=list)

    def run(self) -> Verification:
        """Go until a step fails on which the next ones stand."""
        started_ms = time.time_ns() // 1_000_000
        for part in (self._resolve, self._connect, self._proxy, self._key, self._alias, self._request, self._stream):
            if not part():
                if self._version is None and len(self._steps) > _PROXY_STEPS and self._steps[-1].origin != "network":
                    self._version = self._version_of_api()
                break
        else:
            self._refusal()
            self._ledger()
            self._spend(started_ms)
        findings = tuple(finding for finding in releases.judge(self._version) if finding.severity != "info")
        return Verification(str(self.ref), tuple(self._steps), findings + text.noticed(str(self.ref), self._receipts))

    # ---- the steps

    def _resolve(self) -> bool:
        title = "the proxy's name resolves"
        host, port = self._place()
        with self._timed("name", title) as step:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            step(f"{host} is {', '.join(addresses[:3])}", addresses=addresses)
        return self._well()

    def _connect(self) -> bool:
        title = "the proxy takes connections"
        host, port = self._place()
        with self._timed("connection", title) as step:
            begun = time.perf_counter()
            socket.create_connection((host, port), timeout=5.0).close()
            self._connect_ms = (time.perf_counter() - begun) * 1000
            step(f"{host}:{port} in {self._connect_ms:.1f} ms", connectMs=round(self._connect_ms, 3))
        return self._well()

    def _proxy(self) -> bool:
        with self._timed("proxy", "it is a LiteLLM proxy") as step:
            found, hidden = readiness(self.provider, self.provider.client())
            if hidden is not None:
                self._only_v1 = True
                step(hidden, result="skipped")
                return True
            found = found or Readiness()
            self._version = found.version if releases.parse_version(found.version) else None
            self.database = found.has_database
            status = found.status or "ready"
            step(
                f"{status}, LiteLLM {self._version}, {releases.verdict(self._version)}"
                if self._version
                else f"{status}; version shown after the first reply",
                version=self._version,
                database=self.database,
                knownAsOf=releases.as_of(),
            )
        return self._well()

    def _key(self) -> bool:
        with self._timed("key", "the key is accepted") as step:
            key = self.provider.key
            self.catalog = self.provider.discover()
            self.kind = kind_of_key(self.provider.client())
            step(f"{key.masked} from {key.detail}, {_KINDS[self.kind]}", kind=self.kind, source=key.kind)
        if not self._well():
            return False
        with self._timed("models", "the proxy lists models") as step:
            assert self.catalog is not None
            count = len(self.catalog.chat_models)
            step(f"{count} for chat, of {len(self.catalog.models)}", chatModels=count)
        return self._well()

    def _alias(self) -> bool:
        assert self.catalog is not None
        self.ref = listed_as(self.catalog, self.ref)
        title = f"{self.ref} is among them"
        if self.ref.model in INHERITED:
            inherits = INHERITED[self.ref.model]
            remedy = "Name a model that the owner of the proxy gave you: fased litellm verify ALIAS"
            why = f"that is not a model: it stands for {inherits}"
            self._add(RouteStep("alias", title, "failed", why, remedy, "unknown-model", "caller", 0.0))
            return False
        facts = self.catalog.by_id.get(self.ref.model)
        if facts is not None:
            mode = f", as a model for {facts.mode}" if not facts.chat_capable else ""
            self._add(RouteStep("alias", title, "passed", f"listed{mode}", duration_ms=0.0))
        elif self.catalog.lists(self.ref.model) or self.catalog.single_model:
            self._add(RouteStep("alias", title, "passed", "by a pattern, or any name is taken", duration_ms=0.0))
        else:
            # Facts: an alias of LiteLLM's router may be hidden from the list, and some releases do not list what a key inherits.
            near = nearest_ids(self.catalog, self.ref.model)
            meant = f"; did you mean litellm/{near[0]}?" if near else ""
            detail = (
                f"the proxy does not list it for this key; it is asked all the same, since aliases may be hidden{meant}"
            )
            self._add(RouteStep("alias", title, "skipped", detail))
        return True

    def _request(self) -> bool:
        with self._timed("request", "one request is answered") as step:
            reply = self.provider.chat(
                PROMPT, model=self.ref, context=self._context(), max_tokens=self.max_tokens, num_retries=0
            )
            receipt = reply.receipt
            told = ""
            if self._version is None and receipt.proxy_version:
                self._version = receipt.proxy_version
                told = f"; LiteLLM {self._version}, {releases.verdict(self._version)}"
            self._receipts.append(receipt)
            words = probes.without_words(reply) or repr(" ".join(reply.text.split())[:40])
            seen = f"{words}, {text.receipt(receipt)}; {text.times(receipt, self._connect_ms)}{told}"
            step(seen, **self._receipt_facts(receipt))
        return self._well()

    def _stream(self) -> bool:
        with self._timed("stream", "one streamed request ends well, with its usage") as step:
            stream = self.provider.stream(
                PROMPT, model=self.ref, context=self._context(), max_tokens=self.max_tokens, num_retries=0
            )
            pieces = sum(1 for _ in stream)
            receipt = stream.reply.receipt
            self._receipts.append(receipt)
            if receipt.usage is None:
                raise StreamInterrupted(
                    "The stream ended without saying what it used.",
                    cause="no-usage",
                    origin="gateway",
                    hint="Set always_include_stream_usage: true in general_settings of the proxy, or upgrade it.",
                )
            step(f"{pieces} pieces, {text.receipt(receipt)}", pieces=pieces, **self._receipt_facts(receipt))
        return self._well()

    def _refusal(self) -> None:
        title = "a broken key is refused"
        begun = time.perf_counter()
        client = self.provider.client()
        with client.with_key(_BROKEN_KEY) as other:
            try:
                other.get_json("/v1/models")
            except CallError as error:
                spent = (time.perf_counter() - begun) * 1000
                if error.origin == "caller-key":
                    detail = f"HTTP {error.status}, {error.cause}: reported as a failure on your side"
                    self._add(
                        RouteStep("refusal", title, "passed", detail, duration_ms=spent, facts={"cause": error.cause})
                    )
                else:
                    self._add(failed("refusal", title, error, spent))
                return
        remedy = (
            "Give it a master key (general_settings.master_key); until then everybody who reaches it spends your money."
        )
        self._add(
            RouteStep(
                "refusal",
                title,
                "failed",
                "the proxy takes any key",
                remedy,
                "any-key",
                "gateway",
                (time.perf_counter() - begun) * 1000,
            )
        )

    def _ledger(self) -> None:
        title = "the calls are in the local history"
        with self._timed("ledger", title) as step:
            path = self.provider.settings.paths.ledger
            ids = [receipt.call_id for receipt in self._receipts]
            marks = ", ".join("?" * len(ids))
            sql = f"SELECT count(*) FROM call WHERE call_id IN ({marks})"  # noqa: S608 - nothing but question marks
            found = answer(path, lambda ledger: int(ledger.execute(sql, ids).fetchone()[0]), lambda _: None) or 0
            if found < len(ids):
                raise LedgerError(
                    f"{len(ids) - found} of {len(ids)} calls are not in {path}.",
                    hint="`fased litellm doctor` looks at the ledger.",
                )
            step(f"{found} rows in {path}", rows=found)

    def _spend(self, started_ms: int) -> None:
        title = "the calls are in the proxy's spend rows"
        if self._only_v1:
            self._add(RouteStep("spend", title, "skipped", "the proxy's other routes are not to be had"))
            return
        # A release that takes no ids of clients knows the call by its own.
        names = {receipt.call_id: {receipt.call_id, receipt.proxy_call_id} for receipt in self._receipts}
        key = self.rows_key or str(self.provider.key.value)
        client = self.provider.client()
        begun = time.perf_counter()
        missing = set(names)
        try:
            with client.with_key(key) as rows:
                while missing and time.perf_counter() - begun < LAG_S + _SPARE_S:
                    now_ms = time.time_ns() // 1_000_000
                    seen = {row.call_id for row in spend_rows(rows, started_ms - 60_000, now_ms + 60_000)}
                    missing = {one for one in missing if not names[one] & seen}
                    if missing:
                        time.sleep(1.0)
        except SpendError as error:
            self._add(RouteStep("spend", title, "skipped", error.message, error.hint))
            return
        except CallError as error:
            self._add(failed("spend", title, error, (time.perf_counter() - begun) * 1000))
            return
        spent = (time.perf_counter() - begun) * 1000
        if missing:
            remedy = "Look into the proxy's log for its database; `fased usage reconcile` compares the rows one by one."
            detail = f"{len(missing)} of {len(names)} have no row after {spent / 1000:.0f} s"
            self._add(RouteStep("spend", title, "failed", detail, remedy, "no-spend-row", "gateway", spent))
        else:
            detail = f"{len(names)} rows after {spent / 1000:.1f} s"
            self._add(RouteStep("spend", title, "passed", detail, duration_ms=spent, facts={"rows": len(names)}))

    # ---- inside

    @property
    def by_another(self) -> bool:
        """Whether a fallback of the proxy answered, so that nothing is known of the alias itself."""
        return any(receipt.fallbacks for receipt in self._receipts)

    def _context(self) -> CallContext:
        return CallContext(agent=self.provider.agent, task="verify", source="cli")

    def _place(self) -> tuple[str, int]:
        parts = urlsplit(self.provider.base_url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def _version_of_api(self) -> str | None:
        try:
            body = self.provider.client().get_json("/openapi.json", timeout_s=_API_S, max_bytes=64 * 2**20).body
        except FasedError:
            return None
        info = body.get("info") if isinstance(body, dict) else None
        version = info.get("version") if isinstance(info, dict) else None
        return version if releases.parse_version(version) else None

    def _receipt_facts(self, receipt: Receipt) -> dict[str, Any]:
        parts = {
            name: None if ms is None else round(ms, 3) for name, ms in text.split(receipt, self._connect_ms).items()
        }
        return {"receipt": receipt.as_dict(), **parts}

    @contextmanager
    def _timed(self, name: str, title: str) -> Iterator[Callable[..., None]]:
        begun = time.perf_counter()
        seen: dict[str, Any] = {}

        def step(detail: str, *, result: Result = "passed", **facts: Any) -> None:
            seen.update(detail=detail, result=result, facts=facts)

        try:
            yield step
        except FasedError as error:
            if isinstance(error, CallError):
                probes.judge(error, self.max_tokens)
            self._add(failed(name, title, error, (time.perf_counter() - begun) * 1000))
        except OSError as error:
            self._add(failed(name, title, self._network(error), (time.perf_counter() - begun) * 1000))
        else:
            spent = (time.perf_counter() - begun) * 1000
            self._add(RouteStep(name, title, seen["result"], seen["detail"], duration_ms=spent, facts=seen["facts"]))

    def _network(self, error: OSError) -> CallError:
        """What the guarded transport would say: the same words wherever a connection fails."""
        try:
            self.provider.client().get_json(PATH)
        except CallError as explained:
            return explained
        return CallError(str(error), cause="unreachable", origin="network")

    def _add(self, step: RouteStep) -> None:
        self._steps.append(step)
        self.say(step)

    def _well(self) -> bool:
        return self._steps[-1].result != "failed"
