"""The command line, ``fased`` and ``fased-litellm``: one module per group of commands."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status (0, 1, 2 for wrong usage, 130 for Ctrl-C).

    Args:
        argv: the arguments without the program's name; those of the process by default.
    """
    from . import streams

    streams.reopen()
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except SystemExit as stop:
        # click ends the program, with 1, where it finds out that the reader has left.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        return streams.lost(stop.__context__)
    except OSError as error:
        if not streams.is_loss(error):
            raise
        return streams.lost(error)
    return status


def _run(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        # Before typer is imported: this is what scripts and prompts call most.
        from ..version import __version__

        sys.stdout.write(f"fased-litellm {__version__}\n")
        return 0
    from .startup import hasten, without_core_dumps

    without_core_dumps()
    if arguments == ["litellm", "secrets", "exec"]:
        # Before typer is imported: the Node agent waits for it.
        from .keys.secrets_exec import serve

        return serve()
    hasten()
    from .run import run

    return run(arguments)
