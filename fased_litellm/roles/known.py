"""What an installation knows of models and auth profiles, for references with an ``@``; see ``refs``."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..config.agents import section
from ..errors import FasedError
from ..refs import DEFAULT_REF, PROVIDER, ModelRef, normalize_provider

if TYPE_CHECKING:
    from ..config.load import ConfigSnapshot

_NO_MODELS: Container[str] = frozenset()


class KnownNames:
    """Models and profiles that are known: of the config, of the files of auth profiles, and of the proxy's list.

    Nothing is looked up before it is asked for, which only a text with an ``@`` does.

    Args:
        snapshot: the config.
        agent: whose profiles count besides those of ``main``; None for the default agent.
        listed: gives the ids that the proxy lists, where that is known.
    """

    def __init__(
        self,
        snapshot: ConfigSnapshot,
        agent: str | None = None,
        listed: Callable[[], Container[str]] = lambda: _NO_MODELS,
    ) -> None:
        self._snapshot, self._agent, self._listed = snapshot, agent, listed

    def model(self, provider: str, model_id: str) -> bool:
        """Whether the config defines or allows a model of this id, or the proxy lists it."""
        ref = ModelRef(provider, model_id)
        return ref == DEFAULT_REF or ref in self._configured or (provider == PROVIDER and model_id in self._listed())

    def profile(self, provider: str, profile_id: str) -> bool:
        """Whether the config or a file of auth profiles has a profile of this id for the provider."""
        return (provider, profile_id) in self._profiles

    @cached_property
    def _configured(self) -> frozenset[ModelRef]:
        config = self._snapshot.value
        found = set()
        for name, entry in section(config, "models", "providers").items():
            models = entry.get("models") if isinstance(entry, Mapping) else None
            ids = (
                [model.get("id") for model in models if isinstance(model, Mapping)] if isinstance(models, list) else []
            )
            found |= {ModelRef(normalize_provider(str(name)), item) for item in ids if isinstance(item, str)}
        for key in section(config, "agents", "defaults", "models"):
            provider, slash, model = key.strip().partition("/")
            if slash:
                found.add(ModelRef(normalize_provider(provider), model.strip()))
        return frozenset(found)

    @cached_property
    def _profiles(self) -> frozenset[tuple[str, str]]:
        from ..secrets.lookup import stores

        declared = section(self._snapshot.value, "auth", "profiles")
        found = {(_provider_of(entry), profile_id) for profile_id, entry in declared.items()}
        try:
            store = stores(self._snapshot, self._snapshot.paths, self._agent)
        except FasedError:
            return frozenset(found)  # whoever needs a key from there says what is wrong with it
        return frozenset(found | {(one.provider, one.profile_id) for one in store.profiles.values()})


def _provider_of(entry: Any) -> str:
    provider = entry.get("provider") if isinstance(entry, Mapping) else None
    return normalize_provider(provider) if isinstance(provider, str) else ""
