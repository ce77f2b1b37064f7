"""What a case of the failure atlas is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...errors import Origin
from ...localproxy.diagnosis import START_CAUSES
from ...net.causes import network_cause_of
from ...proxy import probes
from ...proxy.causes import rule_of
from ...proxy.failures import Failure, classify

Needs = Literal["proxy", "database", "no-database", "start", "scripted"]
"""What it takes to produce a case: any proxy, one with a database, one without, a start that fails; or no proxy at all, since
what stands in the proxy's place answers as told."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to fail.

    Attributes:
        name: short name, unique.
        produced: how it comes about.
        status: HTTP status of the answer; None where there is none, or it is 200 and the stream fails.
        type: ``error.type`` of the answer, None where it is not set.
        message: a part of the answer, as LiteLLM 1.108 words it, with openai 3 where the SDK matters.
        further: a later part of it which counts, behind what differs each time.
        cause: the verdict, a key of one of the tables.
        needs: what it takes to produce it.
        since: the first release which answers like this; older ones do not fail, or hide it.
        until: the first release which does not fail like this any more.
        earlier: how earlier releases answer, in words.
        openai2: ``message`` as it is with openai 2 (up to 1.106, and later where a machine has that), if it differs.
        detail: the answer is FastAPI's ``{"detail": …}`` in place of LiteLLM's ``{"error": …}``.
        keyless: the request has no key.
        headers: headers of the answer which count.
        sent: fields of the request's body, where they count.
        fields: what stands in ``error`` beside message and type, where it counts.
        probe: the output limit, in tokens, of the small request of ours to which this is the answer; None for a call.
    """

    name: str
    produced: str
    status: int | None
    type: str | None
    message: str
    cause: str
    needs: Needs = "proxy"
    since: str = ""
    earlier: str = ""
    openai2: str = ""
    detail: bool = False
    keyless: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    sent: tuple[str, ...] = ()
    until: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    further: str = ""
    probe: int | None = None

    @property
    def origin(self) -> Origin:
        """Whose side it breaks on."""
        return _verdict(self.cause)[0]

    @property
    def remedy(self) -> str:
        """What to do: of the row of the table of failures that fits the recorded answer."""
        return self.remedy_for(self.message)

    @property
    def wordings(self) -> tuple[str, ...]:
        """``message``, and what stands in its place with openai 2."""
        return (self.message, self.openai2) if self.openai2 else (self.message,)

    def remedy_for(self, message: str) -> str:
        """What to do about one of ``wordings``. Rows of the table with one cause may say it in other words."""
        if self.status is None or self.needs == "scripted":
            return _verdict(self.cause)[1]
        return self.verdict(self.body(message)).rule.remedy

    def verdict(self, body: Any) -> Failure:
        """What the table of failures says of an answer with this case's status."""
        assert self.status is not None
        sent = self.sent or None
        found = classify(self.status, dict(self.headers), body, key_sent=not self.keyless, sent=sent)
        if self.probe is None:
            return found
        error = probes.judge(found.as_error(), self.probe)
        return replace(found, rule=replace(found.rule, cause=error.cause, origin=error.origin, remedy=error.hint or ""))

    def body(self, message: str | None = None) -> Any:
        """The answer, as far as it is recorded here, or with another one of ``wordings``."""
        said = (message or self.message) + (f" … {self.further}" if self.further else "")
        if self.detail:
            return {"detail": said}
        return {"error": {"message": said, "type": self.type, "param": None, "code": str(self.status), **self.fields}}


def _verdict(cause: str) -> tuple[Origin, str]:
    rule, way = rule_of(cause), network_cause_of(cause)
    if rule is not None:
        return rule.origin, rule.remedy
    if way is not None:
        return way.origin, way.remedy
    start = next(found for found in START_CAUSES if found.name == cause)
    return "gateway", start.remedy
