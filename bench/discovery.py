"""Onboarding and discovery: whole commands, against the loopback server and, where one is named, a real proxy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .figures import Figure, Section, repeated
from .places import FASED, KEY, SLOWER, Run, bare, environment, home_with_config, loopback, run, slower

ROUNDS = 7
MANY = 10_000


def measure(scratch: Path) -> list[Section]:
    """Onboard and discover with 24 models, then discover and list 10,000."""
    figures = []
    with loopback(24) as server:
        figures += _onboard_and_discover(scratch, "24 models on 127.0.0.1", server.url, KEY)
    real, key = os.environ.get("LITELLM_PROXY_URL"), os.environ.get("LITELLM_MASTER_KEY")
    if real and key:
        figures += _onboard_and_discover(scratch, "a real LiteLLM proxy", real, key)
    else:
        figures.append(Figure("a real LiteLLM proxy", None, "s", note="not measured: LITELLM_PROXY_URL is not set"))
    how = f"Whole commands, {ROUNDS} times each, every time in an empty home. {SLOWER} They are 1 s and 0.5 s."
    return [Section("Onboarding and discovery", how, figures), _many(scratch)]


def _onboard_and_discover(scratch: Path, where: str, url: str, key: str) -> list[Figure]:
    home = scratch / "onboard"
    onboard: list[str | Path] = [
        FASED,
        "onboard",
        "--auth-choice",
        "litellm-api-key",
        "--non-interactive",
        "--accept-risk",
    ]
    flags = ["--litellm-api-key", key, "--custom-base-url", url, "--model", "default"]
    env = environment(home)
    onboarded, discovered, nothing = [], [], []
    for _ in range(ROUNDS):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        onboarded.append(run([*onboard, *flags], env, cwd=scratch))
        discovered.append(run([FASED, "providers", "refresh"], env, cwd=scratch))
        nothing.append(bare(env))
    longer = slower(nothing)
    return [
        repeated(f"`fased onboard`, {where}", _seconds(onboarded), "s", limit=1.0 * longer),
        repeated(f"`fased providers refresh`, {where}", _seconds(discovered), "s", limit=0.5 * longer),
    ]


def _many(scratch: Path) -> Section:
    home = scratch / "many"
    refreshed, listed, nothing = [], [], []
    with loopback(MANY) as server:
        env = home_with_config(home, server.url)
        for _ in range(ROUNDS):
            refreshed.append(run([FASED, "providers", "refresh"], env, cwd=scratch))
            listed.append(run([FASED, "models", "list", "--all"], env, cwd=scratch))
            nothing.append(bare(env))
    both = [first.seconds + second.seconds for first, second in zip(refreshed, listed, strict=True)]
    figures = [
        repeated("`fased providers refresh`: discovered and compared", _seconds(refreshed), "s"),
        repeated("`fased models list --all`: listed", _seconds(listed), "s"),
        repeated("both", both, "s", limit=2.0 * slower(nothing)),
        repeated("most memory, of the two", [one.peak_mb for one in (*refreshed, *listed)], "MB", limit=150.0),
    ]
    return Section(f"{MANY:,} models", f"Whole commands, {ROUNDS} times each. {SLOWER} It is 2 s.", figures)


def _seconds(runs: Sequence[Run]) -> list[float]:
    return [one.seconds for one in runs]
