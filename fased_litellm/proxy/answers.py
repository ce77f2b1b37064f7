"""Reading the bodies of answers: JSON where it should be, and the forms that errors have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .. import jsontext
from ..errors import BadAnswer
from ..net import logins
from ..net.messages import Response
from .values import name


def json_of(answer: Response, *, where: str) -> Any:
    """The JSON value of a successful answer.

    Args:
        answer: the answer.
        where: the URL, for the message.

    Raises:
        BadAnswer: it is not JSON, by its content type or in fact; an HTML page is named as such.
    """
    value = parsed(answer.body) if is_json(answer.headers) else UNREADABLE
    if value is not UNREADABLE:
        return value
    kind = answer.headers.get("content-type", "no content type").partition(";")[0]
    if looks_like_login(answer.body):
        raise logins.wanted(f"{where} answered with a web page to log in.", status=answer.status)
    page = "an HTML page" if looks_like_html(answer.body) else f"no JSON ({kind})"
    raise BadAnswer(
        f"{where} answered with {page}: this is not a LiteLLM proxy.",
        cause="not-litellm",
        origin="caller",
        hint="Correct the base URL: it is the root of the proxy's API, like http://localhost:4000.",
        status=answer.status,
    )


UNREADABLE = object()
"""What ``parsed`` gives for a body that is not JSON."""


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that it is JSON. Fact: LiteLLM always says so."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def parsed(body: bytes | str) -> Any:
    """The JSON value of a text, ``UNREADABLE`` if it has none. Brackets in brackets by the ten thousand are refused, too."""
    try:
        value = jsontext.loads(body, lenient=True)
    except jsontext.NotJson:
        return UNREADABLE
    # A number that nobody can hold is None within a document; alone it is nothing.
    return UNREADABLE if value is None and body.strip() not in (b"null", "null") else value


def looks_like_html(body: bytes) -> bool:
    """Whether a body is a web page."""
    head = body[:512].lstrip().lower()
    return head.startswith((b"<!doctype html", b"<html")) or b"<html" in head


_LOGIN = re.compile(
    rb"type=[\"']?password|<title[^>]*>[^<]{0,80}(?:log[ -]?in|sign[ -]?in|authenticat|single sign)"
    rb"|<form[^>]{0,300}(?:login|signin|sign_in|sign-in|oauth2)",
    re.IGNORECASE,
)


def looks_like_login(body: bytes) -> bool:
    """Whether a body is a web page on which somebody is to log in."""
    return looks_like_html(body) and _LOGIN.search(body[: 256 * 1024]) is not None


_NGINX = ("No required SSL certificate was sent", "The SSL certificate error")
"""Fact: nginx lets TLS begin without the client certificate that it wants, and says so in a web page, with status 400."""


def error_of(body: bytes | Any) -> tuple[str, str | None]:
    """Message and type of a failed answer.

    Facts: LiteLLM answers ``{"error": {"message", "type", "code"}}``; its FastAPI layer ``{"detail": text | object | list}``;
    a crash is the plain text ``Internal Server Error``. ``type`` may be null or the text ``None``.
    """
    value: Any = body
    if isinstance(body, bytes):
        value = parsed(body)
        if value is UNREADABLE:
            text = body.decode("utf-8", "replace").strip()
            page = next((words for words in _NGINX if words in text), "an HTML page")
            return (page if looks_like_html(body) else text) or "no text", None
    if isinstance(value, dict):
        value = value.get("error", value.get("detail", value))
    if isinstance(value, dict):
        nested = value.get("message", value.get("error", value))
        message = nested if isinstance(nested, str) else json.dumps(nested, ensure_ascii=False)
        type_ = value.get("type")
        return message or "no text", name(type_) if type_ != "None" else None
    if isinstance(value, list):
        return "; ".join(_validation_line(item) for item in value) or "no text", None
    return (value if isinstance(value, str) else json.dumps(value)) or "no text", None


def param_of(value: Any) -> str | None:
    """``error.param`` of a failed answer's JSON value: what OpenAI, or LiteLLM, finds fault with. Fact: LiteLLM also says ``None``."""
    error = value.get("error") if isinstance(value, Mapping) else None
    param = error.get("param") if isinstance(error, Mapping) else None
    return param if isinstance(param, str) and param not in ("", "None") else None


def _validation_line(item: Any) -> str:
    """One entry of FastAPI's 422 list."""
    if not isinstance(item, dict):
        return str(item)
    loc = item.get("loc")
    place = ".".join(str(part) for part in loc) if isinstance(loc, list) else ""
    return f"{place}: {item.get('msg', '')}" if place else str(item.get("msg", item))
