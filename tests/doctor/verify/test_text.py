from __future__ import annotations

from fased_litellm.doctor.verify import text
from fased_litellm.proxy.receipt import Receipt


def receipt(**fields: object) -> Receipt:
    return Receipt(**{"call_id": "c1", "model": "litellm/weak", "model_group": "weak", **fields})  # type: ignore[arg-type]


def test_an_answer_of_a_fallback_is_told() -> None:
    instead = receipt(model_group="strong", fallbacks=1, served_model="openai/gpt-5.5")
    codes = {finding.code: finding for finding in text.noticed("litellm/weak", [receipt(), instead])}
    assert "strong answered in its place" in codes["answered-by-fallback"].message
    assert codes["answered-by-fallback"].command == "fased litellm debug litellm/weak"
    assert "in its place, as strong" in text.receipt(instead)


def test_an_answer_of_its_own_is_not() -> None:
    found = text.noticed("litellm/weak", [receipt(fallbacks=0), receipt()])
    assert [finding.code for finding in found] == ["price-unknown"]
    assert "in its place" not in text.receipt(receipt(fallbacks=0))
