"""``agents``: defaults, and the agents themselves.

Fact: ``src/config/zod-schema.agent-defaults.ts``, ``zod-schema.agent-runtime.ts``, ``zod-schema.agent-model.ts``. What concerns
models is typed; the other keys are known by name and passed through with any value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from .base import Maybe, Strict

MOST_FALLBACKS = 1
"""Fact: ``src/config/model-input.ts``, and the schema: a second one makes the whole config invalid."""


Fallbacks = Annotated[list[str], Field(max_length=MOST_FALLBACKS)]


class ModelChoice(Strict):
    """A primary model and its fallback; in the file also a plain text, which is the primary alone.

    Attributes:
        primary: reference or alias.
        fallbacks: None where the key is absent (the defaults' fallback then holds), empty to switch it off.
    """

    primary: Maybe[str] = None
    fallbacks: Maybe[Fallbacks] = None


def _from_text(value: Any) -> Any:
    return {"primary": value} if isinstance(value, str) else value


Choice = Annotated[ModelChoice, BeforeValidator(_from_text, json_schema_input_type=str | ModelChoice)]


class TaskModels(Strict):
    """Model references by role."""

    cheap_check: Maybe[str] = None
    strong: Maybe[str] = None
    escalation: Maybe[str] = None
    coding: Maybe[str] = None
    summarizer: Maybe[str] = None


class ModelSettings(Strict):
    """``agents.defaults.models["provider/model"]``; the keys of that object are also an allow-list."""

    alias: Maybe[str] = None
    params: Maybe[dict[str, Any]] = None
    streaming: Maybe[bool] = None


class LegacyProviderModels(Strict):
    """``agents.list[].modelProviders.<id>``: read by Fased, no longer written."""

    profile_id: Maybe[str] = None
    primary: Maybe[str] = None
    fallbacks: Maybe[Fallbacks] = None
    task_models: Maybe[TaskModels] = None


class Subagents(Strict):
    """``subagents`` of the defaults or of an agent; its model is a choice like the other ones, the rest passes."""

    model_config = ConfigDict(extra="allow")

    model: Maybe[Choice] = None


class AgentDefaults(Strict):
    """``agents.defaults``.

    An unknown key is a warning here and not an error: Fased adds keys to this object with almost every release, and a
    config which the Node agent reads must not be refused because of a setting that has nothing to do with models.
    """

    model_config = ConfigDict(extra="allow")

    model: Maybe[Choice] = None
    task_models: Maybe[TaskModels] = None
    models: Maybe[dict[str, ModelSettings]] = None
    image_model: Maybe[Choice] = None
    image_generation_model: Maybe[Choice] = None
    video_generation_model: Maybe[Choice] = None
    music_generation_model: Maybe[Choice] = None
    pdf_model: Maybe[Choice] = None

    block_streaming_break: Any = None
    block_streaming_chunk: Any = None
    block_streaming_coalesce: Any = None
    block_streaming_default: Any = None
    bootstrap_max_chars: Any = None
    bootstrap_prompt_truncation_warning: Any = None
    bootstrap_total_max_chars: Any = None
    cli_backends: Any = None
    compaction: Any = None
    context_pruning: Any = None
    context_tokens: Any = None
    elevated_default: Any = None
    embedded_pi: Any = None
    envelope_elapsed: Any = None
    envelope_timestamp: Any = None
    envelope_timezone: Any = None
    fast_mode_default: Any = None
    heartbeat: Any = None
    human_delay: Any = None
    image_max_dimension_px: Any = None
    max_concurrent: Any = None
    media_max_mb: Any = None
    memory_search: Any = None
    reasoning_default: Any = None
    repo_root: Any = None
    sandbox: Any = None
    skills: Any = None
    skip_bootstrap: Any = None
    strict_agentic: Any = None
    subagents: Maybe[Subagents] = None
    thinking_default: Any = None
    time_format: Any = None
    timeout_seconds: Any = None
    typing_interval_seconds: Any = None
    typing_mode: Any = None
    user_timezone: Any = None
    verbose_default: Any = None
    workspace: Any = None


class AgentEntry(Strict):
    """``agents.list[]``."""

    id: str
    default: Maybe[bool] = None
    name: Maybe[str] = None
    workspace: Maybe[str] = None
    agent_dir: Maybe[str] = None
    model: Maybe[Choice] = None
    task_models: Maybe[TaskModels] = None
    active_model_provider: Maybe[str] = None
    model_providers: Maybe[dict[str, LegacyProviderModels]] = None

    fast_mode_default: Any = None
    group_chat: Any = None
    heartbeat: Any = None
    human_delay: Any = None
    identity: Any = None
    memory_search: Any = None
    params: Any = None
    reasoning_default: Any = None
    sandbox: Any = None
    skills: Any = None
    strict_agentic: Any = None
    subagents: Maybe[Subagents] = None
    thinking_default: Any = None
    tools: Any = None


class AgentsConfig(Strict):
    """``agents``."""

    defaults: Maybe[AgentDefaults] = None
    list: Maybe[Sequence[AgentEntry]] = None
