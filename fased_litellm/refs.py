"""Identifiers and their grammar: model references, agent ids, session keys.

A model reference is ``provider/model``, and may end with ``@profile``: the auth profile whose key is used. A proxy's model
may have any name, one with ``@`` too (``claude@20250101``), so the text alone does not tell which is meant. The rule:

1. What stands before the first ``/`` is the provider. Model ids keep their case, their slashes and their blanks inside;
   blanks around the whole are dropped.
2. An ``@`` can part a profile from a model only behind the last ``/``, with something on either side.
3. The whole is the id of a model if a model of that id is known: the config defines it, or the proxy lists it.
4. Else the model ends before the first ``@`` behind which the id of a profile stands: one that exists for this provider.
5. Else the model ends before the last ``@`` before which the id of a known model stands. ``litellm/default`` is always
   known. There is no such profile, and a call says so.
6. Else the whole is the id of a model. The proxy says whether it has it.

Facts about Fased: ``src/agents/model-selection.ts`` (references), ``docs/concepts/session.md`` and
``src/routing/session-key.ts`` (session keys). The Node agent takes whatever stands behind the ``@`` for a profile, known or
not, except in the keys of ``agents.defaults.models``, which are read here in the same way: they have no profile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from .errors import InvalidRef, UsageError

PROVIDER = "litellm"
DEFAULT_MODEL_ID = "default"

_PROVIDER_ALIASES = {
    "z.ai": "zai",
    "z-ai": "zai",
    "opencode-zen": "opencode",
    "kimi-code": "kimi-coding",
    "moonshotai": "moonshot",
    "moonshot-ai": "moonshot",
    "bytedance": "volcengine",
    "doubao": "volcengine",
}
_AGENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def normalize_provider(name: str) -> str:
    """Lower-case a provider id and replace the aliases which Fased knows."""
    lowered = name.strip().lower()
    return _PROVIDER_ALIASES.get(lowered, lowered)


class Known(Protocol):
    """What tells a model whose name has an ``@`` from a model with a profile. It is asked only of texts with an ``@``."""

    def model(self, provider: str, model_id: str) -> bool:
        """Whether a model of this id is known."""
        ...

    def profile(self, provider: str, profile_id: str) -> bool:
        """Whether the provider has an auth profile of this id."""
        ...


class Nothing:
    """Nothing is known, but that ``litellm/default`` exists."""

    def model(self, provider: str, model_id: str) -> bool:
        return (provider, model_id) == (PROVIDER, DEFAULT_MODEL_ID)

    def profile(self, provider: str, profile_id: str) -> bool:
        del provider, profile_id
        return False


NOTHING: Known = Nothing()


@dataclass(frozen=True, slots=True)
class ModelRef:
    """``provider/model``, with an optional ``@profile``; how a text is read stands at the head of this module."""

    provider: str
    model: str
    profile: str | None = None

    @classmethod
    def parse(cls, text: str, *, default_provider: str | None = None, known: Known | None = NOTHING) -> ModelRef:
        """Parse a reference.

        Args:
            text: the reference as typed or as it stands in the config.
            default_provider: the provider of a text without a slash; None makes such a text an error.
            known: what is known of models and profiles; None for a text that has no profile, such as an entry of an
                allow-list.

        Raises:
            InvalidRef: a side is empty, or there is no slash and no default provider.
        """
        body = text.strip()
        provider, slash, model = body.partition("/")
        if not slash and default_provider is not None:
            provider, model = default_provider, body
        provider, model = normalize_provider(provider), model.strip()
        if not provider or not model:
            raise InvalidRef(
                f"{text!r} is not a model reference.",
                hint=f"Write provider/model, for example {PROVIDER}/{DEFAULT_MODEL_ID}.",
            )
        if known is None or "@" not in model:
            return cls(provider, model)
        return cls(provider, *split_profile(provider, model, known))

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" + (f"@{self.profile}" if self.profile else "")

    @property
    def key(self) -> str:
        """The reference without its profile: the key in ``agents.defaults.models``."""
        return f"{self.provider}/{self.model}"


DEFAULT_REF = ModelRef(PROVIDER, DEFAULT_MODEL_ID)


def split_profile(provider: str, text: str, known: Known) -> tuple[str, str | None]:
    """The model id and the profile of what stands behind the provider's slash: rules 2 to 6 of this module."""
    if known.model(provider, text):
        return text, None
    parts = [
        (head, tail)
        for place in range(text.rfind("/") + 1, len(text))
        if text[place] == "@" and (head := text[:place].rstrip()) and (tail := text[place + 1 :].lstrip())
        if not head.endswith("/")
    ]
    for head, tail in parts:
        if known.profile(provider, tail):
            return head, tail
    for head, tail in reversed(parts):
        if known.model(provider, head):
            return head, tail
    return text, None


def normalize_agent_id(name: str | None) -> str:
    """Fased's form of an agent id: lower case, other characters become ``-``, empty is ``main``.

    Raises:
        UsageError: nothing valid is left.
    """
    lowered = (name or "").strip().lower()
    if not lowered:
        return "main"
    cleaned = re.sub(r"[^a-z0-9_-]+", "-", lowered).strip("-")[:64]
    if not _AGENT_ID.fullmatch(cleaned):
        raise UsageError(f"{name!r} is not an agent id.", hint="Use letters, digits, '-' and '_'.")
    return cleaned


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A session key taken apart: ``agent:main:telegram:direct:42`` and its relatives.

    Attributes:
        key: the whole key, lower-cased as Fased stores it.
        agent: agent id, None where the key names none.
        channel: ``telegram`` and so on, None for keys without a channel.
        task: job id of a task (``…:cron:<jobId>``, ``task:<jobId>:<ts>``).
        source: ``subagent``, ``task``, ``cli``, ``system``, ``channel`` or ``chat``, as Fased infers it.
    """

    key: str
    agent: str | None = None
    channel: str | None = None
    task: str | None = None
    source: str = "chat"

    @classmethod
    def parse(cls, text: str) -> SessionKey:
        """Take a key apart; a text of no known form becomes a key without agent, channel and task."""
        key = text.strip().lower()
        parts = key.split(":")
        agent: str | None = None
        rest = parts
        if parts[0] == "agent" and len(parts) >= 3 and parts[1]:
            agent, rest = parts[1], parts[2:]
        task = _task_of(rest)
        return cls(key, agent, None if task else _channel_of(rest), task, _source_of(key, rest, task))


def _task_of(rest: list[str]) -> str | None:
    if rest[0] in ("cron", "task") and len(rest) >= 2 and rest[1]:
        return rest[1]
    return None


_NO_CHANNEL = {"direct", "dm", "main", "subagent", "worker", "hook", "acp", "cli", "system", "cron", "task", "agent"}
_PEER_KINDS = {"direct", "dm", "group", "channel"}


def _channel_of(rest: list[str]) -> str | None:
    """A channel leads a key whose second or third part says what kind of peer follows."""
    head = rest[0]
    if not head or head in _NO_CHANNEL or not _PEER_KINDS.intersection(rest[1:3]):
        return None
    return head


def _source_of(key: str, rest: list[str], task: str | None) -> str:
    # The order is that of Fased's src/gateway/server-methods/usage.ts.
    padded = f":{key}"
    if ":subagent:" in padded or ":worker:" in padded:
        return "subagent"
    if task or ":cron:" in padded:
        return "task"
    if rest[0] == "cli":
        return "cli"
    if rest[0] in ("system", "hook"):
        return "system"
    channel = _channel_of(rest)
    return "channel" if channel and channel not in ("webchat", "chat") else "chat"
