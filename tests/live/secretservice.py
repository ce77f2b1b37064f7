"""A Secret Service of its own for tests: gnome-keyring on a private D-Bus, with an empty home and a known password."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
START_TIMEOUT_S = 60


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class SecretService:
    """A running one.

    Attributes:
        env: what a program needs to find it.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def lock(self) -> None:
        """Lock the default keyring, as a log-out does."""
        with self._collection() as collection:
            collection.lock()

    def entries(self) -> dict[tuple[str, str], str]:
        """(service, user) → secret, of everything in it."""
        with self._collection() as collection:
            found = {}
            for item in collection.get_all_items():
                attributes = item.get_attributes()
                found[attributes["service"], attributes["username"]] = item.get_secret().decode()
            return found

    @contextlib.contextmanager
    def _collection(self) -> Iterator[Any]:
        import secretstorage

        with contextlib.closing(_connect(self.env["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            yield secretstorage.get_default_collection(bus)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[SecretService]:
    """Start one with its files in ``folder``, unlocked."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    env = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime), "PATH": os.environ["PATH"]}
    address = f"unix:path={runtime}/bus"
    with contextlib.ExitStack() as stack:
        # A config without service folders: the bus must not start a Secret Service by itself.
        bus = subprocess.Popen(
            ["dbus-daemon", "--nofork", f"--config-file={_config(folder, address)}"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, bus)
        _wait((runtime / "bus").exists)
        env["DBUS_SESSION_BUS_ADDRESS"] = address
        daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, daemon)
        assert daemon.stdin is not None
        daemon.stdin.write(b"a password")
        daemon.stdin.close()
        _wait(lambda: _is_there(address))
        yield SecretService(env)


def _config(folder: Path, address: str) -> Path:
    path = folder / "bus.conf"
    path.write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"'
        ' "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">'
        f"<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    return path


# The libraries are there where keyring has brought them, on Linux alone.


def _connect(address: str) -> Any:
    from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # it has no types

    return open_dbus_connection(address)


def _is_there(address: str) -> bool:
    import secretstorage
    from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]  # it has no types

    bus_itself = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    with contextlib.closing(_connect(address)) as bus:
        asked = new_method_call(bus_itself, "NameHasOwner", "s", ("org.freedesktop.secrets",))
        if not bus.send_and_get_reply(asked).body[0]:
            return False
        try:
            return not secretstorage.Collection(bus).is_locked()
        except secretstorage.ItemNotFoundException:
            return False


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "the Secret Service did not start"
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
