"""The map's verdicts on fallbacks are those of LiteLLM's own router: each sample is given to it, and a call is made to fail."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

from tests.doctor.modelmap.samples import ENTRIES, SAMPLES
from tests.live.conftest import unavailable

ROUTER = """
import json, logging, sys
import litellm

logging.disable(logging.CRITICAL)
fates = []
samples = json.load(sys.stdin)
for place in ("router", "litellm"):
    for setting, value in samples:
        for name in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks"):
            setattr(litellm, name, None)
        if place == "litellm":
            setattr(litellm, setting, value)
        models = [
            {"model_name": name, "litellm_params": {"model": "openai/gpt-4o", "api_key": "none", "mock_response": name}}
            for name in ("a", "b", "c")
        ]
        try:
            options = {setting: value} if place == "router" else {}
            router = litellm.Router(model_list=models, num_retries=0, **options)
        except Exception:
            fates.append("refused")
            continue
        mock = {"context_window_fallbacks": "context_", "content_policy_fallbacks": "content_policy_"}.get(setting, "")
        try:
            reply = router.completion(
                model="a",
                messages=[{"role": "user", "content": "hi"}],
                **{f"mock_testing_{mock}fallbacks": True},
            )
            fates.append(reply.choices[0].message.content)
        except Exception:
            fates.append("failed")
print("FATES" + json.dumps(fates) + "END")
"""

ENTRY = """
import json, logging, sys
import litellm

logging.disable(logging.CRITICAL)
good = {"model_name": "good", "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "none"}}
fates = []
for entry in json.load(sys.stdin):
    models = json.loads(json.dumps([good, entry]))
    try:
        for model in models:  # what the proxy does with a config before its router sees it
            list(model["litellm_params"].items())
            model.get("model_name", "")
            "ollama" in model["litellm_params"]["model"]
        router = litellm.Router(model_list=models, ignore_invalid_deployments=True)
        fates.append("works" if len(router.get_model_names()) == 2 else "left-out")
    except Exception:
        fates.append("refused")
print("FATES" + json.dumps(fates) + "END")
"""


def litellm_says(script: str, samples: Any) -> Any:
    if importlib.util.find_spec("litellm") is None:
        unavailable("litellm is not installed in this environment")
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(samples),
        capture_output=True,
        text=True,
        env=env,
        timeout=300,
        check=False,
    )
    assert "FATES" in ended.stdout, ended.stderr[-2000:]
    return json.loads(ended.stdout.partition("FATES")[2].partition("END")[0])


def test_what_litellm_leaves_out_or_does_not_start_with() -> None:
    fates = litellm_says(ENTRY, [entry for entry, _ in ENTRIES])
    assert [(entry, fate) for (entry, _), fate in zip(ENTRIES, fates, strict=True)] == ENTRIES


def test_what_the_router_refuses_is_refused_here_and_nothing_that_works() -> None:
    fates = litellm_says(ROUTER, [(setting, value) for setting, value, _ in SAMPLES])
    assert len(fates) == 2 * len(SAMPLES)
    for (setting, value, fate), seen in zip([*SAMPLES, *SAMPLES], fates, strict=True):
        what = f"{setting}: {json.dumps(value)}"
        if fate == "works":
            assert seen == "b", what
        elif fate == "refused":
            assert seen == "refused", what
        else:
            assert seen != "refused", what
            # Of context_window_fallbacks some wrong shapes help by chance, or in part.
            assert setting == "context_window_fallbacks" or seen != "b", what
