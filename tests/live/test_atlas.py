"""Every case of the failure atlas, produced on a real proxy: the right cause and origin, and the words of the release.

The last line of the run says how many there were.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fased_litellm.doctor.atlas import CASES, Case
from fased_litellm.doctor.explain.explain import explain
from fased_litellm.localproxy.diagnosis import diagnose
from fased_litellm.redaction import redact
from tests import environment
from tests.live import atlasrecipes, proxies
from tests.live.atlasbench import Bench, Outcome
from tests.live.atlasrecipes import RECIPES
from tests.live.conftest import StartProxy, unavailable
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream
from tests.servers import free_port

RECORDED = (1, 108)
"""The releases whose words stand in the atlas."""
KEY = {"LITELLM_MASTER_KEY": "sk-test-0123456789abcdef0123456789abcdef"}
GOOD = "model_list: []\n"


@dataclass(frozen=True, slots=True)
class Start:
    """A start that fails.

    Attributes:
        variables: of its environment.
        config: the text of its config; None if there is no such file.
        port: the port; else a free one.
    """

    variables: Mapping[str, str] = field(default_factory=lambda: KEY)
    config: str | None = GOOD
    port: int | None = None


def starts(folder: Path, taken: int) -> dict[str, Start]:
    """Case → how it comes about."""
    guardrail = "guardrails: [{guardrail_name: g, litellm_params: {guardrail: no_such_file.Guard, mode: pre_call}}]\n"
    without = folder / "without"
    without.mkdir()
    (without / "backoff.py").write_text("raise ModuleNotFoundError(\"No module named 'backoff'\")\n")
    return {
        "start-without-master-key": Start({}),
        "start-with-empty-master-key": Start({"LITELLM_MASTER_KEY": ""}),
        "start-with-public-master-key": Start({"LITELLM_MASTER_KEY": "sk-1234"}),
        "start-fallbacks": Start(config=f"{GOOD}router_settings: {{fallbacks: {{a: [b]}}}}\n"),
        "start-fallbacks-number": Start(config=f"{GOOD}litellm_settings: {{fallbacks: 5}}\n"),
        "start-no-code": Start(config=GOOD + guardrail),
        "start-not-a-config": Start(config="model_list: [{model_name: a}]\n"),
        "start-not-yaml": Start(config="model_list: [a: b: c\n"),
        "start-no-config": Start(config=None),
        "start-dependency": Start({**KEY, "PYTHONPATH": str(without)}),
        "start-no-prisma": Start({**KEY, "DATABASE_URL": "postgresql://u:p@127.0.0.1:9/x"}),
        "start-port": Start(port=taken),
    }


@pytest.fixture(scope="module")
def atlas_proxy(
    start_proxy: StartProxy, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """A proxy without a database whose config has all that the cases need."""
    folder = tmp_path_factory.mktemp("atlas")
    proxy = start_proxy(config=atlasrecipes.write_config(folder, atlasrecipes.config(upstream)))
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def bench(atlas_proxy: Proxy) -> Iterator[Bench]:
    with Bench(atlas_proxy) as made:
        yield made


@pytest.fixture(scope="module")
def database_bench(proxy: Proxy) -> Iterator[Bench]:
    with Bench(proxy) as made:
        yield made


def named(*needs: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case.needs in needs]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case.name)


@named("proxy", "no-database")
def test_any_proxy(case: Case, bench: Bench) -> None:
    hold(case, bench)


@pytest.mark.database
@named("database")
def test_a_proxy_with_a_database(case: Case, database_bench: Bench) -> None:
    hold(case, database_bench)


def hold(case: Case, bench: Bench) -> None:
    if not bench.can(case):
        pytest.skip(f"this release does not show it: {case.earlier}")
    outcome = bench.produce(case)
    assert outcome.right, str(outcome)
    assert outcome.error is not None
    assert outcome.error.hint
    if bench.version[:2] == RECORDED:
        hold_words(outcome)


def hold_words(outcome: Outcome) -> None:
    """The atlas quotes the proxy rightly."""
    case, error = outcome.case, outcome.error
    assert error is not None
    said = max((words for words in case.wordings if redact(words) in error.message), key=len, default=None)
    assert said is not None, f"{case.wordings} is not in {error.message}"
    assert case.further in error.message
    if case.status is not None:
        assert (error.status, error.type) == (case.status, case.type)
        assert error.hint == case.remedy_for(said)


@pytest.mark.database
def test_the_proxy_with_a_database_fails_in_the_same_ways(database_bench: Bench) -> None:
    """The cases which need no database, as far as the given proxy has their models."""
    listed = {entry["id"] for entry in database_bench.client.get_json("/v1/models").body["data"]}
    chosen = [case for case in CASES if case.needs == "proxy" and RECIPES[case.name].alias in {*listed, None}]
    assert len(chosen) > 20
    outcomes = [database_bench.produce(case) for case in chosen if database_bench.can(case)]
    assert [str(outcome) for outcome in outcomes if not outcome.right] == []


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """Log and exit status of the starts that fail, a few at a time."""
    program = proxies.executable()
    if program is None:
        unavailable("litellm is not installed (pip install 'fased-litellm[proxy]')")
    folder = tmp_path_factory.mktemp("starts")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(3) as several:
        made = starts(folder, listener.getsockname()[1])
        return dict(
            zip(made, several.map(lambda name: _started(program, folder / name, made[name]), made), strict=True)
        )


def _started(program: str, folder: Path, start: Start) -> tuple[str, int]:
    folder.mkdir()
    if start.config is not None:
        (folder / "config.yaml").write_text(start.config)
    settings = {"HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_BLOG_POSTS": "True"}
    ended = subprocess.run(
        [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(start.port or free_port())],
        cwd=folder,
        env={**environment.clean(), **settings, **start.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )
    return ended.stdout, ended.returncode


@named("start")
def test_a_start_that_is_refused(case: Case, refused: dict[str, tuple[str, int]]) -> None:
    log, status = refused[case.name]
    if case.name == "start-no-prisma" and (shutil.which("prisma") or importlib.util.find_spec("prisma")):
        pytest.skip("prisma is installed here")
    assert case.message in log
    assert status != 0
    assert (diagnose(log, status=status).remedy, case.origin) == (case.remedy, "gateway")
    # The whole log, as somebody would pass it on, and nothing is made of it besides.
    assert {failure.cause for failure in explain(log.splitlines()).failures} == {case.cause}


def test_every_case_is_produced_somewhere(tmp_path: Path) -> None:
    real = [case for case in CASES if case.needs != "scripted"]
    assert len(real) >= 35
    assert {case.name for case in real} == RECIPES.keys() | starts(tmp_path, 0).keys()
