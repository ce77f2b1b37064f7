"""Keys of older releases of the agent. They are reported, read by nobody here, and a config with them is not edited.

Fact: ``src/config/legacy.rules.ts`` and ``legacy-migrate.ts``; ``fased doctor --fix`` moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Issue
from .keypath import KeyPath, dotted

_CHANNELS = ("whatsapp", "telegram", "discord", "slack", "signal", "imessage", "msteams")
_MOVED: dict[KeyPath, str] = {
    **{(channel,): f"channels.{channel}" for channel in _CHANNELS},
    ("agent",): "agents.defaults (and tools.*)",
    ("agent", "allowedModels"): "the keys of agents.defaults.models",
    ("agent", "modelAliases"): "agents.defaults.models.*.alias",
    ("agent", "modelFallbacks"): "agents.defaults.model.fallbacks",
    ("agent", "imageModelFallbacks"): "agents.defaults.imageModel.fallbacks",
    ("identity",): "agents.list[].identity",
    ("memorySearch",): "agents.defaults.memorySearch",
    ("routing", "agents"): "agents.list",
    ("routing", "defaultAgentId"): "agents.list[].default",
    ("routing", "bindings"): "bindings",
    ("routing", "allowFrom"): "channels.whatsapp.allowFrom",
    ("routing", "agentToAgent"): "tools.agentToAgent",
    ("routing", "queue"): "messages.queue",
    ("routing", "transcribeAudio"): "tools.media.audio.models",
    ("routing", "groupChat", "mentionPatterns"): "messages.groupChat.mentionPatterns",
    ("routing", "groupChat", "requireMention"): 'channels.*.groups."*".requireMention',
    ("tools", "bash"): "tools.exec",
    ("gateway", "token"): "gateway.auth.token",
}
_MOVED_TEXTS: dict[KeyPath, str] = {
    ("agent", "model"): "agents.defaults.model.primary",
    ("agent", "imageModel"): "agents.defaults.imageModel.primary",
}


def find(config: Mapping[str, Any]) -> list[Issue]:
    """The old keys of a config, sorted by place."""
    found = _present(config, _MOVED, lambda _: True)
    found += _present(config, _MOVED_TEXTS, lambda value: isinstance(value, str))
    return sorted(found, key=lambda issue: issue.path)


def _present(config: Mapping[str, Any], rules: Mapping[KeyPath, str], applies: Callable[[Any], bool]) -> list[Issue]:
    found = []
    for path, target in rules.items():
        value: Any = config
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                break
            value = value[key]
        else:
            if applies(value):
                place = dotted(path)
                found.append(Issue(place, f"{place} was moved to {target}"))
    return found
