"""Mutated configs: each is refused in clear words, or read and edited as JSON5 and the schema say. Nothing else may happen."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from fased_litellm.config import load, save
from fased_litellm.config.edits import DELETE, Edit, intended
from fased_litellm.config.json5.operations import same
from fased_litellm.errors import ConfigError, ConfigInvalid, ConfigSyntaxError
from fased_litellm.paths import Paths
from tests.json5library import BAD_NAME, agree

LIMIT_S = 60.0
"""Far above what any of these small texts needs, also while a loaded machine stands still; who is not done by then hangs."""

SEEDS = [
    """// mine
{
  models: { providers: { litellm: {
    baseUrl: 'http://localhost:4000', // here
    apiKey: '${LITELLM_API_KEY}', api: "openai-completions",
    request: { allowPrivateNetwork: true },
    models: [ { id: 'gpt-5.5', name: "Big", contextWindow: 200000, maxTokens: 8192, cost: { input: 1.25, output: 10 }, }, ],
  } } },
  agents: { defaults: { model: { primary: "litellm/gpt-5.5", fallbacks: ["litellm/small"] }, models: {} },
    list: [{ id: 'main', default: true, }, { id: "ops", taskModels: { cheapCheck: 'litellm/small' } }], },
  gateway: { port: 18789 },
  meta: { lastTouchedVersion: "1.0.0", lastTouchedAt: '2026-01-01T00:00:00.000Z' },
}
""",
    '{"models":{"providers":{"litellm":{"baseUrl":"http://h/v1","apiKey":{"source":"env","provider":"default","id":"K"},"models":[]}}}}',
    "{ $include: ['./part.json5', './part.json5'], env: { vars: { A_B: 'x' }, K: 'y' }, a: [1, -0x1F, .5e3, +NaN, -Infinity, null], }",
    "\ufeff{\r\n\t'quoted': \"a\\u0041\\x42\\\r\nb\", /* c\r\n */ unq\\u0041$_: true,\r\n}\r\n// end",
    "{}",
    "{ secrets: { providers: { k: { source: 'exec', command: '/bin/k', args: [] } } }, auth: { profiles: {}, order: { litellm: [] } } }",
]
PIECES: list[str] = [
    *"{}[]:,'\"\\/*\n\r\t 0-+.eE$_aZ",
    *[
        "//",
        "/*",
        "*/",
        "\\u",
        "\\x4",
        "\\\r\n",
        "\u2028",
        "\u2029",
        "\x00",
        "\ufeff",
        "\ud83d",
        "\U0001f600",
        "\x7f",
        "é",
        "\u200d",
    ],
    *[
        "__proto__",
        "constructor",
        "$include",
        "'./part.json5'",
        "'../x'",
        "${K}",
        "${NOPE}",
        "$${K}",
        "${",
        "NaN",
        "Infinity",
        "0x",
    ],
    *[
        "null",
        "true",
        "{a:",
        "[[",
        "]]",
        "{}",
        "[]",
        "1e999",
        "9" * 30,
        "9" * 400,
        "9" * 5000,
        "id:",
        "agent:",
        "models:",
        "litellm",
        "'a'.b",
        ",,",
    ],
]
PART = "{ b: { c: 1 }, models: { mode: 'merge' } } // included\n"


@dataclass
class Outcome:
    """What became of the configs, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class Hang(BaseException):
    """Not an ``Exception``, so that nothing on the way takes it for its own."""


def mutants(seed: int, count: int) -> Iterator[str]:
    """Texts that are mostly broken in one to six places; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(SEEDS)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            text = _mutated(text, chance)
        yield text


def _mutated(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice((0, 1, 1, 2, 5, 40)))
    kind = chance.randrange(12)
    if kind <= 2:
        return text[:start] + chance.choice(PIECES) + text[end if kind else start :]
    if kind == 3:
        return text[:start] + text[end:]
    if kind == 4:
        return text[:start] + text[start:end] * chance.choice((2, 3, 100)) + text[end:]
    if kind == 5:
        other = chance.choice(SEEDS)
        return text[:start] + other[chance.randrange(len(other)) :]
    if kind == 6:
        place = chance.randrange(len(text) + 1)
        return text[:place] + text[start:end] + text[place:]
    # What is JSON5 still, most of the time: another letter or digit, another blank.
    letters = [place for place, char in enumerate(text) if char.isalnum() or char == " "]
    if not letters:
        return text
    place = chance.choice(letters)
    new = chance.choice(("\n", "/*,*/", "//}\n")) if text[place] == " " else chance.choice("abz019_")
    return text[:place] + new + text[place + 1 :]


def run(folder: Path, seed: int, count: int) -> Outcome:
    """Try ``count`` configs in a folder of their own."""
    outcome = Outcome()
    paths = Paths(state=folder, config=folder / "fased.json", home=folder)
    (folder / "part.json5").write_text(PART)
    before = signal.signal(signal.SIGALRM, _hang)
    try:
        for text in mutants(seed, count):
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
            try:
                outcome.counts[_try(paths, text)] += 1
            except (Exception, Hang) as error:
                outcome.counts["failed"] += 1
                outcome.failures.append(f"seed {seed}: {type(error).__name__}: {error}\n{text!r}")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)
    finally:
        signal.signal(signal.SIGALRM, before)
    return outcome


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang(f"not done after {LIMIT_S} s")


def _try(paths: Paths, text: str) -> str:
    """What became of one config; raises what must not happen."""
    data = text.encode("utf-8", "surrogatepass")
    paths.config.write_bytes(data)
    try:
        snapshot = load.load(paths, {"K": "v", "LITELLM_API_KEY": "sk-test-1"})
    except ConfigSyntaxError as error:
        _check_clear(error)
        _check_refused_rightly(text, error)
        return "not JSON5"
    except ConfigError as error:
        _check_clear(error)
        assert "\ud83d" in text, "only half a surrogate pair cannot be read at all"
        return "not UTF-8"
    document = snapshot.document
    assert document is not None
    assert agree(document.value, _json5(text)), "json5 reads other values"
    for issue in snapshot.issues:
        assert issue.message, "an issue without a word"
    return _try_edit(snapshot, text)


def _try_edit(snapshot: load.ConfigSnapshot, text: str) -> str:
    edits = [
        Edit(("zz", "new"), {"id": "it's", "n": [1, None]}),
        Edit(("gateway", "port"), 1),
        Edit(("agents", "list"), DELETE),
    ]
    try:
        change = save.plan(snapshot, edits)
    except ConfigInvalid as error:
        _check_clear(error)
        return "invalid"
    except ConfigError as error:
        _check_clear(error)
        return "edit refused"
    save.commit(change)
    again = load.reload(snapshot)
    wanted = intended(snapshot.source, edits)
    found = {key: value for key, value in again.source.items() if key != "meta"}
    assert same(found, {key: value for key, value in wanted.items() if key != "meta"}), "the edit made something else"
    comments = [part for part in ("// mine", "// here", "/* c\r\n */", "// end") if part in text]
    assert all(part in (again.raw or "") for part in comments), "a comment was lost"
    assert not save.plan(again, edits).changed, "the same edit again changes something"
    return "edited"


def _check_clear(error: ConfigError) -> None:
    assert error.message, "no message"
    assert "Traceback" not in error.message
    assert "object at 0x" not in error.message


def _check_refused_rightly(text: str, error: ConfigSyntaxError) -> None:
    if "nested deeper" in error.reason or BAD_NAME in error.reason or "part.json5" in error.path:
        return
    try:
        _json5(text)
    except (ValueError, RecursionError):
        return
    raise AssertionError(f"json5 reads it: {error.reason}")


def _json5(text: str) -> object:
    import json5

    value: object = json5.loads(text)
    return value
