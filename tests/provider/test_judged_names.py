from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.errors import ProxyError
from fased_litellm.provider import discovery
from fased_litellm.provider.settings import Settings
from tests.roles.configs import snapshot_of


@pytest.mark.parametrize(
    ("model", "patterns", "inherited", "judged"),
    [
        ("openai/gpt-9", ("openai/*",), (), True),
        ("anthropic/x", ("openai/*",), (), False),
        ("listed", ("*",), (), False),  # the proxy's config maps it to something that the provider does not know
        ("team-model", (), ("all-team-models",), False),
        ("team-model", ("openai/*",), ("all-team-models",), False),
    ],
)
def test_a_name_that_only_a_pattern_took_is_an_unknown_model(
    tmp_path: Path, model: str, patterns: tuple[str, ...], inherited: tuple[str, ...], judged: bool
) -> None:
    snapshot = snapshot_of(tmp_path, None)
    settings = Settings.of(snapshot, snapshot.paths)
    models = (ModelFacts("listed"), ModelFacts("openai/gpt-5"))
    listed = Catalog(settings.base_url, datetime.now(UTC), models, patterns, inherited=inherited)
    cache.save(snapshot.paths, listed)
    kept = cache.load_last_good(snapshot.paths, settings.base_url)
    assert kept is not None
    assert kept.inherited == inherited
    error = ProxyError("no such model", cause="provider-model", origin="gateway", status=404)
    discovery.reclassify_unknown_model(settings, model, error)
    assert (error.cause, error.origin) == (("unknown-model", "caller") if judged else ("provider-model", "gateway"))
