"""A model map as Markdown, for the team's wiki or repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..findings import Finding
from .parts import ConfigKey, Deployment, ModelMap


def markdown(found: ModelMap, findings: Sequence[Finding]) -> str:
    """The whole page, ending with a line break; no secret is in it."""
    lines = [f"# Model map of {_cell(found.path)}", ""]
    lines += _table(
        ("Alias", "Provider", "Model", "ConfigKey", "Endpoint", "Limits", "Who may call", "Line"),
        (
            (
                each.alias,
                each.provider or "?",
                each.model,
                key_text(each.key),
                each.api_base or "the provider's own",
                limits_text(each) or "-",
                callers_text(found, each),
                str(each.line),
            )
            for each in found.deployments
        ),
    )
    if found.renamings:
        lines += ["", "## Further names", ""]
        lines += _table(("Name", "Stands for"), ((each.name, each.target) for each in found.renamings))
    if found.fallbacks:
        lines += ["", "## Fallbacks", ""]
        rows = (
            (each.source, " → ".join(each.targets) or "nothing", each.kind, str(each.line)) for each in found.fallbacks
        )
        lines += _table(("Alias", "Falls back to", "When", "Line"), rows)
    lines += ["", "## The proxy", ""]
    lines += [f"- {line}" for line in proxy_lines(found)]
    lines += ["", "## Findings", ""]
    lines += [
        f"- **{each.severity}** {_cell(each.message)} {_cell(each.remedy)}"
        + (f" ({_cell(each.place)})" if each.place else "")
        for each in findings
    ] or ["None."]
    return "\n".join(lines) + "\n"


def key_text(key: ConfigKey) -> str:
    """Where a provider key comes from, in words."""
    if key.comes_from == "literal":
        return "in the file"
    if key.comes_from == "unread":
        return f"{key.name}, in a form that LiteLLM does not read"
    if key.comes_from == "cloud":
        return "the cloud's log-in"
    if key.comes_from == "none":
        return "none"
    name = f"credential {key.name}" if key.comes_from == "credential" else f"${key.name}"
    if key.set_in_proxy is not None:
        return f"{name} ({'set' if key.set_in_proxy else 'NOT set'} in the proxy)"
    if key.set_here is not None:
        return f"{name} ({'set' if key.set_here else 'not set'} here)"
    return name


def limits_text(deployment: Deployment) -> str:
    """Budget, rates, retries and timeout of an entry; empty where it has none."""
    parts = (
        deployment.budget,
        deployment.rpm and f"{deployment.rpm} requests/min",
        deployment.tpm and f"{deployment.tpm} tokens/min",
        deployment.retries and f"{deployment.retries} retries",
        deployment.timeout_s and f"timeout {deployment.timeout_s} s",
    )
    return ", ".join(part for part in parts if part)


def callers_text(found: ModelMap, deployment: Deployment) -> str:
    """Which keys may call an entry."""
    if not found.database:
        return "the master key"
    if deployment.groups:
        return "keys with " + ", ".join(deployment.groups)
    return "keys without a list of models, or with this one in it"


def proxy_lines(found: ModelMap) -> list[str]:
    """What holds for the whole proxy, a line each."""
    master = found.master_key
    kept = {
        "none": "none",
        "literal": "in the file",
        "unread": f"{master.name}, in a form that LiteLLM does not read",
        "variable": f"${master.name}",
        "environment": f"${master.name}, which LiteLLM reads by itself",
    }[master.comes_from]
    return [
        f"Master key: {kept}",
        f"Database (virtual keys, budgets, spend): {'yes' if found.database else 'no'}",
        f"Retries: {found.retries or 'as LiteLLM has it (2)'}",
        f"Timeout: {f'{found.timeout_s} s' if found.timeout_s else 'as LiteLLM has it'}",
        f"Budget of the whole proxy: {found.budget or 'none'}",
        f"drop_params: {'on' if found.drops_params else 'off'}",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]


def _cell(text: str) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
