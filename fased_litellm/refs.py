"""Identifiers and their grammar: model references, agent ids, session keys.

Facts about Fased: ``src/agents/model-selection.ts`` (references), ``docs/concepts/session.md`` and
``src/routing/session-key.ts`` (session keys).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ModelRef:
    """``provider/model``, with an optional ``@profile``.

    The provider is everything before the FIRST slash, so ``litellm/openai/gpt-5`` names the model ``openai/gpt-5``
    of the provider ``litellm``. Model ids keep their case.
    """

    provider: str
    model: str
    profile: str | None = None

    @classmethod
    def parse(cls, text: str, *, default_provider: str | None = None) -> ModelRef:
        """Parse a reference.

        Args:
            text: the reference as typed or as it stands in the config.
            default_provider: the provider of a text without a slash; None makes such a text an error.

        Raises:
            InvalidRef: a side is empty, or there is no slash and no default provider.
        """
        body = text.strip()
        body, profile = _split_profile(body)
        provider, slash, model = body.partition("/")
        if not slash and default_provider is not None:
            provider, model = default_provider, body
        provider, model = normalize_provider(provider), model.strip()
        if not provider or not model:
            raise InvalidRef(
                f"{text!r} is not a model reference.",
                hint=f"Write provider/model, for example {PROVIDER}/{DEFAULT_MODEL_ID}.",
            )
        return cls(provider, model, profile)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" + (f"@{self.profile}" if self.profile else "")

    @property
    def key(self) -> str:
        """The reference without its profile: the key in ``agents.defaults.models``."""
        return f"{self.provider}/{self.model}"


DEFAULT_REF = ModelRef(PROVIDER, DEFAULT_MODEL_ID)


def _split_profile(text: str) -> tuple[str, str | None]:
    head, at, tail = text.rpartition("@")
    # A profile stands behind the last "@" and holds no slash; "@" may also begin or be part of a model id.
    if at and head.strip() and tail and "/" not in tail and "/" in head and not head.endswith("/"):
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
