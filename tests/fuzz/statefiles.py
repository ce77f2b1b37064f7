"""Every file that is read back, with content that another program, a crash or an attacker left there.

Each target is one reader and what is done with what it gives. Content is taken, set aside whole, or refused in words of this package; a
traceback, a hang or a lost byte is a finding.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fased_litellm import statefile
from fased_litellm.catalog import cache, definitions, selection
from fased_litellm.cli import localproxy as words
from fased_litellm.config import undo
from fased_litellm.config.files import filelock
from fased_litellm.config.interpolation import dotenv
from fased_litellm.doctor.verify.progress import Seen, VerifyProgress
from fased_litellm.errors import BudgetError, ConfigError, FasedError, SecretError, SecretStoreError
from fased_litellm.localproxy import diagnosis, logs
from fased_litellm.localproxy.control import LocalProxyStatus
from fased_litellm.localproxy.files import Files
from fased_litellm.paths import Paths
from fased_litellm.secrets import exec_answer, execsecret, filesecret, lookup, profiles
from fased_litellm.usage.budgets import store
from fased_litellm.usage.imports.sessions import store as sessions
from tests import statefolder

Try = Callable[[Path, bytes], str]
"""Puts content into a place of a state folder and has it read; says in a word what became of it, or raises."""


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: of the file.
        seeds: sound content.
        attempt: has content read.
        share: in a long run, one of so many contents is tried; for what takes as much longer.
    """

    name: str
    seeds: tuple[bytes, ...]
    attempt: Try
    share: int = 1


def _paths(folder: Path) -> Paths:
    return Paths(state=folder, config=folder / "fased.json", home=folder)


def _put(path: Path, data: bytes) -> None:
    """Put content there, where there is nothing else."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    statefile._said.clear()


def _kept(path: Path, data: bytes) -> bool:
    """Whether the content was set aside; it is there as it was, or else where it was put."""
    asides = list(path.parent.glob(f"{path.name}{statefile.MARK}*"))
    if not asides:
        return False
    (aside,) = asides
    assert aside.read_bytes() == data, "something else was set aside"
    return True


# ---- the local proxy


def _process(folder: Path, data: bytes) -> str:
    files = Files(_paths(folder).local_proxy)
    _put(files.process, data)
    found = files.read_process()
    assert (found is None) == _kept(files.process, data), "not taken, and not set aside"
    if found is None:
        assert not files.process.exists()
        return "set aside"
    assert found.pid > 1
    assert found.started
    status = LocalProxyStatus(True, True, found, ("default",), True, files)
    json.dumps(status.as_dict())
    assert words.described(status, now_ms=time.time() * 1000)
    files.write_process(found)
    assert files.read_process() == found
    return "taken"


def _master_key(folder: Path, data: bytes) -> str:
    files = Files(_paths(folder).local_proxy)
    _put(files.master_key, data)
    key = files.read_master_key()
    assert (key is None) == _kept(files.master_key, data)
    if key is not None:
        assert key.encode() == data.strip()
        assert "\n" not in key
    again = files.ensure_master_key()
    assert again == key or (key is None and again.startswith("sk-"))
    return "set aside" if key is None else "taken"


def _log(folder: Path, data: bytes) -> str:
    files = Files(_paths(folder).local_proxy)
    _put(files.log, data)
    lines = logs.tail(files.log, 50)
    assert list(logs.follow(files.log, 50, going_on=lambda: False)) is not None
    assert diagnosis.diagnose("\n".join(lines), status=1).cause
    assert files.log.read_bytes() == data
    return "read"


# ---- verification, models, budgets


def _ladder(folder: Path, data: bytes) -> str:
    path = _paths(folder).ladder
    _put(path, data)
    ladder = VerifyProgress(path, statefolder.BASE_URL)
    before = {rung.name for rung in ladder.now() if rung.reached}
    aside = _kept(path, data)
    try:
        rungs = ladder.climb(Seen(verified=("default", "strong")))
    except FasedError as error:
        return _refused(error, "newer", path, data)
    assert {rung.name for rung in rungs if rung.reached} >= before | {"alias", "second-alias"}
    assert [rung.as_dict() for rung in ladder.now()] == [rung.as_dict() for rung in rungs]
    return "set aside" if aside else "taken"


def _catalog(folder: Path, data: bytes) -> str:
    paths = _paths(folder)
    path = cache.file_of(paths, statefolder.BASE_URL)
    _put(path, data)
    catalog, problem = cache.read(paths, statefolder.BASE_URL)
    aside = _kept(path, data)
    if catalog is None:
        assert aside == (problem is None)
        assert aside or path.read_bytes() == data
        return "set aside" if aside else "of another release"
    assert not aside
    for facts in catalog.chat_models:
        json.dumps(definitions.to_definition(facts))
    for name in ("default", "gpt-5.5", "x" * 300):
        catalog.accepts(name)
        catalog.facts_for(name)
        selection.nearest_ids(catalog, name)
    assert catalog.age_s(datetime.now(UTC)) >= 0
    assert cache.age_text(catalog.age_s(datetime.now(UTC)))
    cache.save(paths, catalog)
    again = cache.load_last_good(paths, statefolder.BASE_URL)
    assert again is not None
    assert [facts.id for facts in again.models] == [facts.id for facts in catalog.models]
    return "taken"


def _budgets(folder: Path, data: bytes) -> str:
    path = _paths(folder).budgets
    _put(path, data)
    try:
        book = store.load(path)
    except BudgetError as error:
        # What is not understood lets no call through, so it stays.
        return _refused(error, str(path), path, data)
    assert all(amount > 0 for budget in book.budgets for amount in budget.limits.values())
    path.write_bytes(store.text_of(book))
    assert store.load(path) == book
    return "taken"


# ---- config and keys


def _backup(folder: Path, data: bytes) -> str:
    paths = _paths(folder / "config")
    _put(paths.config, statefolder.CONFIG.encode())
    (paths.state / "part.json5").write_text("{}")
    backup = paths.state / "fased.json.bak"
    backup.write_bytes(data)
    try:
        undo.plan(paths, {"LITELLM_API_KEY": statefolder.KEY}).diff()
        outcome = "taken"
    except ConfigError:
        outcome = "refused"
    assert backup.read_bytes() == data
    assert paths.config.read_bytes() == statefolder.CONFIG.encode()
    return outcome


def _profiles(folder: Path, data: bytes) -> str:
    paths = _paths(folder)
    path = paths.auth_profiles("main")
    _put(path, data)
    try:
        found = profiles.read(path)
    except SecretStoreError as error:
        return _refused(error, str(path), path, data)
    now_ms = time.time() * 1000
    lookup.profile_order({}, found, "litellm", now_ms=now_ms)
    for name, credential in found.profiles.items():
        credential.usable(now_ms)
        found.unusable_until_ms(name, now_ms)
        found.last_used_ms(name)
    change = profiles.upsert_api_key(found, "litellm:default", provider="litellm", key="sk-test-new-0123456789")
    again = profiles.parse(path, change.after)
    assert again.profiles["litellm:default"].value == "sk-test-new-0123456789"
    assert set(again.tree) >= set(found.tree), "a part of the file was lost"
    profiles.parse(path, profiles.remove(again, "litellm:default").after)
    return "taken"


def _file_secret(folder: Path, data: bytes) -> str:
    path = folder / "secrets" / "keys.json"
    _put(path, data)
    path.chmod(0o600)
    ref = {"source": "file", "provider": "k", "id": "/litellm/apiKey"}
    try:
        filesecret.resolve(ref, {"path": str(path)}, {})
    except SecretError as error:
        _clear(error)
        return "refused"
    return "taken"


def _exec_answer(_: Path, data: bytes) -> str:
    outcome = "refused"
    for json_only in (True, False):
        try:
            execsecret.value_in(data, "main/litellm:default", json_only=json_only, label="secrets.providers.k")
            outcome = "taken"
        except SecretError as error:
            _clear(error)
    return outcome


def _exec_request(_: Path, data: bytes) -> str:
    try:
        ids = exec_answer.ids_of(data)
    except SecretError as error:
        json.dumps(exec_answer.refusal(error))
        return "refused"
    exec_answer.answer(ids, lambda _: None)
    return "taken"


def _dotenv(folder: Path, data: bytes) -> str:
    found = dotenv.parse(data.decode("utf-8", "replace"))
    assert all(name.isidentifier() for name in found)
    return "read"


def _lock(folder: Path, data: bytes) -> str:
    path = folder / "locks" / "fased.json"
    lock = path.with_name("fased.json.lock")
    _put(lock, data)
    try:
        with filelock.locked(path, tries=2):
            outcome = "stale"
    except filelock.LockBusy:
        outcome = "held"
        assert lock.read_bytes() == data
    return outcome


def _sessions(folder: Path, data: bytes) -> str:
    path = folder / "sessions" / "sessions.json"
    _put(path, data)
    found, problem = sessions.read(str(path), "main")
    assert not (found.entries and problem)
    for entry in found.entries.values():
        assert found.find(entry.name) is not None
        assert len(entry.session_id) <= 255
        ".".join((*entry.about.names, entry.name)).encode()  # the ledger can hold it
        assert all(0 <= count < 2**63 for count in entry.tokens)
    assert path.read_bytes() == data
    return "refused" if problem else "taken"


def _refused(error: FasedError, word: str, path: Path, data: bytes) -> str:
    _clear(error)
    assert word in error.message
    assert path.read_bytes() == data, "the file was changed"
    return "refused"


def _clear(error: FasedError) -> None:
    assert error.message
    assert "Traceback" not in error.message
    assert "object at 0x" not in error.message
    assert len(error.message) < 5_000, "an error that quotes the file"


def _targets() -> dict[str, Target]:
    process = {"pid": 4711, "started": "boot:1", "port": 4000, "config": "/c.yaml", "started_at_ms": 1_795_219_200_000}
    reached = {"at": "2026-11-21T00:00:00Z", "by": "litellm/default"}
    climbed = {"verified": ["default"], "rungs": {"alias": reached}}
    model = {"id": "default", "mode": "chat", "contextWindow": 1000, "usdPerToken": {"input": "1E-6"}, "vision": True}
    catalog = {
        "version": 1,
        "baseUrl": statefolder.BASE_URL,
        "fetchedAt": "2026-11-21T00:00:00+00:00",
        "singleModel": False,
        "patterns": ["openai/*", "*x" * 30 + "*y"],
        "sources": ["/v1/models"],
        "notes": ["n"],
        "models": [model, {"id": "strong", "providers": ["openai"], "deployments": 2}],
    }
    budget = {"id": 1, "scope": {"agent": "main"}, "limits": {"daily": "5"}, "action": "stop", "timeZone": "UTC"}
    key = {"type": "api_key", "provider": "litellm", "key": statefolder.KEY}
    token = {"type": "token", "provider": "x", "tokenRef": {"source": "env", "id": "T"}, "expires": 1_795_219_200_000}
    stats = {"litellm:default": {"cooldownUntil": 1_795_219_200_000, "lastUsed": 5}}
    profile = {
        "version": 1,
        "profiles": {"litellm:default": key, "x:1": token},
        "order": {"litellm": ["litellm:default"]},
    }
    entry = {
        "sessionId": "s1",
        "sessionFile": "/a/s1.jsonl",
        "updatedAt": 1_795_219_200_000,
        "origin": {"provider": "telegram", "surface": "x"},
        "inputTokens": 10,
        "outputTokens": 5,
        "totalTokens": 15,
        "modelProvider": "litellm",
    }
    table: list[tuple[str, list[Any], Try]] = [
        ("process.json", [process], _process),
        ("ladder.json", [{"version": 1, "proxies": {statefolder.BASE_URL: climbed}}], _ladder),
        ("catalog", [catalog], _catalog),
        ("budgets.json", [{"version": 1, "nextId": 2, "budgets": [budget]}], _budgets),
        ("auth-profiles.json", [profile | {"usageStats": stats}], _profiles),
        ("file secret", [{"litellm": {"apiKey": statefolder.KEY}}], _file_secret),
        ("exec answer", [{"protocolVersion": 1, "values": {"main/litellm:default": "k"}, "errors": {}}], _exec_answer),
        ("exec request", [{"protocolVersion": 1, "provider": "k", "ids": ["a", "b"]}], _exec_request),
        ("lock", [{"pid": 4711, "createdAt": "2026-11-21T00:00:00Z"}], _lock),
        ("sessions.json", [{"agent:main:main": entry, "agent:ops:task:x": {"sessionId": "s2"}}], _sessions),
    ]
    found = [
        Target(name, tuple(json.dumps(seed).encode() for seed in seeds), attempt) for name, seeds, attempt in table
    ]
    log = b"\x1b[32mINFO\x1b[0m:     Started server process [1]\nTraceback (most recent call last):\n  File \"x\"\nKeyError: 'model'\n"
    texts: list[tuple[str, bytes, Try]] = [
        ("master-key", b"sk-test-0123456789\n", _master_key),
        ("proxy.log", log, _log),
        ("backup", statefolder.CONFIG.encode(), _backup),
        (".env", b"# keys\nexport LITELLM_API_KEY='sk-test-1' # here\nA: \"x\\ny\"\nB=`z`\n", _dotenv),
    ]
    found += [Target(name, (seed,), attempt) for name, seed, attempt in texts]
    return {target.name: target for target in found}


TARGETS = _targets()
