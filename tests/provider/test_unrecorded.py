"""A reply that was paid for reaches the caller, whatever becomes of its row; and the row is not given up while there is a way."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import CallContext
from fased_litellm.errors import BudgetError, CallError, LedgerError
from fased_litellm.provider.recorder import Recorder
from fased_litellm.provider.settings import Settings
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.store import database, spool
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.provider.test_budget_guard import BODY, BROKEN, STREAMED, WHO, WHOLE, Place
from tests.servers import READ, FaultServers, answer_json
from tests.usage.agreement import rows
from tests.usage.samples import sample


async def _achat(provider: Any) -> Any:
    async with provider:
        return await provider.achat("hi", context=WHO)


async def _astream(provider: Any) -> Any:
    async with provider, provider.astream("hi", context=WHO) as stream:
        async for _ in stream:
            pass
        return stream.reply


def _stream(provider: Any) -> Any:
    with provider.stream("hi", context=WHO) as stream:
        assert "".join(delta.text for delta in stream) == "Hello"
        return stream.reply


WAYS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda provider: provider.chat("hi", context=WHO),
    "stream": _stream,
    "achat": lambda provider: asyncio.run(_achat(provider)),
    "astream": lambda provider: asyncio.run(_astream(provider)),
}
way = pytest.mark.parametrize("way", WAYS)


@contextmanager
def no_write(number: int) -> Iterator[None]:
    """No line can be added to the spool, and no ledger be opened: the system says that error."""

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_append", fail)
        patch.setattr(database, "_open", fail)
        yield


@way
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES, errno.EDQUOT])
def test_the_reply_is_given_back_with_a_warning(
    number: int, way: str, tmp_path: Path, fault_server: FaultServers
) -> None:
    place = Place(tmp_path)
    provider = place.provider(fault_server([STREAMED if "stream" in way else WHOLE]))
    with no_write(number):
        reply = WAYS[way](provider)
    assert reply.text == "Hello"
    (warning,) = reply.receipt.warnings
    assert warning.startswith("This call is not in the usage history: ")
    assert os.strerror(number) in warning
    assert str(Spool.beside(place.paths.ledger).path) in warning
    provider.close()
    # Nothing was lost after all: it was tried once more when there was a way again.
    assert rows(place.paths.ledger, "SELECT call_id FROM call") == [(reply.receipt.call_id,)]


@way
def test_an_unexpected_error_costs_no_reply_either(
    way: str, tmp_path: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(Spool, "append", fail)
    monkeypatch.setattr(Ledger, "record", fail)
    with Place(tmp_path).provider(fault_server([STREAMED if "stream" in way else WHOLE])) as provider:
        reply = WAYS[way](provider)
        assert reply.text == "Hello"
        assert reply.receipt.warnings == (
            "This call is not in the usage history: RuntimeError: nobody thought of this.",
        )


@pytest.mark.parametrize("what", ["a file as the folder", "a folder as the ledger and the spool"])
def test_what_stands_in_the_way_is_named(what: str, tmp_path: Path, fault_server: FaultServers) -> None:
    place = Place(tmp_path)
    place.paths.state.mkdir()
    folder = place.paths.ledger.parent
    if what == "a file as the folder":
        folder.write_text("")
    else:
        place.paths.ledger.mkdir(parents=True)
        Spool.beside(place.paths.ledger).path.mkdir()
    with place.provider(fault_server([WHOLE])) as provider:
        reply = provider.chat("hi")
    assert reply.text == "Hello"
    assert str(folder) in reply.receipt.warnings[0]


@way
def test_the_failure_stays_the_failure(way: str, tmp_path: Path, fault_server: FaultServers) -> None:
    with (
        Place(tmp_path).provider(fault_server([BROKEN])) as provider,
        no_write(errno.ENOSPC),
        pytest.raises(CallError) as caught,
    ):
        WAYS[way](provider)
    assert caught.value.cause == "provider-error"
    assert "not in the usage history" in caught.value.receipt.warnings[0]


def test_rows_that_could_be_kept_nowhere_come_with_the_next_call(tmp_path: Path, fault_server: FaultServers) -> None:
    place = Place(tmp_path)
    with place.provider(fault_server([WHOLE, READ] * 4)) as provider:
        with no_write(errno.ENOSPC):
            lost = [provider.chat("hi").receipt.call_id for _ in range(3)]
        assert provider.recorder.unsaved == 3
        reply = provider.chat("hi")
        assert reply.receipt.warnings == ()
        assert provider.recorder.unsaved == 0
    kept = {one for (one,) in rows(place.paths.ledger, "SELECT call_id FROM call")}
    assert kept == {*lost, reply.receipt.call_id}


def test_rows_that_wait_in_memory_count_in_budgets(tmp_path: Path, fault_server: FaultServers) -> None:
    place = Place(tmp_path)
    server = fault_server([WHOLE, READ] * 4)
    with place.provider(server) as provider:
        with no_write(errno.ENOSPC):
            for _ in range(3):
                provider.chat("hi", context=WHO)
        place.budget("2.5")
        with pytest.raises(BudgetError, match=r"\$3\.00 of \$2\.50"):
            provider.chat("hi", context=WHO)
    assert len(server.requests) == 3


@way
def test_where_a_call_cannot_be_recorded_a_budget_that_stops_does(
    way: str, tmp_path: Path, fault_server: FaultServers
) -> None:
    """Else nothing would ever be spent under it: rows that are not written are in no sum."""
    place = Place(tmp_path)
    place.budget("2.5")
    server = fault_server([STREAMED if "stream" in way else WHOLE])
    with place.provider(server) as provider, no_write(errno.ENOSPC), pytest.raises(BudgetError) as caught:
        WAYS[way](provider)
    assert "nothing was sent" in caught.value.message
    assert "No space left on device" in caught.value.message
    assert "--action warn" in (caught.value.hint or "")
    assert server.requests == []


def test_where_a_call_cannot_be_recorded_a_budget_that_warns_lets_it_pass(
    tmp_path: Path, fault_server: FaultServers
) -> None:
    place = Place(tmp_path)
    place.budget("2.5", "warn")
    with place.provider(fault_server([WHOLE])) as provider, no_write(errno.ENOSPC):
        reply = provider.chat("hi", context=WHO)
    assert reply.text == "Hello"
    assert any("not in the usage history" in warning for warning in reply.receipt.warnings)


def test_looking_for_room_leaves_the_spool_as_it_was(tmp_path: Path) -> None:
    waiting = Spool(tmp_path / "usage.spool.jsonl")
    for _ in range(2):
        waiting.require_room()
        before = waiting.path.read_bytes()
        waiting.append(sample(f"c{len(before)}"))
    assert [record.call_id for record in waiting.records()] == ["c0", f"c{len(before)}"]
    assert b"\n\n" not in waiting.path.read_bytes()


def test_a_program_that_was_stopped_with_the_spool_in_hand_holds_up_no_reply(
    tmp_path: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(spool, "_PATIENCE_S", 0.05)
    place = Place(tmp_path)
    path = Spool.beside(place.paths.ledger).path
    path.parent.mkdir(parents=True)
    with open(path, "ab") as held, place.provider(fault_server([WHOLE])) as provider:
        fcntl.flock(held, fcntl.LOCK_EX)
        reply = provider.chat("hi")
        assert reply.text == "Hello"
        # The ledger took the row instead.
        assert reply.receipt.warnings == ()
        assert rows(place.paths.ledger, "SELECT call_id FROM call") == [(reply.receipt.call_id,)]
        fcntl.flock(held, fcntl.LOCK_UN)


def test_a_file_that_may_not_grow(tmp_path: Path, fault_server: FaultServers) -> None:
    """The limit of a process on the size of files, as services have it: the system says EFBIG in place of ENOSPC."""
    place = Place(tmp_path)
    place.provider(fault_server([WHOLE])).close()  # writes the config
    program = (
        "import sys\n"
        "from fased_litellm import LiteLLMProvider\n"
        "with LiteLLMProvider.from_config() as provider:\n"
        "    reply = provider.chat('hi')\n"
        "    print(reply.text, *reply.receipt.warnings, sep='|')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **place.env},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello|This call is not in the usage history: ")
    assert "File too large" in done.stdout


def test_many_threads_lose_no_row_while_the_disk_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "litellm" / "usage.sqlite3"
    recorder = Recorder(path, delay_s=3600.0)
    full = True
    real = spool._append

    def append(*arguments: Any) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*arguments)

    def work(name: str) -> None:
        for number in range(50):
            recorder.record(sample(f"{name}-{number}"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_append", append)
        patch.setattr(Ledger, "record", lambda *_: (_ for _ in ()).throw(LedgerError("no")))
        threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            full = not full
            time.sleep(0.001)
        for thread in threads:
            thread.join()
        full = False
        recorder.close()
    assert recorder.unsaved == 0
    assert rows(path, "SELECT count(*) FROM call") == [(200,)]


HOSTILE = ["9" * 20, "9" * 5000, "1e400", "-1", "nan", "1_0", "\u0665", "0x10", "1e5", "999999.999999"]


@pytest.mark.parametrize("number", HOSTILE)
def test_figures_that_no_ledger_takes_cost_no_reply(number: str, tmp_path: Path, fault_server: FaultServers) -> None:
    names = (
        "x-litellm-response-cost",
        "x-litellm-attempted-retries",
        "x-litellm-attempted-fallbacks",
        "x-litellm-response-duration-ms",
        "x-litellm-overhead-duration-ms",
        "x-litellm-key-spend",
        "x-litellm-key-max-budget",
    )
    if not number.isascii():
        number = number.encode().decode("latin-1")
    for name in names:
        place = Place(tmp_path / name)
        tmp_path.joinpath(name).mkdir()
        with place.provider(fault_server([answer_json(200, BODY, {name: number})])) as provider:
            assert provider.chat("hi", context=CallContext()).text == "Hello"
        assert rows(place.paths.ledger, "SELECT count(*) FROM call") == [(1,)]


def test_a_price_that_makes_a_fortune_of_a_call_costs_no_reply(
    tmp_path: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    usage = {"prompt_tokens": 10**12, "completion_tokens": 10**12}
    monkeypatch.setattr(Settings, "prices", lambda *_: Prices(Decimal(1), Decimal(1)))
    with place.provider(fault_server([answer_json(200, BODY | {"usage": usage})])) as provider:
        reply = provider.chat("hi")
    assert (reply.text, reply.receipt.cost_usd, reply.receipt.cost_source) == ("Hello", None, "unknown")
    assert rows(place.paths.ledger, "SELECT total_tokens, cost_pico FROM call") == [(2 * 10**12, None)]


def test_prices_that_cannot_be_read_cost_no_reply(
    tmp_path: Path, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "catalog.json")

    monkeypatch.setattr(Settings, "prices", fail)
    with Place(tmp_path).provider(fault_server([answer_json(200, BODY)])) as provider:
        assert provider.chat("hi").text == "Hello"
