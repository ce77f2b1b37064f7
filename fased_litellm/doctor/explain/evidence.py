"""One record to what it says of a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import Origin
from ...localproxy.diagnosis import START_CAUSES
from ...net.causes import network_cause_in, network_cause_of
from ...proxy.answers import error_of
from ...proxy.causes import UNKNOWN, rule_of
from ...proxy.failures import Failure, classify, recognise, shorten
from ...redaction import redact
from ..debug import providerwords
from .objects import error_objects
from .records import FRAME, LogRecord, level


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found.

    Attributes:
        cause, origin, remedy: the verdict.
        message: the words, shortened, without secrets.
        status: HTTP status, if it is known.
        type: ``error.type``, if it is known.
        statuses: those with which the cause may come; they stand in the lines of the web server.
        bare: whether a status, or the name of a cause, is all there is.
        source: where it stood. One failure leaves its mark in several: in the log of the router, of the proxy, of its web server.
    """

    cause: str
    origin: Origin
    remedy: str
    message: str
    status: int | None = None
    type: str | None = None
    statuses: tuple[int, ...] = ()
    bare: bool = False
    source: str = "text"


_CLASS = re.compile(r"litellm\.(?:exceptions\.)?(?:\w+Error|Timeout)\b")
_STATUS_BEFORE = re.compile(
    r"(?:\b(?:Error code|HTTP|status(?:[ _]code)?)[ :=]{1,3}|^|\s)(?P<status>[45]\d\d)\s?[-:]?\s*$"
)
_STATUS = re.compile(r"\b(?:HTTP(?:/[\d.]+)?|Error code:|status(?:[ _]code)?[:=]?)\s*(?P<status>[45]\d\d)\b")
_OURS = re.compile(r"\((?P<cause>[a-z]+(?:-[a-z]+)+)\)\s*$")
_ACCESS = re.compile(r'"[A-Z]{3,7} (?P<path>\S+) HTTP/[\d.]+" (?P<status>[45]\d\d)\b')
_CLIENTS = re.compile(r'HTTP Request: \w+ \S+ "HTTP/[\d.]+ (?P<status>[45]\d\d)\b')
_ALONE = re.compile(r"^\s*(?:HTTP(?:/[\d.]+)?\s+)?(?P<status>[3-5]\d\d)\b[\w\s-]{0,40}$")
_API = re.compile(
    r"^(?:/v1)?/(?:chat|completions|embeddings|models?|responses|messages|key|spend|user|team|global|model_group)\b"
)
_TROUBLE = re.compile(
    r"(?i)error|exception|fail|denied|refused|exceeded|cannot|can't|blocked|expired|timed out|\b[45]\d\d\b"
)
_WORTH = re.compile(
    r"(?i)error|exception|http|refused|denied|exceed|block|key|fail|time|budget|not |reset|hang up|\{|invalid|expired|deploy"
    r"|notfound|resolve|cert|ssl|tls|disconnect|close|cannot|in use|master|redirect|\b[45]\d\d\b|route|unreach|stream"
)
_EXCEPTION = re.compile(r"^(?:\| *|\+ *)?[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Interrupt)?(?:: |$)")
_PLACE = re.compile(
    r"^.{0,60}?LiteLLM(?: \w+)?:[A-Z]+: (?:\S{1,80}:\d+ - )?(?:\S{1,120}\(\):? (?:- )?)?"
    r"(?:Exception occured - |Error occurred while trying to do fallbacks - |Error in \w+: |Exception: )?"
    r"(?:litellm_call_id=\S{1,80} - )?"
)
"""What stands before the words of an entry: time, level, file, function."""
_BELOW = re.compile(r"Traceback \(most recent call last\)|\nDebug Information:")
"""Where the words of an entry end. The debug information tells of other deployments, too."""
_NAME = re.compile(r"^(?!litellm\.)[\w.]{0,120}(?:Error|Exception): (?=\S)")
_TWICE = re.compile(r"^litellm\.exceptions\.\w+: (?=litellm\.)")
_STARTING = frozenset({"run_server", "proxy_startup_event"})
"""Facts: the functions in which LiteLLM looks at its config as it starts, before and after its web server; no call comes through them."""
_FROM_CODE = {
    "invalid_api_key": 401,
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "model_not_found": 404,
    "unknown_url": 404,
    "context_length_exceeded": 400,
    "content_policy_violation": 400,
    "unsupported_parameter": 400,
}
"""OpenAI's codes → the status that goes with them."""


def evidence_in(record: LogRecord, *, alone: bool = False) -> Iterable[Evidence]:
    """What a record says.

    Args:
        record: the record.
        alone: whether it is the whole text: an error that somebody copied, and no line of a log.
    """
    if record.kind == "traceback":
        return _one(_failed_start(record) if _STARTING & record.functions.keys() else _traceback(record.lines))
    if record.kind == "http":
        return _one(_http(record.lines))
    text = record.text
    if record.kind == "litellm":
        return _one(_litellm(record, text))
    if not alone and not _WORTH.search(text):
        return ()
    return _one(_line(text, alone=alone))


def by_cause(cause: str, message: str, status: int | None = None, type_: str | None = None) -> Evidence | None:
    """The row of one of the tables, None if none has this cause."""
    rule, way = rule_of(cause), network_cause_of(cause)
    if rule is not None and rule is not UNKNOWN:
        return Evidence(cause, rule.origin, rule.remedy, shorten(redact(message)), status, type_)
    if way is not None:
        return Evidence(cause, way.origin, way.remedy, shorten(redact(message)), status, type_)
    for start in START_CAUSES:
        if start.name == cause:
            return Evidence(cause, "gateway", start.remedy, shorten(redact(message)))
    return None


def _one(found: Evidence | None) -> tuple[Evidence, ...]:
    return () if found is None else (found,)


# ---- kinds of records


def _litellm(record: LogRecord, text: str) -> Evidence | None:
    """An entry of LiteLLM's log: its own words sum up what the traceback below it tells at length."""
    summary = _PLACE.sub("", _BELOW.split(text, maxsplit=1)[0], count=1)
    quiet = level(record) in ("INFO", "DEBUG")
    found = _start(summary) or _words(summary, sure=not quiet)
    if found is None and not quiet:
        found = _traceback([line for line in record.lines[1:] if _CLASS.search(line) and _EXCEPTION.match(line)])
    source = "router" if "LiteLLM Router" in record.lines[0][:60] else "proxy"
    return replace(_certificate(found, record.lines[1:]), source=source) if found else None


def _traceback(lines: list[str]) -> Evidence | None:
    """A traceback: of chained exceptions the last counts, since it is what the program got to see."""
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    for at in range(len(exceptions) - 1, -1, -1):
        # Its message may go on in the lines below, to the next exception.
        found = _words(exceptions[at], sure=True) or _start(exceptions[at])
        if found is None:
            continue
        if network_cause_of(found.cause) is not None:
            # The first of the chain knows best why there was no connection.
            way = network_cause_in("\n".join(exceptions))
            said = next((line for line in exceptions if way and re.search(way.words, line)), exceptions[at])
            found = by_cause(way.cause, said) if way else found
        if found is None:
            return None
        found = _certificate(found, exceptions)
        return replace(found, message=_NAME.sub("", found.message), source="traceback")
    return None


def _failed_start(record: LogRecord) -> Evidence | None:
    """The traceback of a start that failed: words count which would mean something else in a call."""
    exceptions = [line for line in record.lines if _EXCEPTION.match(line)]
    text = "\n".join([*exceptions, *(f"in {function}" for function in record.functions)])
    for start in START_CAUSES:
        if re.search(start.words, text):
            return by_cause(start.name, exceptions[-1] if exceptions else record.lines[0])
    return None


def _certificate(found: Evidence, lines: list[str]) -> Evidence:
    """What is found, or the provider's certificate where the exceptions below say that it was the reason.

    Fact: the openai SDK says "Connection error." of it, as of a port where nobody listens; the chain in the log begins with the reason.
    """
    if found.cause != "provider-unreachable":
        return found
    for line in lines:
        if _EXCEPTION.match(line):
            root = recognise(f"litellm.InternalServerError: OpenAIException - {line}", None, 500)
            if root is not None and root.rule.cause == "provider-certificate":
                message = shorten(redact(_NAME.sub("", line)))
                return replace(
                    found, cause=root.rule.cause, origin=root.rule.origin, remedy=root.rule.remedy, message=message
                )
    return found


def _http(lines: list[str]) -> Evidence | None:
    """An answer as curl prints it: the status, headers, a blank line, the body."""
    plain = [line.removeprefix("< ").removeprefix("<").rstrip() for line in lines]
    status = int(plain[0].split()[1])
    if status < 300:
        return None
    blank = next((number for number, line in enumerate(plain) if not line), len(plain))
    headers = {}
    for line in plain[1:blank]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    body = "\n".join(plain[blank + 1 :]).strip()
    answer: Any = next((found for _, found in error_objects(body)), body.encode())
    verdict = classify(status, headers, answer)
    if providerwords.code_of(answer) is not None:
        verdict = providerwords.verdict(status, headers, answer)
    message = verdict.message if body else plain[0]
    return _of(replace(verdict, message=message), bare=verdict.rule.by_status_alone)


def _line(text: str, *, alone: bool) -> Evidence | None:
    access = _ACCESS.search(text)
    if access is not None:
        return _bare(int(access["status"]), text, "access") if _API.match(access["path"]) else None
    clients = _CLIENTS.search(text)
    if clients is not None:
        return _bare(int(clients["status"]), text, "client")
    frame = FRAME.match(text)
    if frame is not None:
        # Of a traceback whose beginning was cut off, as in the last lines of a log: the exception below it says it better.
        known = _start(f"in {frame['function']}")
        return replace(known, bare=True) if known else None
    return _words(text, sure=alone or _TROUBLE.search(text) is not None) or _start(text) or _ours(text) or _number(text)


# ---- words


def _words(text: str, *, sure: bool) -> Evidence | None:
    """Find LiteLLM's words, an object with an error, or those of a program that found no way, in this order of trust."""
    wrapped = _CLASS.search(text)
    for start, value in error_objects(text):
        if wrapped is not None and wrapped.start() < start:
            break  # the object is quoted by LiteLLM's message: the provider's answer
        if isinstance(value.get("choices"), list):
            return None  # a reply, whose words may be any
        found = _object(value, _status_before(text[:start]))
        if found is not None:
            return found
    if wrapped is not None:
        status = _status_before(text[: wrapped.start()])
        found_failure = recognise(_TWICE.sub("", text[wrapped.start() :]), None, status)
        return _of(found_failure) if found_failure else None
    if not sure:
        return None
    named = _STATUS.search(text)
    failure = recognise(text, None, int(named["status"]) if named else None)
    if failure is not None and not failure.rule.by_status_alone:
        return _of(failure)
    way = network_cause_in(text)
    if way is not None:
        return by_cause(way.cause, text)
    return _of(failure, bare=True) if failure is not None else None


def _object(value: Mapping[str, Any], status: int | None) -> Evidence | None:
    error = value.get("error")
    ours = error if isinstance(error, Mapping) else value
    message, type_ = error_of(dict(value))
    if isinstance(ours.get("cause"), str):
        # What this program prints with --json has the verdict in it.
        told = ours.get("status") or (value.get("response") or {}).get("status")
        known = by_cause(
            ours["cause"], str(ours.get("message") or ours["cause"]), told if isinstance(told, int) else None
        )
        if known is not None:
            return known
    if error is None and "detail" not in value:
        text = value.get("message")  # a line of a log in JSON
        return _words(text, sure=True) if isinstance(text, str) else None
    code = ours.get("code")
    if isinstance(code, (int, str)) and not isinstance(code, bool) and re.fullmatch("[0-9]{3}", str(code)):
        status = int(code) if 400 <= int(code) < 600 else status
    word = providerwords.code_of(dict(value))
    if word is not None and not message.startswith("litellm."):
        assumed = status or _FROM_CODE.get(word)
        return _of(providerwords.verdict(assumed, {}, dict(value))) if assumed else None
    found = recognise(message, type_, status, dict(value))
    return _of(found, bare=False) if found is not None else None


def _status_before(text: str) -> int | None:
    found = _STATUS_BEFORE.search(text[-40:])
    return int(found["status"]) if found else None


def _start(text: str) -> Evidence | None:
    for start in START_CAUSES:
        if start.sure and re.search(start.words, text):
            return by_cause(start.name, text)
    return None


def _ours(text: str) -> Evidence | None:
    """``Failed on your side: the key (key-unknown)``, or the name of a cause alone."""
    found = _OURS.search(text)
    word = found["cause"] if found else text.strip()
    known = by_cause(word, text.strip()) if len(word) < 40 else None
    return replace(known, bare=True) if known else None


def _number(text: str) -> Evidence | None:
    found = _ALONE.match(text)
    return _bare(int(found["status"]), text, "text") if found else None


def _bare(status: int, text: str, source: str) -> Evidence | None:
    verdict = classify(status, {}, b"")
    if verdict.rule is UNKNOWN:
        return None
    return _of(replace(verdict, message=text.strip()), bare=True, source=source)


def _of(found: Failure, *, bare: bool = False, source: str = "text") -> Evidence | None:
    if found.rule is UNKNOWN:
        return None
    rule = found.rule
    message = shorten(redact(found.message))
    return Evidence(
        rule.cause, rule.origin, rule.remedy, message, found.status, found.type, rule.statuses, bare, source
    )
