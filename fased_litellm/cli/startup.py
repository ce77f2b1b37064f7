"""What makes the start and the end of a command shorter.

For the command line alone, where the process is ours: in another program, these things are for that program to decide.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Iterator

_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


def hasten() -> None:
    """Save what loading modules and leaving them need not do. To be called before they are loaded."""
    # Cyclic garbage hardly adds up within one command; looking for it takes 8 % of the instructions of a `chat`.
    gc.set_threshold(50_000, 20, 20)
    # At the end, Python would go once more through all that the modules hold, to free what the system frees at once: 60 ms.
    # What has to be closed or written by then, was.
    atexit.register(gc.freeze)
    # httpcore imports HTTP/2 where h2 is installed, as LiteLLM brings it, and nothing here speaks it: 5 %.
    sys.modules.setdefault("h2", None)  # type: ignore[arg-type]


def without_core_dumps() -> None:
    """Have a crash leave no image of the memory, in which keys stand; programs started from here may ask for one again."""
    with contextlib.suppress(
        ImportError, OSError, ValueError
    ):  # not on Windows; and a limit may be fixed by the system
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


@contextlib.contextmanager
def without_plugins_of_pydantic() -> Iterator[None]:
    """Within this, pydantic does not search all installed packages for plug-ins of its own: 5 %.

    The variable is put back at the end, so that no program started from here inherits it.
    """
    before = os.environ.get(_PLUGINS)
    os.environ[_PLUGINS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PLUGINS]
        else:
            os.environ[_PLUGINS] = before
