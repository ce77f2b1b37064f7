"""One redaction for everything that is taken in from outside, printed, logged, stored or raised.

Two nets: the secrets which this process has touched (``remember``), wherever they turn up and in whatever encoding
(``secretforms``), and the forms in which keys are written by people, headers, URLs and the proxy's own error texts.

It stands below all else in the house, so that every error and every line of a log goes through it: see ``errors.FasedError``
and ``logger``. What a proxy answers goes through it where it comes in (``net.transport``, ``proxy.client``), and names again where
they are kept (``usage.record``): a key that is in use when a text arrives is not in what was made of that text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

    from .secretforms import Forms

_known: set[str] = set()
_made: list[tuple[set[str], int, Forms | None]] = [(_known, 0, None)]
"""The forms of the secrets that are known, with what they were made of."""
MASK = "***"
_SHORTEST = 6
"""Characters; a shorter text is too common to be looked for."""
_DEEPEST = 100
"""Levels of a document; nothing that anyone means to say is below."""

_PLACEHOLDERS = {"anything", "default", "fased", "litellm", "not-needed", "openai", "proxy"}
"""Given as a key to proxies that want none; hiding these words would garble every text and protect nobody."""

_HEX_HASH = r"[0-9a-fA-F]{32,}"
_QUOTED = r"[\"']?"

_Rules = tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]

# Each with the words of which a text must have one: to look for them is quick, where a pattern takes a second for the 5 MB
# of a list of models.
_PATTERNS: _Rules = (
    # A key as LiteLLM and the big providers write it; also the part which LiteLLM quotes, `sk-...28wA`.
    (("sk-",), re.compile(r"\bsk-(?:\.\.\.)?[A-Za-z0-9_\-]{4,}")),
    # What the proxy says about a key it refuses: `Received API Key = …`, `Received=wron****o-sk`.
    (("received api key",), re.compile(r"(?i)(?<=received api key = )[^\s,]+")),
    (("received=",), re.compile(r"(?i)(?<=received=)[^\s,]+")),
    # The hash by which it knows a key; a deployment's id looks the same and is no secret, so the words before count.
    (("key hash",), re.compile(rf"(?i)(?<=key hash \(token\) =)\s*{_HEX_HASH}")),
    (
        ("api_key: ", "api_key=", "token=", "token: "),
        re.compile(rf"(?i)(?:(?<=api_key: )|(?<=api_key=)|(?<=token=)|(?<=token: )){_HEX_HASH}"),
    ),
    # Headers, as a line, a dict or a curl command.
    (("bearer ",), re.compile(r"(?i)(?<=bearer )(?!tokens?\b)[^\s\"',}]+")),
    (("basic ",), re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/=]{8,}")),
)
_GROUPED: _Rules = (
    (
        ("authorization", "api-key"),
        re.compile(
            rf"(?i)(?P<keep>{_QUOTED}\b(?:authorization|x-api-key|api-key|x-litellm-api-key){_QUOTED}\s*[:=]\s*{_QUOTED}"
            r"(?:bearer\s+|basic\s+)?)(?P<secret>[^\s\"',}]+)"
        ),
    ),
    # Keys in URLs: the user part, and parameters.
    (("@",), re.compile(r"(?P<keep>://)(?P<secret>[^/\s@?#\"']+)(?=@)")),
    (
        ("key=", "token=", "secret=", "password="),
        re.compile(
            r"(?i)(?P<keep>[?&](?:api[_-]?key|key|token|access[_-]?token|secret|password)=)(?P<secret>[^&\s\"'#]+)"
        ),
    ),
)


def remember(secret: str | None) -> None:
    """Have ``secret`` replaced wherever it turns up from now on, in all the spellings that ``secretforms`` knows.

    Texts under 6 characters and usual placeholders are too common for that.
    """
    if secret and len(secret) >= _SHORTEST and secret.lower() not in _PLACEHOLDERS:
        _known.add(secret)


def any_known() -> bool:
    """Whether there is a secret to look for."""
    return bool(_known)


def known() -> tuple[Secret, ...]:
    """The secrets that are known, for another process of this program."""
    return tuple(map(Secret, sorted(_known)))


def _forms() -> Forms | None:
    """What finds the secrets that are known; none while none is."""
    known, size, forms = _made[0]
    if known is not _known or size != len(_known):
        from .secretforms import Forms  # here, since a command that touches no secret does without

        forms = Forms(_known) if _known else None
        _made[0] = (_known, len(_known), forms)
    return forms


def redact(text: str) -> str:
    """``text`` without the secrets that are known and without what looks like one."""
    text = hide_known(text)
    folded = text.casefold()
    for words, pattern in _PATTERNS:
        if any(word in folded for word in words):
            text = pattern.sub(MASK, text)
    for words, pattern in _GROUPED:
        if any(word in folded for word in words):
            text = pattern.sub(_keep, text)
    return text


def hide_known(text: str) -> str:
    """``text`` without the secrets that are known, and otherwise as it is: for what a model or a user wrote, and for names."""
    forms = _forms()
    return text if forms is None or len(text) < forms.shortest else forms.hide(text, MASK)


def may_hold_known(text: str) -> bool:
    """Whether a known secret may be in ``text``: False is certain. For many texts at once, with something between them."""
    forms = _forms()
    return forms is not None and forms.may_be_in(text)


def hide_known_in(value: Any) -> Any:
    """A JSON value without the secrets that are known, in its texts and in the names of its fields.

    A value without any comes back as it is; what is nested absurdly deep is hidden as a whole.
    """
    forms = _forms()
    return _hidden(value, forms, 0) if forms and forms.may_be_in("\n".join(_texts(value))) else value


def _texts(value: Any) -> list[str]:
    found: list[str] = []
    left = [value]
    while left:
        item = left.pop()
        if type(item) is str:
            found.append(item)
        elif type(item) is dict:
            left += item
            left += item.values()
        elif isinstance(item, str):
            found.append(item)
        elif isinstance(item, Mapping):
            left += item
            left += item.values()
        elif isinstance(item, (list, tuple)):
            left += item
    return found


def _hidden(value: Any, forms: Forms, depth: int) -> Any:
    if isinstance(value, str):
        return forms.hide(value, MASK)
    if depth > _DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            forms.hide(name, MASK) if isinstance(name, str) else name: _hidden(item, forms, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_hidden(item, forms, depth + 1) for item in value]
    return value


class RedactedStream:
    """Text that comes in pieces, with known secrets hidden although they may be cut anywhere.

    What ``feed`` and ``flush`` give is, put together, just what ``hide_known`` makes of the whole text. Kept back is only that end
    of the text which may be the beginning of a secret, in any of its spellings: nothing after most pieces, and a letter or two
    after some. A secret that becomes known in between is hidden from then on.
    """

    def __init__(self) -> None:
        self._kept = ""

    def feed(self, piece: str) -> str:
        """Take a piece; gives what may be shown now."""
        forms = _forms()
        text = self._kept + piece
        if not forms:
            self._kept = ""
            return text
        settled = forms.settled(text)
        self._kept = text[settled:]
        return forms.hide(text[:settled], MASK)

    def flush(self) -> str:
        """Tell that nothing follows, or nothing for now; gives what was kept back."""
        text, self._kept = self._kept, ""
        return hide_known(text)


def _keep(match: re.Match[str]) -> str:
    # `authorization: Bearer` alone names a scheme, and no secret follows.
    return match[0] if match["secret"].lower() in ("bearer", "basic") else match["keep"] + MASK


class Secret(str):
    """A text which ``repr()`` does not show: not in a traceback with locals, a debugger, or a container that is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"


_SENSITIVE_ENTRY = re.compile(
    r"""(?i)(?P<keep>[\w.-]*(?:token|password|passwd|secret|credential|api.?key|authorization|cookie)["']?\s*[:=]\s*)"""
    r"""(?P<secret>(?!\s*["']?\$\{\w+\}["']?\s*,?\s*$).+)"""
)
_LONG_WORD = re.compile(r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}")


def redact_source(line: str) -> str:
    """A line of a config or a ``.env`` file that does not parse, so that it is not known where its secrets are.

    What stands behind the name of a secret is left out up to the end of the line, and so are long words of letters and digits.
    """
    line = _SENSITIVE_ENTRY.sub(lambda match: match["keep"] + MASK, redact(line))
    return _LONG_WORD.sub(MASK, line)


def logger(name: str) -> logging.Logger:
    """A logger of this package, whose records hold no secret whatever handlers there are.

    Args:
        name: behind ``fased_litellm.``.
    """
    import logging  # here, since a command that logs nothing does without

    return guarded(logging.getLogger(f"fased_litellm.{name}"))


def guarded(found: logging.Logger) -> logging.Logger:
    """A logger, also of a library below us, with secrets hidden in its records."""
    if _hide_in not in found.filters:
        found.addFilter(_hide_in)
    return found


def _hide_in(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    if record.exc_info:
        import logging

        record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        record.exc_info = None
    return True


def mask(secret: str) -> str:
    """A form of ``secret`` by which its owner knows it: ``sk-…3f9a``; short ones are hidden whole."""
    if len(secret) < 12:
        return MASK
    return f"{secret[:3]}…{secret[-4:]}"
