"""Run ``fased litellm down`` on wrong records, with real signals. For a PID namespace of its own: elsewhere it does nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

OUTSIDE = sys.argv[1]
assert os.readlink("/proc/self/ns/pid") != OUTSIDE, "this is no namespace of its own"
assert os.getpid() == 1

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
COMMAND = [sys.executable, "-m", "fased_litellm", "litellm"]


def bystander(*arguments: str, session: bool) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([*SLEEP, *arguments], stdout=subprocess.PIPE, start_new_session=session)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def main() -> None:
    from fased_litellm.localproxy.ownprocess import start_time

    state = Path(os.environ["HOME"]) / ".fased"
    record = state / "litellm" / "proxy" / "process.json"
    record.parent.mkdir(parents=True)
    arguments = ("--config", "/x/config.yaml", "--host", "127.0.0.1", "--port", "4000")
    others = [bystander(session=False), bystander(session=True), bystander(*arguments, session=False)]
    records = [{"pid": pid, "started": None} for pid in (-1, 0, 1, -5, True, 1.0, "1", 2**31, 10**400, None)]
    records += [{"pid": pid, "started": start_time(1)} for pid in (-1, 0, 1, True)]
    records += [{"pid": other.pid, "started": start_time(other.pid)} for other in others]
    records += [{"pid": other.pid, "started": None} for other in others]
    for each in records:
        record.write_text(json.dumps({"port": 4000, "config": "/x/config.yaml", "started_at_ms": 1, **each}))
        done = subprocess.run([*COMMAND, "down"], capture_output=True, text=True, check=False)
        assert "was not running" in done.stdout, (each, done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (each, done.stderr)
        assert done.returncode == 0, (each, done.stderr)
        assert all(other.poll() is None for other in others), each
    ours = bystander(*arguments, session=True)
    known = {"pid": ours.pid, "started": start_time(ours.pid)}
    record.write_text(json.dumps({"port": 4000, "config": "/x/config.yaml", "started_at_ms": 1, **known}))
    done = subprocess.run([*COMMAND, "down", "--json"], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"stopped": True}, done
    assert ours.wait() != 0
    assert all(other.poll() is None for other in others)
    print("all alive")


main()
