"""Who makes a call and for what: the dimensions by which usage is grouped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .documents import TypedDict
from .refs import SessionKey, normalize_agent_id


class ContextPart(TypedDict):
    """Who called and for what."""

    agent: str
    role: str | None
    task: str | None
    channel: str | None
    session: str | None
    source: str


@dataclass(frozen=True, slots=True)
class CallContext:
    """The names that travel with a call into the receipt, the ledger and the proxy's spend rows.

    Attributes:
        agent: agent id, ``main`` unless told otherwise.
        task: name or job id of a task.
        channel: ``telegram``, ``slack`` and so on.
        session: session key or any id of a conversation.
        source: ``cli``, ``channel``, ``chat``, ``task``, ``subagent``, ``system`` or ``api``.
        role: the model role which was asked for (``coding``, ``strong`` …), None for the primary.
    """

    agent: str = "main"
    task: str | None = None
    channel: str | None = None
    session: str | None = None
    source: str = "api"
    role: str | None = None

    @classmethod
    def from_session_key(cls, key: str, *, role: str | None = None) -> CallContext:
        """Fill agent, channel, task and source from a session key such as ``agent:main:telegram:direct:42``."""
        parsed = SessionKey.parse(key)
        return cls(
            agent=normalize_agent_id(parsed.agent),
            task=parsed.task,
            channel=parsed.channel,
            session=parsed.key,
            source=parsed.source,
            role=role,
        )

    def with_(self, **changes: str | None) -> CallContext:
        """A copy in which the given, non-None values replace those of this context."""
        given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **given)

    def as_dict(self) -> ContextPart:
        """The value of ``context`` in the JSON of a call."""
        return {
            "agent": self.agent,
            "role": self.role,
            "task": self.task,
            "channel": self.channel,
            "session": self.session,
            "source": self.source,
        }
