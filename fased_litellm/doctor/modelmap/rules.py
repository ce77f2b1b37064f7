"""What is wrong with a model map, with line and remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from ..findings import Finding, Severity, ordered
from . import endpoints, latin1, spellings
from .parts import Deployment, Fallback, ModelMap
from .providers import KNOWN_AS_OF, PROVIDERS, refused_parameters
from .reading import literal_secrets
from .spellings import VARIABLE
from .yamltree import YamlNode

_VARIABLES = {"master_key": "LITELLM_MASTER_KEY", "database_url": "DATABASE_URL"}


def judge(found: ModelMap, root: YamlNode, uses: Iterable[tuple[str, str]] = ()) -> tuple[Finding, ...]:
    """Every finding, worst first.

    Args:
        found: the map.
        root: the tree that it was read from.
        uses: what the agent's config uses of this proxy: place in the config, model id.
    """
    findings: list[Finding] = []
    for part in (
        _master_key(found),
        _literal_keys(root),
        _variables(found),
        _providers(found),
        _duplicates(found),
        _fallbacks(found),
        _loops(found),
        _renamings(found),
        _uses(found, uses),
        _prices(found),
        _refused(found),
        endpoints.findings(found.deployments),
        spellings.findings(root),
        latin1.findings(root),
        _database(found),
    ):
        findings += part
    return ordered(findings)


def _at(code: str, severity: Severity, place: Deployment | Fallback, message: str, remedy: str) -> Finding:
    return Finding(code, severity, message, remedy, place.file, place.line)


def _master_key(found: ModelMap) -> Iterator[Finding]:
    key = found.master_key
    where = {"file": found.path, "line": key.line} if key.line else {"file": found.path}
    advice = "Set general_settings.master_key: os.environ/LITELLM_MASTER_KEY, and the variable to `sk-` with 32 random characters."
    if key.comes_from == "none":
        yield Finding(
            "master-key-missing",
            "error",
            "No master key is set, here or in LITELLM_MASTER_KEY. LiteLLM from 1.104 on does not start so; an older one takes"
            " requests from everybody.",
            advice,
            **where,
        )
    elif key.comes_from == "unread":
        return  # which `spellings` says
    elif key.weakness:
        yield Finding(
            "master-key-weak",
            "error",
            f"The master key is weak: {key.weakness}. Whoever has it owns the proxy.",
            advice,
            **where,
        )
    elif key.is_set is False:
        yield Finding(
            "master-key-unset",
            "warning",
            f"The master key is that of {key.name}, which is not set. LiteLLM from 1.104 on does not start without.",
            f"Set {key.name} where the proxy is started: `sk-` with 32 random characters.",
            **where,
        )


def _literal_keys(root: YamlNode) -> Iterator[Finding]:
    for name, node in literal_secrets(root):
        variable = name if name.isupper() else _VARIABLES.get(name, "NAME")
        yield Finding(
            "literal-key",
            "warning",
            f"`{name}` holds a secret in plain text: whoever reads the file, its backups or its git history has it.",
            f"Write {VARIABLE}{variable} in its place, and set the variable where the proxy is started.",
            node.file,
            node.line,
        )


def _variables(found: ModelMap) -> Iterator[Finding]:
    missing: dict[str, list[Deployment]] = {}
    for deployment in found.deployments:
        key = deployment.key
        if key.comes_from == "credential" and key.variable is None and key.set_here is None:
            yield _at(
                "credential-unknown",
                "warning",
                deployment,
                f"The credential {key.name} of {deployment.alias} is not in credential_list with a variable as its api_key.",
                "Add it there, or make sure that it is stored in the proxy's database.",
            )
        if key.variable and (key.set_here if key.set_in_proxy is None else key.set_in_proxy) is False:
            missing.setdefault(key.variable, []).append(deployment)
    for variable, deployments in missing.items():
        whose = f"{variable}, the provider key of {_names(deployments)},"
        if deployments[0].key.set_in_proxy is False:
            yield _at(
                "variable-missing",
                "error",
                deployments[0],
                f"{whose} is not in the environment with which the running proxy was started.",
                f"Set {variable} and start the proxy again. (What LiteLLM read from a .env file cannot be seen from here.)",
            )
        else:
            yield _at(
                "variable-missing",
                "warning",
                deployments[0],
                f"{whose} is not set in this shell.",
                f"Make sure that it is set where the proxy is started: export {variable}=…",
            )


def _names(deployments: Iterable[Deployment]) -> str:
    names = list(dict.fromkeys(each.alias for each in deployments))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _providers(found: ModelMap) -> Iterator[Finding]:
    for deployment in found.deployments:
        head, slash, _ = deployment.written.partition("/")
        if deployment.provider is None and slash and not deployment.api_base:
            near = get_close_matches(head, PROVIDERS, n=1)
            meant = f" Did you mean {near[0]}/?" if near else ""
            yield _at(
                "unknown-provider",
                "error" if near else "warning",
                deployment,
                f"{head!r} in {deployment.written!r} is not a provider that {KNOWN_AS_OF} knows.{meant}",
                "Write provider/model, as in openai/gpt-5.5; see https://docs.litellm.ai/docs/providers for the names.",
            )
        elif deployment.provider is None and not slash and deployment.written != "*":
            yield _at(
                "no-provider",
                "warning",
                deployment,
                f"{deployment.written!r} names no provider; LiteLLM guesses, and fails with a name that it does not know.",
                f"Write the provider in front, as in openai/{deployment.written}.",
            )


def _duplicates(found: ModelMap) -> Iterator[Finding]:
    for alias, deployments in found.aliases.items():
        if len(deployments) < 2:
            continue
        first, *others = deployments
        same_place = [other for other in others if _place(other) == _place(first)]
        models = sorted({f"{each.provider or '?'}/{each.model}" for each in deployments})
        lines = ", ".join(str(each.line) for each in deployments)
        if same_place:
            yield _at(
                "alias-repeated",
                "warning",
                same_place[0],
                f"{alias} stands here with the same model, endpoint and key as on line {first.line}: a duplicate adds no load balancing.",
                "Remove one, or give it another endpoint or key.",
            )
        elif len({each.true_model for each in deployments} - {None}) > 1:
            yield _at(
                "alias-mixed",
                "warning",
                others[0],
                f"{alias} is answered by different models in turn ({', '.join(models)}; lines {lines}): answers, limits and prices"
                " change from call to call.",
                "If one is to stand in for the other, give them different names and set `fallbacks`.",
            )
        else:
            yield _at(
                "alias-balanced",
                "info",
                others[0],
                f"{alias} has {len(deployments)} deployments (lines {lines}): LiteLLM shares the load between them.",
                "Nothing to do, if that is meant.",
            )


def _place(deployment: Deployment) -> tuple[object, ...]:
    key = deployment.key
    # Two literal keys cannot be told apart here, and may differ.
    literal = deployment.line if key.comes_from == "literal" else None
    return deployment.provider, deployment.model, deployment.api_base, key.comes_from, key.name, literal


def _fallbacks(found: ModelMap) -> Iterator[Finding]:
    names = [*found.aliases, *(renaming.name for renaming in found.renamings)]
    for fallback in found.fallbacks:
        if fallback.source != "*" and not found.offers(fallback.source):
            yield _unknown(fallback, fallback.source, names, "of which it is the fallback")
        for target in fallback.targets:
            if not found.offers(target):
                yield _unknown(fallback, target, names, "to which it falls back")


def _unknown(fallback: Fallback, name: str, names: list[str], role: str) -> Finding:
    near = get_close_matches(name, names, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    kind = "" if fallback.kind == "general" else f" ({fallback.kind})"
    return _at(
        "fallback-unknown",
        "error",
        fallback,
        f"The fallback{kind} {fallback.source} → {', '.join(fallback.targets) or 'nothing'} names {name!r}, {role}, but no such alias"
        " exists. It never helps.",
        f"{meant}Add the alias to model_list, or correct the name.",
    )


def _loops(found: ModelMap) -> Iterator[Finding]:
    graph: dict[str, list[tuple[str, Fallback]]] = {}
    for fallback in found.fallbacks:
        if fallback.source != "*":
            graph.setdefault(fallback.source, []).extend((target, fallback) for target in fallback.targets)
    told: set[frozenset[str]] = set()
    for start in graph:
        for loop, fallback in _walk(graph, start):
            if frozenset(loop) in told:
                continue
            told.add(frozenset(loop))
            yield _at(
                "fallback-loop",
                "warning",
                fallback,
                f"The fallbacks run in a circle: {' → '.join([*loop, loop[0]])}. When all of these fail, a call is tried again and again"
                " until LiteLLM's limit of fallbacks.",
                "Let the last one have no fallback.",
            )


def _walk(graph: Mapping[str, list[tuple[str, Fallback]]], start: str) -> Iterator[tuple[list[str], Fallback]]:
    waiting: list[list[str]] = [[start]]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        for target, fallback in graph.get(path[-1], ()):
            if target == start:
                yield path, fallback
            elif target not in seen:
                seen.add(target)
                waiting.append([*path, target])


def _renamings(found: ModelMap) -> Iterator[Finding]:
    for renaming in found.renamings:
        if not found.offers(renaming.target):
            yield Finding(
                "alias-unknown",
                "error",
                f"model_group_alias calls {renaming.target!r} also {renaming.name!r}, but no such alias exists.",
                "Add it to model_list, or correct the name.",
                renaming.file,
                renaming.line,
            )


def _uses(found: ModelMap, uses: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    names = [*found.aliases, *(renaming.name for renaming in found.renamings)]
    for place, model in uses:
        if not found.offers(model):
            near = get_close_matches(model, names, n=1)
            meant = f"Choose another one, perhaps litellm/{near[0]}, or add" if near else "Add"
            yield Finding(
                "alias-missing",
                "error",
                f"The agent's config uses litellm/{model} ({place}), which this file does not offer.",
                f"{meant} `- model_name: {model}` to model_list.",
                found.path,
            )


def _prices(found: ModelMap) -> Iterator[Finding]:
    for alias, deployments in found.aliases.items():
        unpriced = [each for each in deployments if each.priced is False]
        if unpriced:
            yield _at(
                "price-unknown",
                "info",
                unpriced[0],
                f"The proxy knows no price for {alias}: its spend stays 0, and no budget stops it.",
                "Set input_cost_per_token and output_cost_per_token (USD) in litellm_params.",
            )


def _refused(found: ModelMap) -> Iterator[Finding]:
    bitten: dict[tuple[str, str], list[Deployment]] = {}
    for deployment in found.deployments:
        drops = found.drops_params if deployment.drops_params is None else deployment.drops_params
        refused = refused_parameters(deployment.provider or "", deployment.model)
        if refused and not drops:
            bitten.setdefault((deployment.provider or "", refused), []).append(deployment)
    for (provider, refused), deployments in bitten.items():
        yield _at(
            "drop-params",
            "info",
            deployments[0],
            f"drop_params is off, so LiteLLM refuses calls of {_names(deployments)} with what these models of {provider} do not take:"
            f" {refused}.",
            "Set litellm_settings.drop_params: true, or leave these parameters out.",
        )


def _database(found: ModelMap) -> Iterator[Finding]:
    if not found.database:
        yield Finding(
            "no-database",
            "info",
            "No database is set: the master key is the only key, and there are no budgets and no spend rows.",
            "Set general_settings.database_url: os.environ/DATABASE_URL (PostgreSQL) for virtual keys.",
            found.path,
        )
