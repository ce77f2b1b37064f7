"""Agents and model roles: which model an agent uses for which kind of work, and where the config says so."""

from __future__ import annotations

from .allowed import allow_list, check_allowed, refs_in_use
from .choice import ROLES, Choice, aliases, config_key, resolve
from .edits import AgentModels, agent_model_edits, allow_edits, role_edits, set_primary_edits

__all__ = [
    "ROLES",
    "AgentModels",
    "Choice",
    "agent_model_edits",
    "aliases",
    "allow_edits",
    "allow_list",
    "check_allowed",
    "config_key",
    "refs_in_use",
    "resolve",
    "role_edits",
    "set_primary_edits",
]
