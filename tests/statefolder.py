"""A state folder with a sound file in each place that this package reads back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.doctor.verify.progress import Seen, VerifyProgress
from fased_litellm.localproxy.files import Files, Process
from fased_litellm.localproxy.routes import MOCK_ROUTES
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.edits import put
from fased_litellm.usage.money import to_pico
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.samples import sample

BASE_URL = "http://127.0.0.1:9"
"""Where nothing listens."""
KEY = "sk-test-0123456789abcdef"

CONFIG = """{
  // what the tests begin with
  $include: "./part.json5",
  models: { providers: { litellm: {
    baseUrl: "http://127.0.0.1:9/v1", apiKey: "${LITELLM_API_KEY}", api: "openai-completions",
    request: { allowPrivateNetwork: true }, models: [ { id: "default", name: "Default" } ],
  } } },
  agents: { defaults: { model: { primary: "litellm/default" } } },
}
"""


def fill(state: Path) -> Paths:
    """Make one; nothing in it but the process of a proxy is not what a program of ours would have written."""
    paths = Paths(state=state, config=state / "fased.json", home=state)
    state.mkdir(parents=True, mode=0o700)
    paths.config.write_text(CONFIG)
    (state / "fased.json.bak").write_text(CONFIG.replace("Default", "Before"))
    (state / "part.json5").write_text("{ gateway: { port: 18789 } }\n")
    (state / ".env").write_text(f"LITELLM_API_KEY={KEY}\n")
    _write(paths.config_audit, '{"event":"config.write"}\n')
    profile = {"type": "api_key", "provider": "litellm", "key": KEY}
    _write(paths.auth_profiles("main"), json.dumps({"version": 1, "profiles": {"litellm:default": profile}}))
    _sessions(state)
    with Ledger(paths.ledger) as ledger:
        ledger.record(sample("in-the-ledger"))
    Spool.beside(paths.ledger).append(sample("in-the-spool"))
    store.change(
        paths.budgets, lambda book: put(book, Scope(agent="main"), {"day": to_pico(Decimal(5))}, "stop", "UTC")[0]
    )
    VerifyProgress(paths.ladder, BASE_URL).climb(Seen(verified=("default",)))
    model = ModelFacts("default", prices=Prices(input=Decimal("0.000001"), output=Decimal("0.000002")))
    cache.save(paths, Catalog(BASE_URL, datetime(2026, 11, 21, tzinfo=UTC), (model,)))
    files = Files(paths.local_proxy)
    files.write_config(MOCK_ROUTES)
    files.ensure_master_key()
    files.log.write_text("the log of now\n")
    files.previous_log.write_text("the log before\n")
    files.write_process(Process(2**22 + 1, "boot:1", 4000, str(files.config), 1_795_219_200_000))
    return paths


def _sessions(state: Path) -> None:
    folder = state / "agents" / "main" / "sessions"
    entry = {"sessionId": "s1", "updatedAt": 1_795_219_200_000, "channel": "telegram"}
    _write(folder / "sessions.json", json.dumps({"agent:main:main": entry}))
    usage = {"input": 10, "output": 5, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 15}
    message = {"role": "assistant", "provider": "litellm", "model": "default", "usage": usage, "content": []}
    lines = [
        {"type": "session", "id": "s1", "timestamp": "2026-11-21T00:00:00.000Z"},
        {"type": "message", "id": "m1", "timestamp": "2026-11-21T00:00:01.000Z", "message": message},
    ]
    _write(folder / "s1.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    run = {
        "ts": 1_795_219_300_000,
        "jobId": "digest",
        "action": "finished",
        "status": "ok",
        "sessionId": "other",
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    }
    _write(state / "cron" / "runs" / "digest.jsonl", json.dumps(run) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text)
