"""The gate before each attempt of a call: where there are budgets, they are asked; where there are none, it is open.

Without a file of budgets that costs one system call, and nothing of the budgets is imported.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ..errors import BudgetError, CallError
from ..paths import Paths
from .call import Call
from .recorder import Recorder

if TYPE_CHECKING:
    from ..usage.budgets.check import Checker


class Gate:
    """Asks the budgets. Safe to share between threads.

    Args:
        paths: the places of the installation.
        recorder: keeps the row of a call that was refused.
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

    def admit(self, call: Call) -> None:
        """Let a call begin; what the budgets warn of is on its receipt.

        Raises:
            BudgetExceeded: a budget is used up; the row of the call says that it was refused.
            BudgetError: the budgets cannot be read or checked.
        """
        if self._open():
            return
        try:
            self._check(call)
        except BudgetError:
            call.refused()
            self._recorder.keep(call.record)
            raise

    async def aadmit(self, call: Call) -> None:
        """As ``admit``, beside the event loop: the ledger is a file."""
        if self._open():
            return
        import asyncio

        await asyncio.to_thread(self.admit, call)

    def passes(self, call: Call, error: CallError) -> bool:
        """Whether the fallback may be tried after a failure. If not, the failure says why, and the row is ready."""
        if self._open():
            return True
        try:
            self._check(call)
        except BudgetError as refusal:
            call.barred(error, refusal)
            return False
        return True

    async def apasses(self, call: Call, error: CallError) -> bool:
        """As ``passes``, beside the event loop."""
        if self._open():
            return True
        import asyncio

        return await asyncio.to_thread(self.passes, call, error)

    def _open(self) -> bool:
        try:
            os.stat(self._file)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def _check(self, call: Call) -> None:
        with self._lock:
            if self._checker is None:
                from ..usage.budgets.check import Checker

                self._checker = Checker(self._paths.budgets, self._paths.ledger)
            checker = self._checker
        self._recorder.retry()  # what could be kept nowhere so far counts, too
        call.warned(checker.check(call.wish.context, call.ref))
