"""The edits of fased.json that an onboarding makes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..catalog.configured import definitions_of, uses_of
from ..catalog.definitions import default_definition, to_definition
from ..catalog.facts import Catalog, ModelFacts
from ..config import agents
from ..config.edits import Edit
from ..config.keypath import KeyPath
from ..errors import UsageError
from ..keys.existing import Existing
from ..net.addresses import is_private_url
from ..proxy.urls import normalize_base_url, written_base_url
from ..refs import DEFAULT_MODEL_ID, PROVIDER, ModelRef
from ..roles.edits import agent_model_edits, allow_edits, role_edits, set_primary_edits, written
from .answers import Answers

_API = "openai-completions"


# ---- the provider and its models


def provider_edits(found: Existing, answers: Answers) -> Iterable[Edit]:
    """Make the provider, or bring its address and its permission up to date; all else in it stays."""
    path = ("models", "providers", found.entry_key)
    allow = answers.allow_private or is_private_url(answers.base_url)
    source = found.snapshot.source
    if not found.entry:
        if not agents.section(source, "models"):
            yield Edit(("models", "mode"), "merge")
        request: dict[str, Any] = {"request": {"allowPrivateNetwork": True}} if allow else {}
        if answers.headers:
            request["headers"] = dict(answers.headers)
        yield Edit(path, {"baseUrl": written_base_url(answers.base_url), "api": _API, **request, "models": []})
        return
    yield from _header_edits(found, answers, path)
    if not same_address(found, answers.base_url):
        yield Edit((*path, "baseUrl"), written_base_url(answers.base_url))
    if "api" not in found.entry:
        yield Edit((*path, "api"), _API)
    # A `false` in the config is the user's word, which only the user's word here takes back.
    if allow and (found.private_network is None or (answers.allow_private and not found.private_network)):
        yield Edit((*path, "request", "allowPrivateNetwork"), True)


def _header_edits(found: Existing, answers: Answers, path: KeyPath) -> Iterable[Edit]:
    """Set the headers that were given; one which is there in another case is the same one. The other ones stay."""
    written = {name.lower(): name for name in agents.section(found.entry, "headers")}
    for name, value in answers.headers.items():
        yield Edit((*path, "headers", written.get(name.lower(), name)), value)


def same_address(found: Existing, base_url: str) -> bool:
    """Whether the config has this address already, in whatever form."""
    value = agents.section(found.snapshot.value, "models", "providers", found.entry_key).get("baseUrl")
    try:
        return isinstance(value, str) and normalize_base_url(value) == base_url
    except UsageError:
        return False


def definition_edits(found: Existing, answers: Answers) -> tuple[list[Edit], tuple[str, ...]]:
    """Descriptions of the models in use which have none yet; those that are there stay."""
    source = found.snapshot.source
    entries = definitions_of(source)
    described = {entry.get("id") for entry in entries if isinstance(entry, Mapping)}
    wanted: list[str] = [answers.model.model] if answers.model else []
    wanted += [ref.model for ref in answers.roles.values() if ref.provider == PROVIDER]
    # Where nothing is configured the only use is the implied one, which is being replaced.
    uses = uses_of(found.snapshot, answers.catalog.by_id if answers.catalog else ())
    wanted += [ref.model for ref, places in uses.items() if not places[-1].startswith("(implied")]
    edits: list[Edit] = []
    added: list[str] = []
    path = ("models", "providers", found.entry_key, "models")
    for model_id in dict.fromkeys(wanted):
        definition = _definition(model_id, answers.catalog)
        if model_id not in described and definition is not None:
            edits.append(Edit((*path, len(entries) + len(added)), definition))
            added.append(model_id)
    return edits, tuple(added)


def _definition(model_id: str, catalog: Catalog | None) -> dict[str, Any] | None:
    facts = catalog.facts_for(model_id) if catalog else None
    if facts is not None:
        return to_definition(facts) if facts.chat_capable else None
    if catalog is not None:
        return None  # in use, and not there any more: a description would only hide that
    return default_definition() if model_id == DEFAULT_MODEL_ID else to_definition(ModelFacts(model_id))


# ---- which model


def model_edits(found: Existing, answers: Answers) -> list[Edit]:
    """Set the primary and the roles, for the agent that was named or for all, and allow them where there is an allow-list."""
    snapshot = found.snapshot
    primary = answers.model if answers.set_primary else None
    refs = [ref for ref in (primary, *answers.roles.values()) if ref is not None]
    own = found.agent is not None and agents.find(snapshot.source, found.agent).id != agents.default_agent(
        snapshot.source
    )
    if not refs:
        return []
    if own:
        texts = {role: written(ref) for role, ref in answers.roles.items()}
        changed = agent_model_edits(
            snapshot, found.agent, primary=written(primary) if primary else None, task_models=texts
        )
        edits = list(changed.edits)
    else:
        edits = (_primary_edits(found, primary) if primary else []) + role_edits(snapshot, answers.roles)
    return edits + allow_edits(snapshot, refs)


def _primary_edits(found: Existing, primary: ModelRef) -> list[Edit]:
    """Where the default agent has a primary of its own, that one counts, and so that one is set."""
    snapshot = found.snapshot
    agent = agents.find(snapshot.source, None)
    if found.primary is not None and found.primary.source.startswith("agents.list"):
        return list(agent_model_edits(snapshot, agent.id, primary=written(primary)).edits)
    return set_primary_edits(snapshot, primary)
