"""JSON Schema of ``fased litellm map --json``, for ``schemas/``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from ..findings import Severity
from ..jsonschema import DIALECT, Document, FindingPart
from .parts import KeyFrom

_LINE = Field(ge=1, description="Line of the file, from 1.")


class MapKey(Document):
    """Where the provider key of a deployment comes from; never the key."""

    from_: KeyFrom = Field(alias="from")
    name: str | None = Field(description="The variable or the credential.")
    variable: str | None
    set_here: bool | None = Field(description="In this shell.")
    set_in_proxy: bool | None = Field(description="In the proxy's process; null where that cannot be seen.")


class MapDeployment(Document):
    """One entry of model_list. Numbers are as they stand in the file."""

    provider: str | None
    model: str
    key: MapKey
    api_base: str | None
    priced: bool | None = Field(description="Null where it is not known.")
    budget: str | None
    rpm: str | None
    tpm: str | None
    retries: str | None
    timeout_seconds: str | None
    drops_params: bool | None
    access_groups: list[str]
    file: str
    line: Annotated[int, _LINE]


class MapFallback(Document):
    """Which aliases stand in for one; the source ``*`` is every alias."""

    kind: Literal["general", "context-window", "content-policy", "default"]
    source: str
    targets: list[str]
    line: Annotated[int, _LINE]


class MapAlias(Document):
    """A name that clients ask for, and what answers for it."""

    alias: str
    deployments: list[MapDeployment]
    fallbacks: list[MapFallback]


class MapMasterKey(Document):
    """Where the proxy's own key comes from; never the key."""

    from_: Literal["literal", "variable", "environment", "none", "unread"] = Field(alias="from")
    name: str | None


class MapProxy(Document):
    """What holds for the whole proxy."""

    master_key: MapMasterKey
    database: bool
    retries: str | None
    timeout_seconds: str | None
    budget: str | None
    drops_params: bool


class ModelMapDocument(Document):
    """The document of ``fased litellm map --json``."""

    model_config = ConfigDict(title="Model map")

    path: str
    files: list[str]
    aliases: list[MapAlias]
    further_names: dict[str, str]
    fallbacks: list[MapFallback]
    proxy: MapProxy
    findings: list[FindingPart] = Field(description="Worst first.")
    counts: dict[Severity, int]
    notes: list[str]


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    schema = ModelMapDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"model-map.schema.json": {"$schema": DIALECT, **schema}}
