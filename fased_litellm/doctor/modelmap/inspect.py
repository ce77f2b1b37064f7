"""Look at a LiteLLM config as the agent's installation sees it: the file, the agent's config, the last-good catalog."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ...documents import Doc, TypedDict
from ...errors import ConfigError, FasedError
from ...paths import Paths
from ...refs import PROVIDER
from ..findings import Finding, FindingPart, Severity, counts, ordered
from .gatewayfile import read
from .parts import MapDeployment, MapFallback, MasterKeyFrom, ModelMap
from .proxyenv import names_in_proxy
from .reading import MapEnvironment, model_map
from .rules import judge

if TYPE_CHECKING:
    from ...config.load import ConfigSnapshot

NAMES = ("config.yaml", "litellm_config.yaml", "litellm.yaml", "config.yml")
"""Where a LiteLLM config is looked for in the working folder."""


class MapAlias(TypedDict):
    """A name that clients ask for, and what answers for it."""

    alias: str
    deployments: list[MapDeployment]
    fallbacks: list[MapFallback]


class MapMasterKey(TypedDict("_MasterKeyFrom", {"from": MasterKeyFrom})):
    """Where the proxy's own key comes from; never the key."""

    name: str | None


class MapProxy(TypedDict):
    """What holds for the whole proxy."""

    masterKey: MapMasterKey
    database: bool
    retries: str | None
    timeoutSeconds: str | None
    budget: str | None
    dropsParams: bool


class ModelMapDocument(TypedDict):
    """The document of ``fased litellm map --json``."""

    path: str
    files: list[str]
    aliases: list[MapAlias]
    furtherNames: dict[str, str]
    fallbacks: list[MapFallback]
    proxy: MapProxy
    findings: Annotated[list[FindingPart], Doc("Worst first.")]
    counts: dict[Severity, int]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A map and what is wrong with it; ``notes`` say what could not be taken into account."""

    map: ModelMap
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> ModelMapDocument:
        """The document of ``fased litellm map --json``."""
        found = self.map
        return {
            "path": found.path,
            "files": list(found.files),
            "aliases": [
                {
                    "alias": alias,
                    "deployments": [each.as_dict() for each in deployments],
                    "fallbacks": [fallback.as_dict() for fallback in found.stands_in(alias)],
                }
                for alias, deployments in found.aliases.items()
            ],
            "furtherNames": {renaming.name: renaming.target for renaming in found.renamings},
            "fallbacks": [fallback.as_dict() for fallback in found.fallbacks],
            "proxy": {
                "masterKey": {"from": found.master_key.comes_from, "name": found.master_key.name},
                "database": found.database,
                "retries": found.retries,
                "timeoutSeconds": found.timeout_s,
                "budget": found.budget,
                "dropsParams": found.drops_params,
            },
            "findings": [finding.as_dict() for finding in self.findings],
            "counts": counts(self.findings),
            "notes": list(self.notes),
        }


def find(folder: Path, paths: Paths) -> Path:
    """The config that is meant where none is named: in the working folder, else that of the local proxy.

    Raises:
        ConfigError: there is none.
    """
    from ...localproxy.files import Files

    for candidate in (*(folder / name for name in NAMES), Files(paths.local_proxy).config):
        if candidate.is_file():
            return candidate
    raise ConfigError(
        f"There is no LiteLLM config in {folder} (looked for {', '.join(NAMES)}), and no local proxy was set up.",
        hint="Name the file: fased litellm map PATH. Or begin one: fased litellm map --init config.yaml --model openai/gpt-5.5",
    )


def inspect(
    path: Path,
    paths: Paths,
    snapshot: ConfigSnapshot | None,
    *,
    env: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Inspection:
    """Read a config, hold it against the agent's, and judge it.

    Args:
        path: the LiteLLM config.
        paths: the installation.
        snapshot: the agent's config; None if it cannot be read.
        env: this shell's environment, ``os.environ`` by default.
        note: why there is no snapshot.

    Raises:
        ConfigError: the file cannot be read, or is none.
    """
    file = read(path)
    base_url, notes = _agent(snapshot)
    around = MapEnvironment(
        here=os.environ if env is None else env,
        in_proxy=names_in_proxy(paths, base_url, path),
        priced=_prices(paths, base_url),
    )
    found, problems = model_map(file, around)
    if not found.deployments:
        problems = (*problems, _empty(found))
    findings = ordered([*file.findings, *problems, *judge(found, file.root, _uses(snapshot, found))])
    return Inspection(found, findings, (*notes, *((note,) if note else ())))


def _empty(found: ModelMap) -> Finding:
    return Finding(
        "no-models",
        "warning",
        f"{found.path} offers no model (models may also be kept in the proxy's database).",
        "Add an entry to model_list; `fased litellm map --init` shows the form of one.",
        found.path,
    )


def _agent(snapshot: ConfigSnapshot | None) -> tuple[str | None, tuple[str, ...]]:
    """The proxy's address, and what is to be said."""
    if snapshot is None or not snapshot.valid:
        return None, ("The agent's config cannot be read, so what it uses was not compared.",)
    from ...config.defaults import provider_of
    from ...proxy.urls import normalize_base_url

    return normalize_base_url(provider_of(snapshot).base_url), ()


def _uses(snapshot: ConfigSnapshot | None, found: ModelMap) -> list[tuple[str, str]]:
    """What the agent's config uses: place, model id. Names of the file with an ``@`` are known as such."""
    if snapshot is None or not snapshot.valid:
        return []
    from ...roles.allowed import refs_in_use
    from ...roles.known import KnownNames

    names = {*found.aliases, *(renaming.name for renaming in found.renamings)}
    known = KnownNames(snapshot, listed=lambda: names)
    return [(place, ref.model) for place, ref in refs_in_use(snapshot, PROVIDER, known=known)]


def _prices(paths: Paths, base_url: str | None) -> Callable[[str], bool | None]:
    """Whether the proxy knew a price when its catalog was last fetched; not known for a model which it did not list."""
    if base_url is None:
        return lambda _: None
    from ...catalog.cache import load_last_good

    try:
        catalog = load_last_good(paths, base_url)
    except FasedError:
        catalog = None
    known = {} if catalog is None else {model.id: model.prices.known for model in catalog.models}
    return known.get
