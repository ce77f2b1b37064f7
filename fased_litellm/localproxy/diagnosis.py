"""Why a start failed: the proxy's own last words, and what they mean."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

_SHOWN_LINES = 8
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOISE = re.compile(
    r"^\s*$|^\s*[\^~]+\s*$|^  File |^Traceback |Give Feedback|Thank you for using|Waiting for application shutdown"
    r"|Waiting for application startup|Started server process|trusted_proxy_ranges"
    r"|Application shutdown complete|^\s*[#╔╚║█]|Application startup failed"
)


@dataclass(frozen=True, slots=True)
class StartCause:
    """Why a proxy does not start.

    Attributes:
        name: short name.
        words: pattern in its log.
        cause: the likely cause, in words.
        remedy: what to do.
        sure: whether the words mean this in any log, not only in that of a start which failed.
    """

    name: str
    words: str
    cause: str
    remedy: str
    sure: bool = True


START_CAUSES = (
    StartCause(
        "start-master-key",
        r"no master key is set|master key (?:is|was) (?:not set|publicly known)|refused to start: .*master key",
        "LiteLLM wants a master key and got none, or a publicly known one.",
        "Take `general_settings.master_key` out of the config, so that the key made here is used, or set a key of your own.",
    ),
    StartCause(
        "start-port",
        r"address already in use|Errno (?:98|48)\b",
        "Another program took the port meanwhile.",
        "Choose another one with --port.",
    ),
    StartCause(
        "start-no-config",
        r"Config file not found|No such file or directory: .*ya?ml",
        "LiteLLM did not find the config file.",
        "Check the path passed to --config.",
    ),
    StartCause(
        "start-not-yaml",
        r"yaml\.\w+\.\w*Error|ScannerError|ParserError",
        "The config file is not YAML.",
        "Correct the line which is named above.",
    ),
    StartCause(
        "start-fallbacks",
        # Fact: what LiteLLM's router says of fallbacks, seen on 1.108.7.
        r"ValueError: Item '.*' is not a dictionary\.|Dictionary '.*' must have exactly one key"
        r"|Fallbacks for '.*' must be a list of model names|default_fallbacks must be a list of model names"
        # What is no list at all is not named: `fallbacks: 5` ends with "'int' object is not iterable" in this function.
        r"|\bin validate_fallbacks\b",
        "The fallbacks of the config have a form that LiteLLM's router refuses.",
        "Write a list with one mapping for each alias, `fallbacks: [{ALIAS: [FALLBACK]}]`; `fased litellm map FILE` shows the line.",
    ),
    StartCause(
        "start-no-code",
        r"ImportError: Could not import \S+ from \S+",
        "The config names code of your own (a callback, a guardrail, a custom authentication) that LiteLLM does not find.",
        "Put the .py file beside the config, and name it as FILE.NAME, without `.py`.",
    ),
    StartCause(
        "start-not-a-config",
        r"KeyError: '(?:litellm_params|model_name|model)'|'(?:str|list|NoneType|int|float|bool|dict)' object |validation errors? for",
        "The config file is YAML, but not a LiteLLM config.",
        "It needs `model_list`, with `model_name` and `litellm_params.model` in each entry.",
        sure=False,
    ),
    StartCause(
        "start-dependency",
        r"Missing dependency|No module named|needs to be imported",
        "LiteLLM is installed without what its proxy needs.",
        "Install it with: pip install 'fased-litellm[proxy]'",
        sure=False,
    ),
    StartCause(
        "start-no-prisma",
        r"prisma CLI is neither",
        "A database is configured, and LiteLLM is installed without what it needs for one.",
        "Take `general_settings.database_url` and DATABASE_URL away, or install it with: pip install 'litellm[extra_proxy]'",
    ),
    StartCause(
        "start-database",
        r"Prisma|DATABASE_URL|P1001|(?i:database .*(?:refused|unreachable|cannot be))",
        "LiteLLM does not reach its database.",
        "Correct DATABASE_URL or `general_settings.database_url`, or leave both out: the proxy runs without a database.",
        sure=False,
    ),
    StartCause(
        "start-memory",
        r"MemoryError|Cannot allocate memory",
        "There is not enough memory.",
        "LiteLLM takes about 600 MB.",
    ),
)
"""The first that fits counts, so the surer ones stand first.

Fact: the texts were read from LiteLLM 1.106, each failure produced for real.
"""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a failed start left: the last lines of its log, the likely cause, the remedy."""

    last_words: str
    cause: str
    remedy: str


def diagnose(log: str, *, status: int | None) -> Diagnosis:
    """Read the log of a start that failed.

    Args:
        log: the log, or its end.
        status: what the process ended with, negative for a signal; None if it still ran.
    """
    plain = _COLOUR.sub("", log)
    words = last_words(plain)
    for known in START_CAUSES:
        if re.search(known.words, plain):
            return Diagnosis(words, known.cause, known.remedy)
    if status == -signal.SIGKILL:
        cause, remedy = "The system killed it, most likely for want of memory.", "LiteLLM takes about 600 MB."
    elif status is not None and status < 0:
        cause, remedy = f"It was ended by signal {-status}.", "Start it again."
    else:
        cause, remedy = "The cause is not one of those known here.", "The whole log: `fased litellm logs`."
    return Diagnosis(words, cause, remedy)


def last_words(log: str, lines: int = _SHOWN_LINES) -> str:
    """The last lines of a log that say something: no colours, no frames of a traceback, no banner."""
    kept: list[str] = []
    in_frame = False
    for line in _COLOUR.sub("", log).splitlines():
        if line.startswith("  File "):
            in_frame = True
        elif not line.startswith("    "):
            in_frame = False
        if not in_frame and not _NOISE.search(line):
            kept.append(line.rstrip()[:300])
    return "\n".join(kept[-lines:])
