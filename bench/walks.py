"""How many of the package's modules one call, one config edit and one line of a transcript pass through.

``python -m bench.walks``: a module counts if one of its functions runs; what is only imported does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .places import home_with_config, loopback

PROGRAM = """\
import sys, threading
found, package = set(), {package!r}

def seen(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(package) and code.co_name != "<module>":
        found.add(code.co_filename)

def watch():
    threading.setprofile(seen)
    sys.setprofile(seen)

{walk}
sys.setprofile(None)
sys.stderr.write(f"\\n{{len(found)}}\\n")
"""

WARM = """\
from fased_litellm import LiteLLMProvider
with LiteLLMProvider.from_config() as provider:
    provider.chat("Hello")
    watch()
    provider.chat("Hello")
"""
COMMAND = """\
from fased_litellm.cli import main
watch()
main({words!r})
"""


def count(tree: Path, env: dict[str, str], walk: str) -> int:
    """The modules of the package in ``tree`` that a walk passes through.

    Raises:
        RuntimeError: it failed.
    """
    program = PROGRAM.format(package=f"{tree / 'fased_litellm'}{os.sep}", walk=walk)
    words = [sys.executable, "-P", "-c", program]
    done = subprocess.run(words, env={**env, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return int(done.stderr.split()[-1])


def main(tree: Path) -> None:
    """Print the four counts."""
    with tempfile.TemporaryDirectory() as scratch, loopback(tell=False) as server:
        home = Path(scratch)
        env = home_with_config(home, server.url)
        sys.stdout.write(f"{count(tree, env, WARM):4} one call, after another one\n")
        for words in (["litellm", "chat", "Hello"], ["config", "set", "agents.defaults.timeoutSeconds", "60"]):
            sys.stdout.write(f"{count(tree, env, COMMAND.format(words=words)):4} fased {' '.join(words)}\n")
        sessions = home / ".fased" / "agents" / "main" / "sessions"
        sessions.mkdir(parents=True)
        (sessions / "s1.jsonl").write_text("\n".join(map(json.dumps, LINES)) + "\n", encoding="utf-8")
        words = ["usage", "import"]
        sys.stdout.write(f"{count(tree, env, COMMAND.format(words=words)):4} fased usage import, of one message\n")


T0 = "2026-11-20T10:00:00.000Z"
USAGE = {"input": 10, "output": 5, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 15, "reasoning": 2}
LINES = [
    {"type": "session", "version": 3, "id": "s1", "timestamp": T0, "cwd": "/"},
    {
        "type": "message",
        "id": "m1",
        "parentId": None,
        "timestamp": T0,
        "message": {
            "role": "assistant",
            "content": [{"type": "text", "text": "x"}],
            "api": "openai-completions",
            "provider": "litellm",
            "model": "default",
            "usage": USAGE,
            "stopReason": "stop",
            "timestamp": 1_795_168_800_000,
            "responseId": "chatcmpl-1",
        },
    },
]

if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
