from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from fased_litellm.provider.debouncer import Debouncer


class Counter:
    """Counts how often it was done, and can be waited for."""

    def __init__(self) -> None:
        self.done = threading.Semaphore(0)
        self.times = 0

    def __call__(self) -> None:
        self.times += 1
        self.done.release()


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def debouncer(counter: Counter) -> Iterator[Debouncer]:
    debouncer = Debouncer(counter, delay_s=0.05)
    yield debouncer
    debouncer.stop()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fased_litellm.provider.debouncer"]


def test_it_is_done_once_for_all_who_ask_in_time_and_again_for_who_asks_later(
    debouncer: Debouncer, counter: Counter
) -> None:
    for _ in range(2):
        for _ in range(10):
            debouncer.schedule()
        assert counter.done.acquire(timeout=30)
    assert counter.times == 2
    assert len(threads()) == 1


def test_who_asks_while_it_is_done_gets_another(counter: Counter) -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def action() -> None:
        begun.release()
        assert go_on.acquire(timeout=30)
        counter()

    debouncer = Debouncer(action, delay_s=0.0)
    debouncer.schedule()
    assert begun.acquire(timeout=30)
    debouncer.schedule()
    go_on.release(2)
    assert counter.done.acquire(timeout=30)
    assert counter.done.acquire(timeout=30)
    debouncer.stop()
    assert counter.times == 2


def test_what_has_not_begun_is_not_done_after_a_stop(counter: Counter) -> None:
    debouncer = Debouncer(counter, delay_s=3600.0)
    debouncer.schedule()
    debouncer.stop()
    assert counter.times == 0
    assert threads() == []


def test_it_can_be_asked_for_after_a_stop(debouncer: Debouncer, counter: Counter) -> None:
    debouncer.stop()
    debouncer.schedule()
    assert counter.done.acquire(timeout=30)
    debouncer.stop()
    assert threads() == []


def test_without_requests_the_thread_ends_until_the_next(counter: Counter) -> None:
    debouncer = Debouncer(counter, delay_s=0.0, idle_s=0.01)
    for _ in range(2):
        debouncer.schedule()
        assert counter.done.acquire(timeout=30)
        end = time.monotonic() + 30
        while threads():
            assert time.monotonic() < end, "the thread does not end"
            time.sleep(0.001)
    debouncer.stop()


def test_where_no_thread_can_be_started_nothing_happens(
    debouncer: Debouncer, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        debouncer.schedule()
    assert counter.times == 0
    debouncer.schedule()
    assert counter.done.acquire(timeout=30)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_handled_does_not_end_it_for_good(counter: Counter) -> None:
    failures = [RuntimeError("a defect")]

    def action() -> None:
        if failures:
            raise failures.pop()
        counter()

    debouncer = Debouncer(action, delay_s=0.0)
    debouncer.schedule()
    end = time.monotonic() + 30
    while threads():
        assert time.monotonic() < end, "the thread does not end"
        time.sleep(0.001)
    debouncer.schedule()
    assert counter.done.acquire(timeout=30)
    debouncer.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_thread_of_its_own(debouncer: Debouncer, counter: Counter) -> None:
    debouncer.schedule()
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            debouncer.schedule()
            ended = 0 if counter.done.acquire(timeout=30) else 1
            debouncer.stop()
        finally:
            os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert counter.done.acquire(timeout=30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_waits_for_what_has_begun() -> None:
    begun, ended = threading.Event(), threading.Event()

    def action() -> None:
        begun.set()
        time.sleep(0.05)
        ended.set()

    debouncer = Debouncer(action, delay_s=0.0)
    debouncer.schedule()
    assert begun.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if ended.is_set() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    debouncer.stop()
