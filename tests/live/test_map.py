from __future__ import annotations

from pathlib import Path

import pytest

from fased_litellm.doctor.modelmap.first import first_config, write
from fased_litellm.doctor.modelmap.inspect import inspect
from fased_litellm.paths import Paths
from tests.live.conftest import StartProxy


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows the environment of a process")
def test_a_first_config_starts_litellm_and_the_map_sees_its_environment(
    tmp_path: Path, start_proxy: StartProxy
) -> None:
    path = tmp_path / "config.yaml"
    write(path, first_config(alias="default", model="openai/gpt-5.5"))
    proxy = start_proxy(config=path, env={"UNRELATED": "x"})
    try:
        status, models = proxy.get("/v1/models", key=proxy.master_key)
        assert (status, [model["id"] for model in models["data"]]) == (200, ["default"])

        env = {"HOME": str(tmp_path), "LITELLM_BASE_URL": proxy.url, "OPENAI_API_KEY": "sk-test-only-in-this-shell"}
        paths = Paths.from_env(env)
        from fased_litellm.config.load import load

        found = inspect(path, paths, load(paths, env), env=env)
    finally:
        proxy.stop()
    [deployment] = found.map.deployments
    assert (deployment.key.set_here, deployment.key.set_in_proxy) == (True, False)
    missing = next(finding for finding in found.findings if finding.code == "variable-missing")
    assert missing.severity == "error"
    assert found.map.master_key.is_set is True
