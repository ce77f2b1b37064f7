"""A proxy that falls silent is not asked on and on: each question may take its whole time."""

from __future__ import annotations

from pathlib import Path

from fased_litellm.config.load import load
from fased_litellm.doctor.verify.run import VerifyRun
from fased_litellm.paths import Paths
from tests.servers import RESET, UNREAD, FaultServers, answer_json


def test_nothing_is_asked_after_the_way_broke_off(fault_server: FaultServers, tmp_path: Path) -> None:
    ready = answer_json(200, {"status": "healthy"}, {"connection": "close"})
    server = fault_server([UNREAD], [ready], [RESET])
    env = {"HOME": str(tmp_path), "LITELLM_BASE_URL": server.url, "LITELLM_API_KEY": "sk-test-silence"}
    paths = Paths.from_env(env)
    run = VerifyRun(load(paths, env), paths)
    outcome = run.go(run.named("litellm/default"), lambda _ref, _step: None)
    assert [(step.name, step.result) for step in outcome.verifications[0].steps][-1] == ("key", "failed")
    assert outcome.verifications[0].steps[-1].origin == "network"
    assert server.connections == 3
