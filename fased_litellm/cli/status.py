"""``fased`` without a command: the state of the route at a glance."""

from __future__ import annotations

from ..errors import FasedError, SecretError
from ..formatting import count, token_count
from ..refs import PROVIDER
from ..status import RouteState, route_state
from ..usage.query.usersettings import default_zone
from . import output, session
from .display.text import cost

_SHOWN = 8


def show(*, json_output: bool) -> None:
    state = route_state(session.config(), session.paths())
    if json_output:
        output.document(state.as_dict())
        return
    rows = _rows(state)
    width = max(len(label) for label, _ in rows) + 2
    for label, text in [*rows, *(("", note) for note in state.notes)]:
        output.line(f"{label:<{width}}{text}")
    if state.next_step:
        output.line()
        output.line(f"Next: {state.next_step}")


def _rows(state: RouteState) -> list[tuple[str, str]]:
    if state.routed:
        route = f"Calls are routed through LiteLLM at {state.base_url}."
    else:
        route = f"Calls go to {state.choice.primary.provider}, not through LiteLLM at {state.base_url}."
    config = state.config_path if state.configured else f"{state.config_path} (nothing for {PROVIDER}: implied)"
    rows = [("Route", route), ("Config", config)]
    rows.append(("Key", f"{state.key[1]} from {state.key[0]}" if state.key else "none"))
    rows.append(("Proxy", _proxy(state)))
    rows.append(("Primary", str(state.choice.primary)))
    if state.choice.fallback:
        rows.append(("Fallback", str(state.choice.fallback)))
    rows.extend((role.capitalize(), str(ref)) for role, ref in state.roles.items())
    rows.append(("Models", _models(state)))
    rows.append(("Today", _today(state)))
    rows.extend(("Budget" if number == 0 else "", text) for number, text in enumerate(_budgets(state)))
    return rows


def _proxy(state: RouteState) -> str:
    if state.problem is None:
        return "answers, and accepts the key"
    if isinstance(state.problem, SecretError):
        return "not asked: no key"
    return state.problem.message.partition("\n")[0]


def _models(state: RouteState) -> str:
    if state.catalog is None:
        return f"{PROVIDER}/default is registered; what the proxy has is not known yet"
    names = [f"{PROVIDER}/{facts.id}" for facts in state.catalog.chat_models]
    if not names:
        return "the proxy lists no chat model"
    more = f" and {len(names) - _SHOWN} more (`fased models list --all`)" if len(names) > _SHOWN else ""
    stale = " (as last known)" if state.problem else ""
    return ", ".join(names[:_SHOWN]) + more + stale


def _today(state: RouteState) -> str:
    if state.today is None or not state.today.totals.calls:
        return f"no calls yet ({(state.today.zone if state.today else default_zone()).name})"
    totals = state.today.totals
    failed = f", {totals.failed:,} failed" if totals.failed else ""
    return f"{count(totals.calls, 'call')}{failed}, {token_count(totals.total_tokens)}, {cost(totals)} ({state.today.zone.name})"


def _budgets(state: RouteState) -> list[str]:
    """Those that are nearly used up, and whatever is wrong with them."""
    if state.budgets is None:
        return []
    if isinstance(state.budgets, FasedError):
        return [state.budgets.message, *([state.budgets.hint] if state.budgets.hint else [])]
    if state.budgets.problem is not None:
        return [f"what was spent is not known: {state.budgets.problem.message}"]
    return [
        f"{one.budget.scope}: {one.spent()}"
        + (f"; calls are refused until {one.window.after}" if one.reached and one.budget.action == "stop" else "")
        for one in state.budgets.standings
        if one.near
    ]
