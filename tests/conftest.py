"""Every test gets an empty home and an environment without the developer's own Fased, LiteLLM and provider variables."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import environment, signals
from tests.atlascount import pytest_runtest_logreport, pytest_unconfigure
from tests.servers import FaultServer, FaultServers, Script
from tests.sidebyside import (
    pytest_collection_modifyitems,
    pytest_xdist_make_scheduler,
    pytest_xdist_setupnodes,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_runtest_logreport",
    "pytest_unconfigure",
    "pytest_xdist_make_scheduler",
    "pytest_xdist_setupnodes",
]

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if environment.FOUND.get("CI") else "default")

signals.install()

# Here, and not in a fixture alone: modules of the package may look at the environment while they are imported.
for _name in [name for name in os.environ if environment.unwanted(name)]:
    del os.environ[_name]
# No test may reach the keyring of the person who runs it.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"


@pytest.fixture(autouse=True)
def _no_secrets_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test touched as a secret is not hidden in the texts of the next."""
    monkeypatch.setattr("fased_litellm.redaction._known", set())


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, which is also the working folder (Fased reads a ``.env`` file there)."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FASED_USAGE_TZ", "UTC")  # whatever the clocks of this machine show
    for name in ("USERPROFILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch) -> signals.Recorder:
    """Signals are recorded and not sent."""
    return signals.Recorder(monkeypatch)


@pytest.fixture
def fault_server() -> Iterator[FaultServers]:
    """Start servers that misbehave as told: ``fault_server([answer_json(200, {}), ...])``; see ``tests.servers``."""
    started: list[FaultServer] = []

    def start(*connections: Script | bytes, tls: bool | ssl.SSLContext = False) -> FaultServer:
        server = FaultServer(connections, tls=tls)
        started.append(server)
        return server

    yield start
    for server in started:
        server.close()
