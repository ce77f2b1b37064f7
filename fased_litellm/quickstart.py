"""The whole path once, in a scratch folder, on a LiteLLM proxy of its own.

Each step is a command of this program, run as a user would run it, so what is shown is what it does. Nothing outside the
scratch folder is read or written, and no provider key is needed: the proxy's models are mocked by LiteLLM itself.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import FasedError
from .localproxy.control import DEFAULT_PORT, LocalProxy
from .localproxy.files import url
from .paths import Paths

BROKEN_KEY = "sk-broken-on-purpose"
"""Not a key of anything."""

_PASSED_ON = {"FASED_DEBUG"}
_OTHERS_PREFIXES = ("FASED_", "LITELLM_", "PI_CODING_AGENT_")


@dataclass(frozen=True, slots=True)
class QuickstartStep:
    """One command.

    Attributes:
        title: what is about to happen.
        words: what it does and why, in a sentence or two.
        arguments: the command without the program's name.
        status: the exit status that it has to have.
        broken_key: whether it runs with a key that the proxy does not know.
    """

    title: str
    words: str
    arguments: tuple[str, ...]
    status: int = 0
    broken_key: bool = False

    @property
    def command(self) -> str:
        """The command as one would type it."""
        before = f"LITELLM_API_KEY={BROKEN_KEY} " if self.broken_key else ""
        return before + shlex.join(("fased", *self.arguments))


@dataclass(frozen=True, slots=True)
class QuickstartResult:
    """How a step ended; ``output`` is empty where it went to the screen."""

    step: QuickstartStep
    status: int
    output: str

    @property
    def as_expected(self) -> bool:
        return self.status == self.step.status


def steps(port: int) -> tuple[QuickstartStep, ...]:
    """The steps, for a proxy on this port."""
    elsewhere = port != DEFAULT_PORT
    return (
        QuickstartStep(
            "Start a LiteLLM proxy",
            "A real LiteLLM on this machine, with three models and mock replies.",
            ("litellm", "up", "--mock", *(("--port", str(port)) if elsewhere else ())),
        ),
        QuickstartStep(
            "Set the agent up for it",
            "Asks the proxy, takes the key from LITELLM_API_KEY, and writes the agent's config; the key stays outside.",
            (
                *("onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"),
                *(("--custom-base-url", url(port)) if elsewhere else ()),
            ),
        ),
        QuickstartStep(
            "Discover its models",
            "Asks the proxy what it offers to this key, and writes the definitions into the config.",
            ("providers", "refresh", "--apply"),
        ),
        QuickstartStep(
            "Choose models by role",
            "A cheap model for small checks, the strong one for code; all else goes to the primary.",
            (
                *("agents", "models", "set", "--agent", "main"),
                *("--cheap-check", "litellm/fast-cheap-chat", "--coding", "litellm/gpt-5.5"),
            ),
        ),
        QuickstartStep(
            "Send a request",
            "For a task, from a channel, in a session: these names go on the receipt and into the usage history.",
            (
                *("litellm", "chat", "Summarise my mail."),
                *("--task", "digest", "--channel", "telegram", "--session", "s1"),
            ),
        ),
        QuickstartStep(
            "Send one by role",
            "The role picks the model.",
            (
                *("litellm", "chat", "Is this mail spam?", "--role", "cheap-check"),
                *("--task", "triage", "--channel", "slack", "--session", "s2"),
            ),
        ),
        QuickstartStep(
            "Fail on purpose",
            "A key which the proxy does not know: who refused, why, and what to do.",
            (
                *("litellm", "chat", "Does this work?"),
                *("--task", "digest", "--channel", "telegram", "--session", "s1"),
            ),
            status=1,
            broken_key=True,
        ),
        QuickstartStep(
            "See the usage",
            "Every call is a row in the local history, the failed one too. No prompt and no reply is kept.",
            ("usage", "--by", "agent,task,channel,session"),
        ),
        QuickstartStep("Stop the proxy", "Only the one that was started here.", ("litellm", "down")),
    )


class Quickstart:
    """The steps, one after the other, in one scratch folder.

    Args:
        folder: the scratch folder; it takes the place of the home folder.
        env: the environment, of which the steps get all but what would lead them out of the folder.
        port: port of the proxy; by default 4000, or a free one where that is taken.
    """

    def __init__(self, folder: Path, *, env: Mapping[str, str] | None = None, port: int | None = None) -> None:
        self.folder = folder
        self.port = free_port() if port is None else port
        self.steps = steps(self.port)
        self._env = environment(os.environ if env is None else env, folder)
        self._proxy = LocalProxy(Paths.from_env(self._env).local_proxy, self._env)

    def perform(self, step: QuickstartStep, *, capture: bool = False) -> QuickstartResult:
        """Run one step.

        Args:
            step: one of ``steps``; they build on each other.
            capture: keep the output instead of letting it go to the screen.

        Raises:
            FasedError: the program cannot be started.
        """
        env = dict(self._env)
        key = BROKEN_KEY if step.broken_key else self._proxy.files.read_master_key()
        if key:
            env["LITELLM_API_KEY"] = key
        command = [sys.executable, "-m", __package__, *step.arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture else None,
                stderr=subprocess.STDOUT if capture else None,
                check=False,
            )
        except OSError as error:
            raise FasedError(f"Cannot start {sys.executable}: {error.strerror}.") from error
        return QuickstartResult(step, done.returncode, (done.stdout or b"").decode(errors="replace"))

    def close(self) -> None:
        """Stop the proxy, if a step left it running."""
        if self._proxy.is_running():
            self._proxy.stop()


def environment(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of the steps: nothing of the user's own Fased and LiteLLM, and the scratch folder as home."""
    kept = {
        name: value
        for name, value in env.items()
        if name in _PASSED_ON or not name.upper().startswith(_OTHERS_PREFIXES)
    }
    return {**kept, "FASED_HOME": str(folder), "PYTHONSAFEPATH": "1"}


def free_port() -> int:
    """LiteLLM's usual port, or any other where something listens on that."""
    for port in (DEFAULT_PORT, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise FasedError("No port of 127.0.0.1 can be used.")
