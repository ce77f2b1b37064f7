"""One release: everything once, and what came of it as JSON on stdout. Started by ``tests.matrix``."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.cli import main as fased
from fased_litellm.doctor.atlas import CASES
from fased_litellm.errors import FasedError, StreamInterrupted
from fased_litellm.paths import Paths
from tests.live import atlasrecipes, proxies
from tests.live.atlasbench import outcomes
from tests.live.configuration import UPSTREAM, config
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

Row = dict[str, Any]


def run(folder: Path) -> Row:
    """Start the release and go through everything; a part that fails says so in its place."""
    upstream = Upstream()
    whole = config(upstream.url)
    known = {model["model_name"] for model in whole["model_list"]}
    further = atlasrecipes.config(upstream)
    whole["model_list"] += [model for model in further["model_list"] if model["model_name"] not in known]
    for section in ("router_settings", "litellm_settings", "general_settings"):
        whole[section] = {**further.get(section, {}), **whole.get(section, {})}
    whole["guardrails"] = further["guardrails"]
    path = atlasrecipes.write_config(folder, whole)
    begun = time.monotonic()
    proxy = proxies.start(folder, ["--config", str(path)])
    try:
        row: Row = {"startSeconds": round(time.monotonic() - begun, 1)}
        home = folder / "home"
        home.mkdir()
        os.environ.update(HOME=str(home), FASED_STATE_DIR=str(home / "state"))
        os.chdir(home)
        parts: list[tuple[str, Callable[[Proxy], Any]]] = [
            ("onboarding", onboarding),
            ("discovery", discovery),
            ("chat", chat),
            ("stream", stream),
            ("cutStream", cut_stream),
            ("verify", verify),
            ("doctor", doctor),
            ("atlas", atlas),
        ]
        for name, part in parts:
            try:
                row[name] = part(proxy)
            except (FasedError, AssertionError) as error:
                row[name] = {"ok": False, "error": str(error)[:300]}
        return row
    finally:
        proxy.stop()
        upstream.close()


def onboarding(proxy: Proxy) -> Row:
    flags = ["--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk", "--key-storage", "profile"]
    where = ["--litellm-api-key", proxy.master_key, "--custom-base-url", proxy.url, "--allow-private-network"]
    status, _ = command("onboard", *flags, *where)
    return {"ok": status == 0}


def discovery(proxy: Proxy) -> Row:
    with provider() as found:
        catalog = found.discover()
    facts = {model.id: model for model in catalog.models}
    missing = [alias for alias in UPSTREAM if alias not in facts]
    reason = facts.get("upstream-reason")
    return {
        "ok": not missing and reason is not None and reason.context_window == 50_000 and reason.prices.known,
        "models": len(catalog.models),
        "unknownPriceIsUnknown": not facts["upstream-tool"].prices.known if "upstream-tool" in facts else None,
    }


def chat(proxy: Proxy) -> Row:
    with provider() as found:
        reply = found.chat("hi", model="litellm/upstream", context=CallContext(task="matrix"))
    receipt = reply.receipt
    return {
        "ok": bool(reply.text) and receipt.usage is not None and receipt.usage.total_tokens == 128,
        "cost": receipt.cost_source,
        "servedModel": receipt.served_model is not None,
        "version": receipt.proxy_version,
    }


def stream(proxy: Proxy) -> Row:
    with provider() as found:
        running = found.stream("hi", model="litellm/upstream", context=CallContext(task="matrix"))
        text = "".join(delta.text for delta in running)
    receipt = running.reply.receipt
    return {
        "ok": bool(text) and receipt.usage is not None and receipt.usage.total_tokens == 128,
        "cost": receipt.cost_source,
    }


def cut_stream(proxy: Proxy) -> Row:
    with provider() as found:
        try:
            running = found.stream("hi", model="litellm/upstream-cut")
            for _ in running:
                pass
        except StreamInterrupted:
            return {"told": True}
        return {"told": False, "warned": any("cut" in said for said in running.reply.receipt.warnings)}


def verify(proxy: Proxy) -> Row:
    status, document = command("litellm", "verify", "upstream")
    steps = document["aliases"][0]["steps"] if "aliases" in document else []
    return {
        "ok": status == 0,
        "failed": [f"{step['name']}: {step['detail']}"[:200] for step in steps if step["result"] == "failed"],
    }


def doctor(proxy: Proxy) -> Row:
    _, document = command("litellm", "doctor")
    codes = {finding["code"] for finding in document["findings"]}
    return {
        "version": document["proxy"]["version"],
        "codes": sorted(
            codes & {"cve", "malicious-release", "cut-streams", "stream-cost", "price-zero", "unsupported-release"}
        ),
    }


def atlas(proxy: Proxy) -> Row:
    found = outcomes(proxy)
    return {
        "right": sum(outcome.right for outcome in found),
        "produced": len(found),
        "known": sum(case.needs in ("proxy", "no-database") for case in CASES),
        "wrong": [str(outcome)[:300] for outcome in found if not outcome.right],
    }


@contextlib.contextmanager
def provider() -> Iterator[LiteLLMProvider]:
    with LiteLLMProvider.from_config(Paths.from_env()) as made:
        yield made


def command(*words: str) -> tuple[int, Any]:
    """A command with --json: its exit status and document."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = fased([*words, "--json"])
    return status, json.loads(out.getvalue() or "{}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="fased-matrix-") as scratch:
        found = run(Path(scratch))
        os.chdir("/")
    sys.stdout.write(json.dumps(found))
