"""Checks the soft budgets before each attempt of a call.

Without a file of budgets that costs one system call, and nothing of the budgets is imported.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from ..paths import Paths
from .call import Call, limits
from .recorder import Recorder

if TYPE_CHECKING:
    import asyncio

    from ..usage.budgets.check import Busy, Checker
    from ..usage.budgets.estimate import EstimatedCall
    from ..usage.budgets.reservation import Owner
    from ..usage.budgets.reservations import Reservations

POLL_S = 0.5
"""Seconds between two checks while a call waits for others, also if none of them reports its end."""


class BudgetGuard:
    """Checks the budgets, and holds what a call has reserved of them. Safe to share between threads.

    A call which a budget counts that stops reserves its likely cost until it has ended. Where others have reserved what is
    left, it waits for them, as long as it would wait for its reply.

    Args:
        paths: the places of the installation.
        recorder: of the rows; what it could write nowhere so far counts, too.
    """

    def __init__(self, paths: Paths, recorder: Recorder) -> None:
        self._paths, self._recorder = paths, recorder
        self._file = os.fspath(paths.budgets)
        self._checker: Checker | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            if self._checker is not None:
                self._checker.close()
                self._checker = None

    def check(self, call: Call) -> None:
        """Let an attempt begin, and put the budgets' warnings on the receipt.

        Raises:
            BudgetExceeded: a budget is used up, or what is left stays reserved.
            BudgetError: the budgets cannot be read or checked.
        """
        if self._has_budgets():
            self._reserve(call)

    async def acheck(self, call: Call) -> None:
        """As ``check``, beside the event loop: the ledger is a file."""
        if self._has_budgets():
            await self._areserve(call)

    def release(self, call: Call) -> None:
        """A call has ended, and its row is kept: what it reserved is free."""
        reservation, call.reservation = call.reservation, None
        if reservation is None:
            return
        checker = self._checker
        if checker is not None and call.record is not None:
            checker.note(call.record)
        reservation.release()

    # ---- inside

    def _has_budgets(self) -> bool:
        try:
            os.stat(self._file)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def _reserve(self, call: Call) -> None:
        from ..usage.budgets.reservation import Owner

        owner = Owner(threading.get_ident())
        if self._try_reserve(call, owner) is None:
            return
        ended = threading.Event()
        give_up_at = time.monotonic() + _max_wait_s(call)
        with self._reservations().listening(ended.set):
            while (busy := self._try_reserve(call, owner)) is not None:
                ended.wait(_wait_s(busy, give_up_at))
                ended.clear()

    async def _areserve(self, call: Call) -> None:
        import asyncio

        from ..usage.budgets.reservation import Owner

        task = asyncio.current_task()
        owner = Owner(threading.get_ident(), None if task is None else id(task))
        if await self._atry_reserve(call, owner) is None:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        give_up_at = time.monotonic() + _max_wait_s(call)
        with self._reservations().listening(lambda: _set(loop, ended)):
            while (busy := await self._atry_reserve(call, owner)) is not None:
                wait_s = _wait_s(busy, give_up_at)
                try:
                    async with asyncio.timeout(wait_s):
                        await ended.wait()
                except TimeoutError:
                    pass
                ended.clear()

    async def _atry_reserve(self, call: Call, owner: Owner) -> Busy | None:
        """As ``_try_reserve``. Where the caller goes away meanwhile, what is reserved then is given back."""
        import asyncio

        asking = asyncio.ensure_future(asyncio.to_thread(self._try_reserve, call, owner))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:

            def done(asked: asyncio.Future[Busy | None]) -> None:
                if not asked.cancelled():
                    asked.exception()
                self.release(call)

            asking.add_done_callback(done)
            raise

    def _try_reserve(self, call: Call, owner: Owner) -> Busy | None:
        """Ask the budgets once: None if the call may begin, which has its reservation then."""
        from ..usage.budgets.check import BudgetCandidate, Busy

        checker = self._loaded_checker()
        self._recorder.retry()  # what could be kept nowhere so far counts, too
        self.release(call)  # of the attempt before
        found = checker.admit(
            BudgetCandidate(
                call.options.context,
                call.ref,
                call.started_at_ms,
                owner,
                # Twice, since a call with a key that was replaced is sent once more.
                2 * (limits(call.options).total_s or 0.0),
                lambda: _estimate_input(call),
            )
        )
        if isinstance(found, Busy):
            return found
        call.warn(found.warnings)
        call.reservation = found.reservation
        return None

    def _loaded_checker(self) -> Checker:
        with self._lock:
            if self._checker is None:
                from ..usage.budgets.check import Checker

                self._checker = Checker(self._paths.budgets, self._paths.ledger)
            return self._checker

    def _reservations(self) -> Reservations:
        from ..usage.budgets.reservations import book_of

        return book_of(self._paths.budgets)


def _estimate_input(call: Call) -> EstimatedCall:
    """What is known of the attempt under way."""
    from ..proxy.sizing import prompt_tokens
    from ..usage.budgets.estimate import EstimatedCall

    options = call.options
    most = [options.max_tokens, *(options.params.get(name) for name in ("max_tokens", "max_completion_tokens"))]
    limit = next((number for number in most if isinstance(number, int) and number > 0), None)
    choices = options.params.get("n")
    many = choices if isinstance(choices, int) and choices > 1 else 1
    tier = options.params.get("service_tier")
    return EstimatedCall(
        prompt_tokens(options.messages, options.params),
        None if limit is None else limit * many,
        call.prices(call.ref.model),
        tier if isinstance(tier, str) else None,
    )


def _max_wait_s(call: Call) -> float:
    """How long a call waits for others, in seconds: as long as for its reply, or for the first line of a stream."""
    return limits(call.options).idle_s


def _wait_s(busy: Busy, give_up_at: float) -> float:
    """Seconds until the next look.

    Raises:
        BudgetExceeded: it is of no use, or has lasted long enough.
    """
    left = give_up_at - time.monotonic()
    if busy.hopeless or left <= 0:
        raise busy.refusal
    return min(POLL_S, left)


def _set(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(ended.set)
    except RuntimeError:
        pass  # the loop is closed, and with it the waiting
