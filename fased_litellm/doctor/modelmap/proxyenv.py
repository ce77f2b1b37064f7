"""Which variables are set in the process of a proxy on this machine: names alone, never a value.

Linux shows the environment with which a process was started to its owner. What the process set later, for instance from a
``.env`` file, is not in it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ...net.addresses import is_loopback_url
from ...paths import Paths

_LISTENING = "0A"
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_PROC = Path("/proc")


def names_in_proxy(paths: Paths, base_url: str | None, config: Path | None = None) -> frozenset[str] | None:
    """The names of the variables that are set and not empty; None if no proxy of this machine can be looked into.

    Args:
        paths: the installation, whose local proxy is looked at first.
        base_url: where the agent's proxy is; it counts if that is a port of this machine.
        config: the LiteLLM config; a proxy that was started with another one says nothing of it.
    """
    for pid in _candidates(paths, base_url):
        with contextlib.suppress(OSError):
            if config is not None and _has_another(pid, config):
                continue
            entries = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
            pairs = (entry.partition(b"=") for entry in entries)
            return frozenset(os.fsdecode(name) for name, _, value in pairs if name and value)
    return None


def _has_another(pid: int, config: Path) -> bool:
    """Whether a process was started with ``--config`` of a file that is not this one."""
    words = [os.fsdecode(word) for word in (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")]
    for place, word in enumerate(words):
        flag, _, value = word.partition("=")
        if flag in ("--config", "-c"):
            named = value or (words[place + 1] if place + 1 < len(words) else "")
            theirs = Path(os.readlink(_PROC / str(pid) / "cwd")) / named
            if theirs.is_file():
                return not theirs.samefile(config)
    return False


def _candidates(paths: Paths, base_url: str | None) -> Iterator[int]:
    from ...localproxy.control import LocalProxy

    port = _local_port(base_url)
    local = LocalProxy(paths.local_proxy)
    known = local.files.read_process()
    if known is not None and local.is_running() and port in (None, known.port):
        yield known.pid
    if port is not None:
        yield from _owners(_sockets(port))


def _local_port(base_url: str | None) -> int | None:
    if base_url is None or not is_loopback_url(base_url):
        return None
    parts = urlsplit(base_url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _sockets(port: int) -> set[str]:
    """The inodes of the sockets that listen on a port."""
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if len(fields) > 9 and fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found


def _owners(inodes: set[str]) -> Iterator[int]:
    if not inodes or not _PROC.is_dir():
        return
    for process in _PROC.iterdir():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    match = _SOCKET.fullmatch(os.readlink(descriptor))
                    if match and match[1] in inodes:
                        yield int(process.name)
                        break
