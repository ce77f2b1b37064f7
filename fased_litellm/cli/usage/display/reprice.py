"""What ``fased usage reprice`` shows to people."""

from __future__ import annotations

from ....formatting import count, token_count, tokens, usd
from ....usage.costs.pricelist import NoPrice, Price
from ....usage.costs.reprice import NO_TOKENS, NOT_SPLIT, ModelPriced, Repriced
from ....usage.money import from_pico
from ...display.table import Column, TableLayout
from ...display.terminal import Terminal


def lines(result: Repriced, terminal: Terminal) -> list[str]:
    """What was priced, by model; then what was not, and what helps."""
    would = "would be " if result.dry_run else ""
    if not result.calls:
        missing = result.left + result.without_tokens
        found = [f"No call {would or 'was '}priced." if missing else "All calls have a price."]
    else:
        found = [f"{count(result.calls, 'call')} {would}priced: {usd(result.cost_usd)}", "", *_priced(result, terminal)]
    for model in result.models:
        if isinstance(model.price, Price) and model.price.remark and model.calls and model.price.source == "config":
            found.append(f"{terminal.name(model.name)} is {model.price.remark}.")
    if result.left or result.without_tokens:
        found += ["", "Still without a price:"]
    for remedy, models in _left(result).items():
        for model in models:
            reason = _why(model).reason
            found.append(
                f"  {terminal.name(model.name)}, {count(model.left, 'call')} ({token_count(model.left_tokens)}): {reason}."
            )
        found.append(f"    → {terminal.name(remedy)}")
    if result.without_tokens:
        found.append(f"  {count(result.without_tokens, 'call')}: {NO_TOKENS.reason}.")
    return [terminal.line(line) for line in found]


def _left(result: Repriced) -> dict[str, list[ModelPriced]]:
    """What helps → the models that it helps."""
    found: dict[str, list[ModelPriced]] = {}
    for model in result.models:
        if model.left:
            found.setdefault(_why(model).remedy, []).append(model)
    return found


def _why(model: ModelPriced) -> NoPrice:
    return model.price if isinstance(model.price, NoPrice) else NOT_SPLIT


def _priced(result: Repriced, terminal: Terminal) -> list[str]:
    models = [model for model in result.models if model.calls]
    prices = [model.price for model in models if isinstance(model.price, Price)]
    columns = [
        Column("Model", [terminal.name(model.name) for model in models]),
        Column("Calls", [f"{model.calls:,}" for model in models], right=True),
        Column("Tokens", [tokens(model.tokens) for model in models], right=True),
        Column("Cost", [usd(from_pico(model.cost_pico)) for model in models], right=True),
        Column("Price", [terminal.name(_source(price)) for price in prices]),
    ]
    layout = TableLayout(columns, terminal, bars=False)
    return [layout.titles(), *(layout.row(number) for number in range(len(models)))]


def _source(price: Price) -> str:
    return f"{price.note}, {price.remark}" if price.source == "catalog" else price.note
