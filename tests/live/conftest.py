"""Fixtures for tests against a real LiteLLM proxy.

Given proxies are used where these are set: ``LITELLM_PROXY_URL``, ``LITELLM_MASTER_KEY``, ``LITELLM_NODB_URL``,
``FAKE_OPENAI_URL``, ``FAKE_OPENAI_LOG``. Without them a proxy of our own is started, once for the whole run and only if a
test asks for it; it has no database, so tests marked ``database`` are skipped then, or fail with
``FASED_TEST_REQUIRE_LIVE=1``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests import environment
from tests.live import proxies
from tests.live.configuration import config
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

StartProxy = Callable[..., Proxy]


_TOGETHER = {
    "own_proxy": "own proxy",
    "single_model_proxy": "proxy with a single model",
    "bench": "atlas",
    "refused": "starts that are refused",
    "mock_proxy": "port 4000",
    "proxy_4000": "port 4000",
}
"""Fixture → group of the tests which pytest-xdist gives to one process: a proxy is started once, and has one user at a time (a
provider's refusal makes it refuse others for some seconds), and one test at a time takes port 4000."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder ``live``, and name the group in which it runs."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("live")
            group = _group(item)
            if group is not None:
                item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str | None:
    given = {"proxy": "LITELLM_PROXY_URL", "nodb_proxy": "LITELLM_NODB_URL"}
    chosen = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    names = {*getattr(item, "fixturenames", ()), *(value for value in chosen if isinstance(value, str))}
    if item.get_closest_marker("database") or "outer" in names:  # a proxy before that proxy has it refuse others, too
        names.add("proxy")
    for name, group in _TOGETHER.items():
        if name in names:
            return group
    for name, variable in given.items():
        if name in names:
            return f"given {name}" if variable in environment.FOUND else _TOGETHER["own_proxy"]
    return None


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where the run was promised a proxy."""
    if environment.live_required():
        pytest.fail(f"{reason}, and FASED_TEST_REQUIRE_LIVE=1", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    """Tests marked ``database`` need a ``proxy`` with one."""
    if request.node.get_closest_marker("database") and not request.getfixturevalue("proxy").has_database:
        unavailable("the proxy has no database")


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """Our own OpenAI-compatible server, behind the proxies which the tests start."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="session")
def start_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProxy]:
    """Start a further proxy: ``start_proxy(config={…})``, ``start_proxy(config=Path(…), port=4000)`` or
    ``start_proxy(arguments=["--model", "openai/gpt-4o-mini"])``; also ``master_key`` and ``env``.

    It takes 10 to 20 s and 600 MB. All are stopped at the end of the run; ``.stop()`` does it earlier.
    """
    started: list[Proxy] = []

    def start(*, config: Any = None, arguments: tuple[str, ...] | list[str] = (), **options: Any) -> Proxy:
        if proxies.executable() is None:
            unavailable("litellm is not installed (pip install 'fased-litellm[proxy]')")
        folder = tmp_path_factory.mktemp("litellm")
        if config is not None:
            path = config if isinstance(config, Path) else folder / "config.yaml"
            if not isinstance(config, Path):
                path.write_text(json.dumps(config))  # JSON is YAML
            arguments = ["--config", str(path), *arguments]
        proxy = proxies.start(folder, arguments, **options)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.stop()


@pytest.fixture(scope="session")
def own_proxy(start_proxy: StartProxy, upstream: Upstream) -> Proxy:
    """A proxy of our own, without a database, with the models of ``tests.live.configuration``."""
    proxy = start_proxy(config=config(upstream.url))
    return _with_upstream(proxy, upstream)


@pytest.fixture(scope="session")
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """The proxy to test against: the one given by the environment (with a database, normally), else ``own_proxy``."""
    url = environment.FOUND.get("LITELLM_PROXY_URL")
    if url:
        return proxies.existing(url, environment.FOUND.get("LITELLM_MASTER_KEY", ""))
    own: Proxy = request.getfixturevalue("own_proxy")
    return own


@pytest.fixture(scope="session")
def nodb_proxy(request: pytest.FixtureRequest) -> Proxy:
    """A proxy without a database: the one given by the environment, else ``own_proxy``."""
    url = environment.FOUND.get("LITELLM_NODB_URL")
    if url:
        return proxies.existing(url, environment.FOUND.get("LITELLM_MASTER_KEY", ""))
    own: Proxy = request.getfixturevalue("own_proxy")
    return own


@pytest.fixture(scope="session")
def single_model_proxy(start_proxy: StartProxy, upstream: Upstream) -> Proxy:
    """``litellm --model openai/gpt-4o-mini``: one model, which answers to any name."""
    arguments = ["--model", "openai/gpt-4o-mini", "--api_base", f"{upstream.url}/v1"]
    return _with_upstream(start_proxy(arguments=arguments, env={"OPENAI_API_KEY": "sk-test-provider"}), upstream)


def _with_upstream(proxy: Proxy, upstream: Upstream) -> Proxy:
    proxy.upstream_url = upstream.url
    proxy.read_log = lambda: list(upstream.log)
    return proxy
