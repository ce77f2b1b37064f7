"""Writes golden.json: what LiteLLM bills for some calls. Run again for another release: ``python -m tests.proxy.pricing.golden``.

test_differential holds every model against LiteLLM itself, and takes a minute; these few cases take none, so that
``make mutants`` can try them for each change. The cases are chosen by the branches which our reckoning takes, never by its sum: as many
branches as the calls of LiteLLM's models reach come up, and then again with other models.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from random import Random
from types import FrameType, ModuleType
from typing import Any

from fased_litellm.proxy.billed import Served
from fased_litellm.proxy.pricing import card as cards
from fased_litellm.proxy.pricing import routes
from fased_litellm.proxy.pricing.card import RateCard
from fased_litellm.proxy.tokens import token_usage

from .usages import TIERS, usage

PATH = Path(__file__).with_name("golden.json")
CASES = 60
REACHED = ("routes", "tokens", "rates", "offpeak", "search", "charge")
NO_NETWORK = ("github_copilot", "chatgpt")
Case = dict[str, Any]


def candidates(litellm: ModuleType) -> Iterator[Case]:
    """Some calls of every chat model whose price LiteLLM knows."""
    for name, entry in sorted(litellm.model_cost.items()):
        if entry.get("mode") not in ("chat", "completion", "responses") or entry.get("litellm_provider") in NO_NETWORK:
            continue
        try:
            _, provider, _, _ = litellm.get_llm_provider(model=name)
            info = litellm.get_model_info(name.replace(f"{provider}/{provider}/", f"{provider}/"), provider)
        except Exception:
            continue
        full = name if name.startswith(f"{provider}/") else f"{provider}/{name}"
        card = cards.read(info, {"model": full, "vertex_location": "global"})
        kinds = ["tokens"] * 4 if card.off_peak is None else ["hour"] * 4 if card.route != "perplexity" else []
        for number, kind in enumerate([*kinds, *(["search"] * 2 if card.searches and card.off_peak is None else [])]):
            random = Random(f"{number} {kind} {name}")
            used, tier, at = usage(random), None, None
            if kind == "hour":
                at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=random.randrange(7 * 24 * 60))
            elif kind == "search":
                used = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
                where = random.choice(("server_tool_use", "prompt_tokens_details"))
                used[where] = {"web_search_requests": random.choice((0, 1, 3))}
            else:
                tier = random.choice(TIERS)
            yield {
                "model": name,
                "provider": provider,
                "kind": kind,
                "card": card.as_dict(),
                "usage": used,
                "tier": tier,
                "at": at and at.isoformat(),
            }


def billed(litellm: ModuleType, case: Case) -> float:
    """USD by LiteLLM."""
    name, provider, used = case["model"], case["provider"], litellm.Usage(**copy.deepcopy(case["usage"]))
    if case["kind"] == "search":
        message = {"role": "assistant", "content": "x"}
        response = litellm.ModelResponse(
            model=name, choices=[{"index": 0, "finish_reason": "stop", "message": message}], usage=used
        )
        whole: float = litellm.completion_cost(
            response, model=name, custom_llm_provider=provider, vertex_location="global"
        )
        return whole
    if case["kind"] == "hour":
        reckon = importlib.import_module("litellm.litellm_core_utils.llm_cost_calc.utils").generic_cost_per_token
        return float(sum(reckon(name, used, provider, current_time=datetime.fromisoformat(case["at"]))))
    tier = None if case["tier"] in ("default", "auto") else case["tier"]
    where = "global" if provider == "vertex_ai" else None
    return float(
        sum(
            litellm.cost_per_token(
                model=name,
                custom_llm_provider=provider,
                usage_object=used,
                service_tier=tier,
                vertex_location=where,
            )
        )
    )


def branches(case: Case) -> set[tuple[str, int, int]]:
    """The steps from line to line which our own reckoning of a case takes; none if it does not know the price for sure."""
    found: set[tuple[str, int, int]] = set()

    def enter(frame: FrameType, _event: str, _arg: Any) -> Any:
        name = Path(frame.f_code.co_filename)
        if name.parent.name != "pricing" or name.stem not in REACHED:
            return None
        last = frame.f_lineno

        def step(frame: FrameType, event: str, _arg: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((name.stem, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    tokens = token_usage(case["usage"], Served(case["tier"]))
    card = RateCard.from_dict(case["card"])
    if tokens is None:
        return set()
    sys.settrace(enter)
    charge = routes.charge(card, tokens, datetime.fromisoformat(case["at"]) if case["at"] else None)
    sys.settrace(None)
    return found if charge is not None and charge.doubt is None else set()


def main() -> None:
    """Write the file."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    left = [(found, case) for case in candidates(litellm) if (found := branches(case))]
    chosen: list[Case] = []
    seen: set[tuple[str, int, int]] = set()
    while left and len(chosen) < CASES:
        best = max(range(len(left)), key=lambda number: len(left[number][0] - seen))
        if not left[best][0] - seen:
            seen.clear()  # each branch once more, by another model
            continue
        tried, case = left.pop(best)
        try:
            usd = billed(litellm, case)
        except Exception:
            continue
        if usd > 0:
            seen |= tried
            chosen.append({**case, "usd": usd})
    lines = ",\n".join(json.dumps(case, sort_keys=True) for case in chosen)
    PATH.write_text(f'{{"litellm": "{version("litellm")}", "cases": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
