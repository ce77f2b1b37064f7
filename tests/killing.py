"""Kill a forked child before and after each of its system calls, one call further each time, by Linux's ``ptrace``.

To be imported by a program of its own: forking a test process with its threads is asking for trouble.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

_TRACEME, _SYSCALL, _SETOPTIONS, _EXITKILL = 0, 24, 0x4200, 0x100000


class NotPermitted(Exception):
    """The system does not let a process be traced."""


def _ptrace(request: int, pid: int, data: int = 0) -> None:
    libc: Any = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, None, data) == -1:
        raise NotPermitted(os.strerror(ctypes.get_errno()))


def moments(before: Callable[[], None], action: Callable[[], object], *, step: int = 1) -> Iterator[int]:
    """Run ``action`` in a child again and again, killed ``step`` moments later each time, until it survives.

    Args:
        before: is called ahead of each child, in this process.
        action: what the child does.
        step: 1 for every moment; an odd number for some before a call and some behind one.

    Yields:
        The number of the moment, from 1, after the child is dead. Odd ones are before a system call, even ones behind it.
    """
    moment = 1
    while True:
        before()
        if _survives(action, moment):
            return
        yield moment
        moment += step


def _survives(action: Callable[[], object], moment: int) -> bool:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _ptrace(_TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            action()
            status = 0
        finally:
            os._exit(status)
    _, state = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(state):
        raise NotPermitted("ptrace")
    _ptrace(_SETOPTIONS, pid, _EXITKILL)
    for _ in range(moment):
        _ptrace(_SYSCALL, pid)
        _, state = os.waitpid(pid, 0)
        if os.WIFEXITED(state):
            assert os.WEXITSTATUS(state) == 0, "the action failed by itself"
            return True
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False
