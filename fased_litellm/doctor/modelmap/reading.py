"""From the tree of a LiteLLM config to its model map."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ...redaction import remember
from ..findings import Finding
from . import entries, fallbacks
from .gatewayfile import GatewayFile
from .parts import ConfigKey, Deployment, MasterKey, ModelMap, Renaming
from .providers import CLOUD, KEY_VARIABLES, KEYLESS, provider_of
from .spellings import VARIABLE, is_variable, whole
from .yamltree import YamlNode

_SECRET_KEY = re.compile(
    r"(?i)(^|_)(api_?key|access_key|secret|secret_key|client_secret|password|passwd|master_key|salt_key|private_key"
    r"|access_token|auth_token|session_token|bearer_token|token)$"
)
_SECRET_HEADER = re.compile(r"(?i)(proxy-)?authorization|(x-)?([a-z]+-)*(api-key|auth-token|access-token)")
"""Names of HTTP headers, as in ``extra_headers``."""
_WITH_PASSWORD = re.compile(r"(?i)[a-z][a-z0-9+.-]*://[^/?#\s:@]*:(?!\$|os\.environ/)[^/?#\s@]+@")
"""A URL such as ``postgresql://user:password@host/db``."""
_NO_SECRET = re.compile(r"(?i)_per_token$|access_key_id$")
_SHORTEST_SECRET = 12
"""Shorter texts are placeholders for servers without keys, such as ``none``."""
_AZURE_LOGIN = {"azure_ad_token", "tenant_id", "client_id", "azure_username"}
"""Fact: with these LiteLLM logs in at Azure by Entra ID, and asks for no AZURE_API_KEY."""
_WEAK = {"sk-1234", "sk-master", "master", "password", "changeme"}
_SHORTEST = 20


@dataclass(frozen=True, slots=True)
class MapEnvironment:
    """What is known beside the file.

    Attributes:
        here: the environment of this shell; only whether a variable is set is looked at, and the master key's strength.
        in_proxy: names of the variables with which the proxy's process was started; None where that cannot be seen.
        priced: whether the proxy knows a price for an alias, as it last said; None where it was not asked.
    """

    here: Mapping[str, str]
    in_proxy: frozenset[str] | None = None
    priced: Callable[[str], bool | None] = lambda _: None


def model_map(file: GatewayFile, around: MapEnvironment) -> tuple[ModelMap, tuple[Finding, ...]]:
    """Read the map; what cannot be read is among the findings."""
    for node in _secrets(file.root):
        remember(node.text())
    reader = _Reader(file.root, around)
    deployments = tuple(reader.deployments())
    lists = file.root.get("litellm_settings"), file.root.get("router_settings")
    standing, problems = fallbacks.read(*lists)
    found = ModelMap(
        path=file.path,
        files=file.files,
        deployments=deployments,
        renamings=tuple(_renamings(lists[1])),
        fallbacks=tuple(standing),
        retries=_first(lists, "num_retries"),
        timeout_s=_first(lists, "request_timeout") or _first(lists, "timeout"),
        budget=_budget(lists[0]),
        drops_params=_truth(lists[0], "drop_params") or False,
        database=reader.has_database(),
        master_key=reader.master_key(),
        variables=_variables(file.root),
    )
    return found, (*reader.findings, *problems)


def literal_secrets(root: YamlNode) -> Iterator[tuple[str, YamlNode]]:
    """Keys and passwords that stand in the file itself, by their names."""
    for name, node in _named(root):
        text = node.text()
        if not text or text.startswith(VARIABLE) or is_variable(text, _SHORTEST_SECRET):
            continue
        by_name = (_SECRET_KEY.search(name) or _SECRET_HEADER.fullmatch(name)) and not _NO_SECRET.search(name)
        if _WITH_PASSWORD.match(text) or (by_name and (len(text) >= _SHORTEST_SECRET or name == "master_key")):
            yield name, node


class _Reader:
    def __init__(self, root: YamlNode, around: MapEnvironment) -> None:
        self._root = root
        self._around = around
        self.findings: list[Finding] = []
        block = root.get("environment_variables")
        self._block = {name for name, node in block.items() if node.text()} if block else set()
        self._credentials = {
            name: node
            for node in (root.get("credential_list") or YamlNode([], "", 0)).elements()
            if (name := _text(node, "credential_name"))
        }

    def deployments(self) -> Iterator[Deployment]:
        models = self._root.get("model_list")
        if models is None or not models.value:
            return  # LiteLLM takes an empty one for none
        if not isinstance(models.value, list):
            self._bad(models, "`model_list` must be a list.", "Begin each entry with `- model_name:`.")
            return
        for node in models.value:
            deployment = self._deployment(node)
            if deployment is not None:
                yield deployment

    def _deployment(self, node: YamlNode) -> Deployment | None:
        wrong = entries.problem(node)
        if wrong is not None:
            self._bad(node, *wrong)
            return None
        alias, params = _text(node, "model_name"), node.get("litellm_params")
        written = _text(params, "model")
        assert alias is not None
        assert params is not None
        assert written is not None
        api_base = _text(params, "api_base") or _text(params, "base_url")
        provider = provider_of(written, _text(params, "custom_llm_provider"), api_base)
        info = node.get("model_info")
        return Deployment(
            alias=alias,
            provider=provider,
            model=written.removeprefix(f"{provider}/") if provider else written,
            written=written,
            key=self._key(params, provider),
            api_base=api_base,
            priced=True if _prices(params) or _prices(info) else self._around.priced(alias),
            budget=_budget(params),
            rpm=_text(params, "rpm"),
            tpm=_text(params, "tpm"),
            retries=_text(params, "num_retries"),
            timeout_s=_text(params, "timeout"),
            drops_params=_truth(params, "drop_params"),
            groups=_groups(info),
            file=node.file,
            line=node.line,
            base_model=_text(info, "base_model") or _text(params, "base_model"),
        )

    def _key(self, params: YamlNode, provider: str | None) -> ConfigKey:
        named = _text(params, "litellm_credential_name")
        node = params.get("api_key")
        if named is not None and (node is None or not node.text()):
            credential = self._credentials.get(named)
            inside = credential.get("credential_values", "api_key") if credential else None
            key = self._key_of(inside) if inside else ConfigKey("credential", named)
            line = params.get("litellm_credential_name")
            return ConfigKey(
                "credential", named, key.variable, key.set_here, key.set_in_proxy, line.line if line else None
            )
        if node is not None and node.text():
            return self._key_of(node)
        names = {name for name, _ in params.items()}
        if provider in CLOUD or any(name.startswith(("aws_", "vertex_")) for name in names):
            return ConfigKey("cloud")
        if provider in ("azure", "azure_ai", "azure_text") and names & _AZURE_LOGIN:
            return ConfigKey("cloud")
        variable = KEY_VARIABLES.get(provider or "")
        if variable is None or provider in KEYLESS:
            return ConfigKey("none")
        return ConfigKey("implied", variable, variable, *self._set(variable))

    def _key_of(self, node: YamlNode) -> ConfigKey:
        text = node.text() or ""
        if (name := whole(text)) is not None:
            return ConfigKey("unread", name, line=node.line)
        if not text.startswith(VARIABLE):
            return ConfigKey("literal", line=node.line)
        name = text.removeprefix(VARIABLE)
        return ConfigKey("variable", name, name, *self._set(name), node.line)

    def _set(self, name: str) -> tuple[bool, bool | None]:
        """Whether a variable is set in this shell, and in the proxy's process."""
        inside = name in self._block
        in_proxy = self._around.in_proxy
        return inside or bool(self._around.here.get(name)), None if in_proxy is None else inside or name in in_proxy

    def has_database(self) -> bool:
        if _text(self._root.get("general_settings"), "database_url"):
            return True
        here, there = self._set("DATABASE_URL")
        return here if there is None else there

    def master_key(self) -> MasterKey:
        node = self._root.get("general_settings", "master_key")
        text = node.text() if node else None
        if not text:
            here, there = self._set("LITELLM_MASTER_KEY")
            if there or (there is None and here):
                return MasterKey(
                    "environment", "LITELLM_MASTER_KEY", _weakness(self._around.here.get("LITELLM_MASTER_KEY"))
                )
            return MasterKey("none")
        assert node is not None
        if (unread := whole(text)) is not None:
            return MasterKey("unread", unread, None, node.line)
        if not text.startswith(VARIABLE):
            return MasterKey("literal", None, _weakness(text), node.line)
        name = text.removeprefix(VARIABLE)
        here, there = self._set(name)
        return MasterKey(
            "variable", name, _weakness(self._around.here.get(name)), node.line, here if there is None else there
        )

    def _bad(self, node: YamlNode, message: str, remedy: str) -> None:
        self.findings.append(Finding("bad-entry", "error", message, remedy, node.file, node.line))


def _weakness(key: str | None) -> str | None:
    if not key:
        return None
    remember(key)
    if key in _WEAK:
        return "it is one that everybody knows"
    if not key.startswith("sk-"):
        return "it does not begin with sk-, which LiteLLM asks of a key"
    if len(key) < _SHORTEST:
        return f"it has {len(key)} characters"
    return None


def _renamings(router: YamlNode | None) -> Iterator[Renaming]:
    aliases = router.get("model_group_alias") if router else None
    for name, node in aliases.items() if aliases else ():
        target = node.text() or _text(node, "model")
        if target:
            yield Renaming(name, target, node.file, node.line)


def _named(node: YamlNode, name: str = "") -> Iterator[tuple[str, YamlNode]]:
    """Every scalar of a tree with the key that it stands under."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _named(child, key)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _named(child, name)
    else:
        yield name, node


def _secrets(root: YamlNode) -> Iterator[YamlNode]:
    return (node for _, node in literal_secrets(root))


def _variables(root: YamlNode) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, node in _named(root):
        if isinstance(node.value, str) and node.value.startswith(VARIABLE) and whole(node.value) is None:
            found.setdefault(node.value.removeprefix(VARIABLE), node.line)
    return found


def _text(node: YamlNode | None, name: str) -> str | None:
    entry = node.get(name) if node is not None else None
    return (entry.text() or None) if entry is not None else None


def _truth(node: YamlNode | None, name: str) -> bool | None:
    text = _text(node, name)
    return None if text is None else text.lower() == "true"


def _first(nodes: tuple[YamlNode | None, ...], name: str) -> str | None:
    # Fact: where both set it, LiteLLM's router takes its own.
    return next((text for node in reversed(nodes) if (text := _text(node, name))), None)


def _prices(node: YamlNode | None) -> bool:
    return node is not None and any(
        _text(node, f"{side}_cost_per_{unit}") for side in ("input", "output") for unit in ("token", "second")
    )


def _budget(node: YamlNode | None) -> str | None:
    amount = _text(node, "max_budget")
    duration = _text(node, "budget_duration")
    return None if amount is None else f"USD {amount}" + (f" per {duration}" if duration else "")


def _groups(info: YamlNode | None) -> tuple[str, ...]:
    if info is None:
        return ()
    groups = [text for node in (info.get("access_groups") or YamlNode([], "", 0)).elements() if (text := node.text())]
    team = _text(info, "team_id")
    return (*groups, f"team {team}") if team else tuple(groups)
