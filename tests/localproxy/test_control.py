"""Starting and stopping, with a small program in the place of ``litellm``; the real one is in tests/live."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import control, ownprocess, process
from fased_litellm.localproxy.control import LocalProxy, Stopped, Wanted
from fased_litellm.localproxy.routes import MOCK_ROUTES
from tests.localproxy import standin
from tests.servers import FaultServers, free_port


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return standin.install(tmp_path, monkeypatch)


@pytest.fixture
def proxy(tmp_path: Path, program: Path) -> Iterator[LocalProxy]:
    local = LocalProxy(tmp_path / "state" / "proxy")
    yield local
    local.stop()


def test_start_status_stop(proxy: LocalProxy) -> None:
    port = free_port()
    waits: list[float] = []
    started = proxy.start(Wanted(MOCK_ROUTES, port=port), progress=waits.append)
    assert (started.running, started.ready, started.key_accepted) == (True, True, True)
    assert started.models == ("default", "gpt-5.5", "fast-cheap-chat")
    assert waits
    known = started.process
    assert known is not None
    assert known.url == f"http://127.0.0.1:{port}"
    document = LocalProxy(proxy.files.folder).status().as_dict()
    assert (document["running"], document["pid"], document["port"]) == (True, known.pid, port)
    key = proxy.files.read_master_key()
    assert key
    assert key not in json.dumps(document)
    assert proxy.files.log.stat().st_mode & 0o777 == 0o600

    with pytest.raises(LocalProxyError, match="running already"):
        proxy.start(Wanted(port=free_port()))

    assert proxy.stop() == Stopped(ended=True)
    assert ownprocess.start_time(known.pid) is None
    assert proxy.stop() == Stopped(ended=False)
    assert proxy.status().as_dict()["running"] is False


def test_the_models_of_last_time(proxy: LocalProxy) -> None:
    with pytest.raises(LocalProxyError, match="Which models"):
        proxy.start(Wanted(port=free_port()))
    proxy.start(Wanted(MOCK_ROUTES[:1], port=free_port()))
    key = proxy.files.read_master_key()
    proxy.stop()
    assert proxy.start(Wanted(port=free_port())).models == ("default",)
    assert proxy.files.read_master_key() == key


def test_a_process_which_was_not_started_here_is_not_stopped(proxy: LocalProxy) -> None:
    started = proxy.start(Wanted(MOCK_ROUTES, port=free_port())).process
    assert started is not None
    text = proxy.files.process.read_text()
    proxy.files.process.write_text(text.replace(started.started, "another boot:1"))
    stopped = proxy.stop()
    assert stopped.ended is False
    assert (
        stopped.stranger
        == f"Process {started.pid} is another program by now: it started at another time than the proxy."
    )
    assert ownprocess.start_time(started.pid) == started.started
    proxy.files.process.write_text(text)


def test_one_that_ended_by_itself_is_told_from_one_that_was_stopped(proxy: LocalProxy) -> None:
    known = proxy.start(Wanted(MOCK_ROUTES, port=free_port())).process
    assert known is not None
    ownprocess.end(known.pid, known.started, process.arguments(known.config, known.port))
    status = proxy.status()
    assert (status.running, status.process) == (False, known)
    assert proxy.start(Wanted(port=free_port())).ready


def test_a_taken_port(proxy: LocalProxy, fault_server: FaultServers) -> None:
    port = fault_server(b"").port
    with pytest.raises(LocalProxyError, match=f"Port {port} is taken") as caught:
        proxy.start(Wanted(MOCK_ROUTES, port=port))
    assert "--port" in str(caught.value.hint)
    assert proxy.files.read_process() is None


def test_a_start_that_fails_shows_the_last_words_and_leaves_nothing(proxy: LocalProxy, program: Path) -> None:
    program.write_text('#!/bin/sh\necho "Exception: Config file not found: /x.yaml"\nexit 3\n')
    with pytest.raises(LocalProxyError) as caught:
        proxy.start(Wanted(MOCK_ROUTES, port=free_port()))
    assert "status 3" in caught.value.message
    assert "Exception: Config file not found: /x.yaml" in caught.value.message
    assert "Likely cause: LiteLLM did not find the config file." in caught.value.message
    assert str(proxy.files.log) in str(caught.value.hint)
    assert proxy.files.read_process() is None


def test_one_that_never_gets_ready_is_ended(
    proxy: LocalProxy, program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(control, "START_TIMEOUT_S", 0.5)
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 600\n")
    with pytest.raises(LocalProxyError, match="not ready after"):
        proxy.start(Wanted(MOCK_ROUTES, port=free_port()))
    assert ownprocess.start_time(int((tmp_path / "pid").read_text())) is None


def test_ctrl_c_while_starting_ends_it(proxy: LocalProxy, program: Path, tmp_path: Path) -> None:
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 600\n")

    def interrupt(_: float) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        proxy.start(Wanted(MOCK_ROUTES, port=free_port()), progress=interrupt)
    assert ownprocess.start_time(int((tmp_path / "pid").read_text())) is None
    assert proxy.files.read_process() is None


def test_a_config_of_ones_own(proxy: LocalProxy, tmp_path: Path) -> None:
    with pytest.raises(LocalProxyError, match="There is no file"):
        proxy.start(Wanted(config=tmp_path / "nothing.yaml", port=free_port()))
    own = tmp_path / "own.yaml"
    own.write_text(json.dumps({"model_list": [{"model_name": "mine"}]}))
    status = proxy.start(Wanted(config=own, port=free_port()))
    assert status.models == ("mine",)
    assert status.process is not None
    assert status.process.config == str(own)
    assert not proxy.files.config.exists()


def test_only_one_at_a_time(proxy: LocalProxy) -> None:
    proxy.files.folder.mkdir(parents=True)
    lock = proxy.files.process.with_name(proxy.files.process.name + ".lock")
    lock.write_text(json.dumps({"pid": os.getpid()}))
    with pytest.raises(LocalProxyError, match="is at work"):
        proxy.stop()
    lock.unlink()
