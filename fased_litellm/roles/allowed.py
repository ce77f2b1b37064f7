"""All models that a config names: what is in use, and what the allow-list permits.

Fact: Fased's ``src/agents/model-selection.ts``. The keys of ``agents.defaults.models`` are an allow-list if there are any;
fallbacks and task models of the defaults and of every agent, and the default model, are allowed besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..config.agents import Agent, listed, section
from ..config.keypath import dotted
from ..errors import InvalidRef, ModelNotAllowed
from ..refs import Known, ModelRef
from .choice import Place, entry_path, legacy_models, model_value, parse_ref, resolve
from .known import KnownNames

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

_MEDIA = ("imageModel", "imageGenerationModel", "videoGenerationModel", "musicGenerationModel", "pdfModel")


ALLOWED = ("agents.defaults.models.", "agents.defaults.models[")
"""How the paths of the allow-list begin."""


def refs_in_use(
    snapshot: ConfigSnapshot, provider: str | None = None, *, known: Known | None = None
) -> list[tuple[str, ModelRef]]:
    """Every model reference of the config with the dotted path where it stands, in file order of the sections.

    Args:
        snapshot: the config.
        provider: only the references of this provider.
        known: what is known of models and profiles; by default what the config and the stores of the default agent say.

    Texts which are no reference are passed over; the config's validation tells of them.
    """
    found: list[tuple[str, ModelRef]] = []
    known = known or KnownNames(snapshot)
    for place, is_primary in _places(snapshot.value):
        names = None if place.path.startswith(ALLOWED) else known
        try:
            ref, _ = parse_ref(snapshot.value, place.text, names, is_primary=is_primary)
        except InvalidRef:
            continue
        if provider is None or ref.provider == provider:
            found.append((place.path, ref))
    return found


def allow_list(snapshot: ConfigSnapshot, known: Known | None = None) -> frozenset[str]:
    """The keys ``provider/model`` which are allowed; empty means that anything is. ``known`` is as for ``refs_in_use``."""
    config = snapshot.value
    keys = _keys(section(config, "agents", "defaults", "models"))
    if not keys:
        return frozenset()
    for path, ref in refs_in_use(snapshot, known=known):
        if ".taskModels." in path or ".fallbacks[" in path or ".modelProviders." in path:
            keys.add(ref.key)
    return frozenset(keys | {resolve(snapshot, known=known).primary.key})


def check_allowed(snapshot: ConfigSnapshot, ref: ModelRef, known: Known | None = None) -> None:
    """Hold a reference against the allow-list.

    Raises:
        ModelNotAllowed: there is an allow-list without it; the message is Fased's.
    """
    allowed = allow_list(snapshot, known)
    if allowed and ref.key not in allowed:
        raise ModelNotAllowed(
            f"model not allowed: {ref.key}",
            hint=f"agents.defaults.models is an allow-list without {ref.key}. Add it there, or choose one of:"
            f" {', '.join(sorted(allowed)[:10])}.",
        )


def _keys(models: Mapping[str, Any]) -> set[str]:
    keys: set[str] = set()
    for key in models:
        try:
            keys.add(ModelRef.parse(key, known=None).key)
        except InvalidRef:
            continue
    return keys


def _places(config: Mapping[str, Any]) -> Iterator[tuple[Place, bool]]:
    """Each place that names a model; the flag tells primaries, which Fased reads in its own way."""
    defaults = section(config, "agents", "defaults")
    yield from _of_owner(defaults, "agents.defaults")
    for key in _MEDIA:
        yield from _of_model(defaults.get(key), f"agents.defaults.{key}", primary=False)
    yield from _of_model(section(defaults, "subagents").get("model"), "agents.defaults.subagents.model", primary=False)
    yield from _of_model(section(defaults, "heartbeat").get("model"), "agents.defaults.heartbeat.model", primary=False)
    for agent in listed(config):
        yield from _of_agent(agent)
    for key in section(defaults, "models"):
        yield Place(key, dotted(("agents", "defaults", "models", key))), False


def _of_agent(agent: Agent) -> Iterator[tuple[Place, bool]]:
    path = entry_path(agent)
    yield from _of_owner(agent.entry, path)
    legacy, legacy_path = legacy_models(agent)
    if legacy:
        yield from _of_model(dict(legacy), legacy_path, primary=True)
        yield from _task_models(legacy, legacy_path)
    for key in ("subagents", "heartbeat"):
        yield from _of_model(section(agent.entry, key).get("model"), f"{path}.{key}.model", primary=False)


def _of_owner(owner: Mapping[str, Any], path: str) -> Iterator[tuple[Place, bool]]:
    yield from _of_model(owner.get("model"), f"{path}.model", primary=True)
    yield from _task_models(owner, path)


def _of_model(value: Any, path: str, *, primary: bool) -> Iterator[tuple[Place, bool]]:
    place = model_value(value, path)
    if place:
        yield place, primary
    fallbacks = value.get("fallbacks") if isinstance(value, Mapping) else None
    for index, text in enumerate(fallbacks if isinstance(fallbacks, list) else []):
        if isinstance(text, str) and text.strip():
            yield Place(text.strip(), f"{path}.fallbacks[{index}]"), False


def _task_models(owner: Mapping[str, Any], path: str) -> Iterator[tuple[Place, bool]]:
    for key, text in section(owner, "taskModels").items():
        if isinstance(text, str) and text.strip():
            yield Place(text.strip(), f"{path}.taskModels.{key}"), False
