"""Scratch homes, the loopback server, and programs run to their end."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEY = "sk-test-bench"
FASED = Path(sys.executable).parent / "fased"


def cache() -> Path:
    """Where programs to compare with are kept from one run to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fased-litellm-bench"


_CONFIG = """{
  // written by bench
  models: {
    providers: {
      litellm: {
        baseUrl: "URL",
        apiKey: "${LITELLM_API_KEY}",
        api: "openai-completions",
        request: { allowPrivateNetwork: true },
        models: [
          { id: "default", name: "LiteLLM Default", reasoning: true, input: ["text", "image"], contextWindow: 200000, maxTokens: 32000 },
          { id: "gpt-5.5", name: "GPT-5.5", reasoning: true, input: ["text", "image"], contextWindow: 1000000, maxTokens: 128000 },
        ],
      },
    },
  },
  agents: { defaults: { model: { primary: "litellm/default" } } },
}
"""


@dataclass(frozen=True, slots=True)
class Loopback:
    """A running ``bench.loopback``."""

    url: str
    lines: IO[str]


@contextmanager
def loopback(models: int = 24, *, delay_ms: float = 0.0, tell: bool = False) -> Iterator[Loopback]:
    """Run the loopback server for a while; a chat request is answered after ``delay_ms``."""
    command = [sys.executable, "-m", "bench.loopback", str(models), str(delay_ms), *(["--tell"] if tell else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Loopback(f"http://127.0.0.1:{int(process.stdout.readline())}", process.stdout)
        finally:
            process.kill()


def environment(home: Path, **changes: str) -> dict[str, str]:
    """The environment of a program with a home of its own, and nothing of the caller's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FASED_", "LITELLM_", "OPENAI_"))}
    return {**kept, "HOME": str(home), "NO_COLOR": "1", **changes}


def home_with_config(home: Path, url: str) -> dict[str, str]:
    """Write a config that names ``url``; gives the environment."""
    (home / ".fased").mkdir(parents=True, exist_ok=True)
    (home / ".fased" / "fased.json").write_text(_CONFIG.replace("URL", url))
    return environment(home, LITELLM_API_KEY=KEY)


@dataclass(frozen=True, slots=True)
class Run:
    """A program that has ended: seconds, and the most memory it had, in MB."""

    began: float
    seconds: float
    peak_mb: float


def run(command: Sequence[str | Path], env: Mapping[str, str], *, cwd: Path | None = None) -> Run:
    """Run a program to its end.

    Raises:
        RuntimeError: it failed; says its last line.
    """
    began = time.monotonic()
    with subprocess.Popen(
        [str(word) for word in command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {(said.strip().splitlines() or ['no message'])[-1]}")
    # macOS counts bytes here, Linux KiB.
    return Run(began, seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024))


BARE_MS = 13.0
SLOWER = (
    f"The targets are meant for a machine where bare Python takes {BARE_MS:.0f} ms; where `python3 -c pass` takes longer in"
    " the same minute, they are longer by that ratio."
)


def bare(env: Mapping[str, str]) -> float:
    """Milliseconds of a Python that does nothing."""
    return run([sys.executable, "-c", "pass"], env).seconds * 1000


def slower(bare_ms: Sequence[float]) -> float:
    """By how much this machine, with what else it does, is slower than the one that the targets are meant for; at least 1."""
    return max(1.0, statistics.median(bare_ms) / BARE_MS)
