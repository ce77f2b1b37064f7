"""What is examined: an installation, with its config as far as it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...catalog.facts import Catalog
from ...config.defaults import address_of, provider_of
from ...config.load import ConfigSnapshot, load
from ...config.schema.models import ProviderConfig
from ...errors import FasedError
from ...paths import Paths
from ...proxy.urls import normalize_base_url


@dataclass
class Subject:
    """An installation.

    Attributes:
        paths: its places.
        env: the environment of this process.
        offline: whether the proxy is left alone.
    """

    paths: Paths
    env: Mapping[str, str] = field(repr=False)
    offline: bool = False

    @cached_property
    def read(self) -> tuple[ConfigSnapshot | None, FasedError | None]:
        """The config, and why it cannot be read."""
        try:
            return load(self.paths, self.env), None
        except FasedError as error:
            return None, error

    @property
    def snapshot(self) -> ConfigSnapshot | None:
        """The config, if it holds apart from variables that are not set; else None."""
        snapshot, _ = self.read
        return snapshot if snapshot is not None and snapshot.usable else None

    @cached_property
    def provider(self) -> ProviderConfig | None:
        """The entry of the provider, configured or implied; None if the config cannot be used."""
        return provider_of(self.snapshot) if self.snapshot else None

    @cached_property
    def base_url(self) -> str | None:
        """The proxy's root; None where there is no usable one."""
        if self.snapshot is None:
            return None
        try:
            return normalize_base_url(address_of(self.snapshot))
        except FasedError:
            return None

    @cached_property
    def catalog(self) -> Catalog | None:
        """The models as the proxy last told them."""
        from ...catalog.cache import load_last_good

        if self.base_url is None:
            return None
        try:
            return load_last_good(self.paths, self.base_url)
        except FasedError:
            return None

    @property
    def allows_private(self) -> bool:
        return self.provider is not None and self.provider.allows_private_network

    @property
    def tree(self) -> Mapping[str, Any]:
        """The config before ``${VAR}``; empty if it cannot be read."""
        snapshot, _ = self.read
        return snapshot.source if snapshot is not None else {}
