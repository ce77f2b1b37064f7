"""The ``litellm`` process: find the program and start it detached; ``ownprocess`` knows it again and ends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .. import plainfile
from ..errors import LocalProxyError


def find_program() -> Path:
    """The ``litellm`` beside this Python, else the one on PATH, of which relative folders do not count.

    Raises:
        LocalProxyError: there is none.
    """
    beside = Path(sys.executable).parent / "litellm"
    folders = os.pathsep.join(folder for folder in os.get_exec_path() if os.path.isabs(folder))
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("litellm", path=folders)
    if found is None:
        raise LocalProxyError(
            "LiteLLM is not installed here: there is no program `litellm` beside this Python or on PATH.",
            hint="Install it with: pip install 'fased-litellm[proxy]'",
        )
    return Path(found)


def command_line(program: Path, config: Path, port: int) -> list[str]:
    """The command which starts the proxy. It is visible to every user of the machine, so no key is in it."""
    return [str(program), *arguments(str(config), port)]


def arguments(config: str, port: int) -> list[str]:
    """What follows the program in its command line; by this, among other things, its process is known again."""
    return ["--config", config, "--host", "127.0.0.1", "--port", str(port)]


def child_environment(env: Mapping[str, str], master_key: str, *, own_config: bool) -> dict[str, str]:
    """The environment of the proxy.

    Args:
        env: that of this process; the keys of the providers come from it.
        master_key: goes into ``LITELLM_MASTER_KEY``.
        own_config: whether we wrote the config. The database of some other program is then none of ours: the proxy
            would try to make its tables in it.
    """
    child = dict(env)
    if own_config:
        for name in ("DATABASE_URL", "DIRECT_URL", "DATABASE_URL_READ_REPLICA", "DATABASE_HOST"):
            child.pop(name, None)
    child["LITELLM_MASTER_KEY"] = master_key
    child["PYTHONUNBUFFERED"] = "1"  # the log is read while it is written
    # Start without asking the internet for prices and news, and without a .env which LiteLLM would look for beside
    # its own source files. All can be set otherwise outside.
    for name, value in {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_BLOG_POSTS": "True",
        "LITELLM_TELEMETRY": "False",
        "LITELLM_MODE": "PRODUCTION",
    }.items():
        child.setdefault(name, value)
    return child


def spawn(command: list[str], env: Mapping[str, str], *, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, so that it outlives us and our terminal, with its output in ``log``.

    Raises:
        LocalProxyError: it cannot be started.
    """
    try:
        descriptor = plainfile.open_file(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
    except OSError as error:
        raise LocalProxyError(f"Cannot write {log}: {error.strerror}.") from error
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalProxyError(f"Cannot start {command[0]}: {error.strerror}.") from error
    finally:
        os.close(descriptor)
