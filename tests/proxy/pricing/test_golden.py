"""Our prices against those which LiteLLM named once, without LiteLLM: golden.py says how the cases were made."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from fased_litellm.proxy.billed import Served
from fased_litellm.proxy.pricing import routes
from fased_litellm.proxy.pricing.card import RateCard
from fased_litellm.proxy.tokens import token_usage

from .golden import PATH

CASES: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['model']} {case['kind']}")
def test_a_call_costs_what_litellm_said(case: dict[str, Any]) -> None:
    tokens = token_usage(case["usage"], Served(case["tier"]))
    assert tokens is not None
    at = datetime.fromisoformat(case["at"]) if case["at"] else None
    charge = routes.charge(RateCard.from_dict(case["card"]), tokens, at)
    assert charge is not None
    assert charge.doubt is None
    assert float(charge.usd) == pytest.approx(case["usd"], rel=1e-9)
