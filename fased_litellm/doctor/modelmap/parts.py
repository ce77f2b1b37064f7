"""What a model map consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from ...documents import Doc, Number, TypedDict

_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|us-gov|global)\.")
KeyFrom = Literal["literal", "variable", "credential", "implied", "none", "cloud", "unread"]
"""Where a deployment's provider key comes from: in the file, ``os.environ/NAME``, a named credential, the variable which
LiteLLM reads for that provider by itself, nowhere, the cloud's own log-in, or a variable in a form which LiteLLM does not read."""


_Line = Annotated[Number, Doc("Line of the file, from 1.")]
_KeyFrom = TypedDict("_KeyFrom", {"from": KeyFrom})


class MapKey(_KeyFrom, TypedDict):
    """Where the provider key of a deployment comes from; never the key."""

    name: Annotated[str | None, Doc("The variable or the credential.")]
    variable: str | None
    setHere: Annotated[bool | None, Doc("In this shell.")]
    setInProxy: Annotated[bool | None, Doc("In the proxy's process; null where that cannot be seen.")]


class MapDeployment(TypedDict):
    """One entry of model_list. Numbers are as they stand in the file."""

    provider: str | None
    model: str
    key: MapKey
    apiBase: str | None
    priced: Annotated[bool | None, Doc("Null where it is not known.")]
    budget: str | None
    rpm: str | None
    tpm: str | None
    retries: str | None
    timeoutSeconds: str | None
    dropsParams: bool | None
    accessGroups: list[str]
    file: str
    line: _Line


FallbackKind = Literal["general", "context-window", "content-policy", "default"]


class MapFallback(TypedDict):
    """Which aliases stand in for one; the source ``*`` is every alias."""

    kind: FallbackKind
    source: str
    targets: list[str]
    line: _Line


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """The provider key of a deployment; never its value.

    Attributes:
        comes_from: where it comes from.
        name: the variable or credential; None where there is none.
        variable: the variable with the key, also behind a credential; None where there is none.
        set_here: whether the variable is set in this shell; None where there is no variable.
        set_in_proxy: the same in the environment with which the proxy's process was started; None where that cannot be seen.
        line: the line that says so.
    """

    comes_from: KeyFrom
    name: str | None = None
    variable: str | None = None
    set_here: bool | None = None
    set_in_proxy: bool | None = None
    line: int | None = None

    def as_dict(self) -> MapKey:
        return {
            "from": self.comes_from,
            "name": self.name,
            "variable": self.variable,
            "setHere": self.set_here,
            "setInProxy": self.set_in_proxy,
        }


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of ``model_list``: a place that answers for an alias.

    Attributes:
        alias: the name which clients ask for (``model_name``).
        provider: LiteLLM's name of the provider; None where the entry does not say.
        model: the provider's model.
        written: ``litellm_params.model`` as it stands in the file.
        key: the provider key.
        api_base: the endpoint, if one is set; a variable as ``os.environ/NAME``.
        priced: True if the file sets a price, or the proxy named one; False if the proxy knows none; None where that is not known.
        budget: such as ``USD 10 per 1d``; None for none.
        rpm, tpm: requests and tokens per minute; None for no limit.
        retries: ``num_retries``; None where the proxy's own applies.
        timeout_s: seconds.
        drops_params: whether parameters that the provider does not know are left out; None where the proxy's own applies.
        groups: access groups and the team that may call it.
        file, line: where the entry begins.
        base_model: which model it is where its name does not say, as at Azure (``model_info.base_model``).
    """

    alias: str
    provider: str | None
    model: str
    written: str
    key: ConfigKey
    api_base: str | None
    priced: bool | None
    budget: str | None
    rpm: str | None
    tpm: str | None
    retries: str | None
    timeout_s: str | None
    drops_params: bool | None
    groups: tuple[str, ...]
    file: str
    line: int
    base_model: str | None = None

    @property
    def true_model(self) -> str | None:
        """The model by its maker's name, as far as the file says; None where only a name given at Azure is known.

        Fact: Amazon Bedrock has ``us.``, ``eu.`` … in front where a model is served by several regions.
        """
        if self.base_model is None and self.provider in ("azure", "azure_text"):
            return None
        return _REGION.sub("", (self.base_model or self.model).rpartition("/")[2])

    def as_dict(self) -> MapDeployment:
        return {
            "provider": self.provider,
            "model": self.model,
            "key": self.key.as_dict(),
            "apiBase": self.api_base,
            "priced": self.priced,
            "budget": self.budget,
            "rpm": self.rpm,
            "tpm": self.tpm,
            "retries": self.retries,
            "timeoutSeconds": self.timeout_s,
            "dropsParams": self.drops_params,
            "accessGroups": list(self.groups),
            "file": self.file,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Fallback:
    """``source`` is answered by ``targets`` when it fails.

    Attributes:
        kind: ``general``, ``context-window``, ``content-policy`` or ``default`` (for every alias; ``source`` is ``*``).
    """

    kind: FallbackKind
    source: str
    targets: tuple[str, ...]
    file: str
    line: int

    def as_dict(self) -> MapFallback:
        return {"kind": self.kind, "source": self.source, "targets": list(self.targets), "line": self.line}


@dataclass(frozen=True, slots=True)
class Renaming:
    """``router_settings.model_group_alias``: ``name`` is another name for ``target``."""

    name: str
    target: str
    file: str
    line: int


MasterKeyFrom = Literal["literal", "variable", "environment", "none", "unread"]


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The proxy's own key; never its value.

    Attributes:
        comes_from: ``literal``, ``variable``, ``environment`` (``LITELLM_MASTER_KEY``, which LiteLLM reads by itself),
            ``unread`` (a variable in a form which LiteLLM does not read) or ``none``.
        weakness: why it is weak, as far as that can be seen; None if it is not.
        is_set: whether its variable is set in the proxy's process, or in this shell where that cannot be seen; None for no variable.
    """

    comes_from: MasterKeyFrom
    name: str | None = None
    weakness: str | None = None
    line: int | None = None
    is_set: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelMap:
    """The map of one LiteLLM config.

    Attributes:
        path: the main file.
        files: all files that were read.
        deployments: in the order of the file.
        renamings: further names for aliases.
        fallbacks: which alias stands in for which.
        retries, timeout_s: the proxy's own; None where LiteLLM's apply (two retries).
        budget: of the whole proxy.
        drops_params: whether parameters that a provider does not know are left out.
        database: whether the proxy has one (and so virtual keys, budgets and spend rows).
        master_key: the proxy's own key.
        variables: every ``os.environ/NAME`` of the files → the first line that names it.
    """

    path: str
    files: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    renamings: tuple[Renaming, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    retries: str | None = None
    timeout_s: str | None = None
    budget: str | None = None
    drops_params: bool = False
    database: bool = False
    master_key: MasterKey = field(default_factory=lambda: MasterKey("none"))
    variables: Mapping[str, int] = field(default_factory=dict)

    @property
    def aliases(self) -> dict[str, list[Deployment]]:
        """Alias → its deployments, in the order of the file."""
        found: dict[str, list[Deployment]] = {}
        for deployment in self.deployments:
            found.setdefault(deployment.alias, []).append(deployment)
        return found

    def offers(self, name: str) -> bool:
        """Whether the proxy answers to that name: an alias, another name for one, or one that a pattern covers."""
        names = set(self.aliases) | {renaming.name for renaming in self.renamings}
        return name in names or any(_covers(pattern, name) for pattern in names if "*" in pattern)

    def stands_in(self, alias: str) -> Iterator[Fallback]:
        """The fallbacks of an alias."""
        yield from (fallback for fallback in self.fallbacks if fallback.source in (alias, "*"))


def _covers(pattern: str, name: str) -> bool:
    # Fact: LiteLLM's wildcard rows, `openai/*` and `*`, have one star at most.
    head, _, tail = pattern.partition("*")
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
