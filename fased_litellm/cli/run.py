"""Run a command: find it, run it, turn every error into a line (or a JSON document) and an exit status."""

from __future__ import annotations

import os
import traceback
from typing import Any

import typer

from ..errors import Cancelled, FasedError, UsageError
from . import handover, output, streams
from .commands import COMMANDS, root


def run(arguments: list[str]) -> int:
    """Run one command line; see ``cli.main``."""
    output.begin(as_json=wants_json(arguments))
    try:
        name = command_of(arguments)
        if name is not None and name not in COMMANDS:
            return handover.to_next(arguments, f"Unknown command: {name}.", known=list(COMMANDS))
        result: Any = root().main(args=arguments, prog_name="fased", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except handover.NotOurs as notice:
        return _report(_guard(handover.to_next, arguments, notice.reason))
    except FasedError as error:
        return _report(error)
    except typer.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _report(Cancelled("Cancelled; nothing was written."))
    except Exception as error:
        if isinstance(error, OSError) and streams.is_loss(error):
            raise  # to `cli.main`
        return _report(_as_fased_error(error))
    finally:
        output.end()


def command_of(arguments: list[str]) -> str | None:
    """The command, None if there is none: the first word that is neither an option nor the value of ``--profile``."""
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before != "--profile":
            return argument
        before = argument
    return None


def wants_json(arguments: list[str]) -> bool:
    """Whether the one document on stdout is to be JSON, for errors too.

    In ``providers models add`` Fased uses ``--json`` for a capability of the model, in ``config set`` for the form of a value.
    """
    words = [argument for argument in arguments if not argument.startswith("-")]
    return "--json" in arguments and words[:3] != ["providers", "models", "add"] and words[:2] != ["config", "set"]


def _guard(function: Any, *arguments: Any) -> FasedError:
    """What a handover that came back has to say."""
    try:
        function(*arguments)
    except FasedError as error:
        return error
    except OSError as error:
        return _as_fased_error(error)
    return FasedError("The next `fased` on PATH returned.")  # pragma: no cover - a handover replaces the process


def _as_fased_error(error: Exception) -> FasedError:
    # typer's own usage errors have no public base class in all of its releases; all of them carry an exit code of 2
    # and can put themselves into words.
    formatted = getattr(error, "format_message", None)
    if callable(formatted) and getattr(error, "exit_code", None) is not None:
        context = getattr(error, "ctx", None)
        command = getattr(context, "command_path", "fased")
        return UsageError(str(formatted()), hint=f"See `{command} --help`.")
    if os.environ.get("FASED_DEBUG") == "1":
        output.diagnostic(traceback.format_exc())
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        found = FasedError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}.")
        found.__cause__ = error
        return found
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return UsageError(
            "A word of the command line cannot be read in this locale.",
            hint="Set one with UTF-8 for this command: LC_ALL=C.UTF-8 fased …",
        )
    return FasedError(
        f"Unexpected {type(error).__name__}: {error}",
        hint="This is a defect of fased-litellm. FASED_DEBUG=1 shows where it happened.",
    )


def _say_whose(error: FasedError) -> None:
    """Add to an error that comes of a file of another user whose it is, and what to do."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.filename is not None:
            from .. import ownership

            told = ownership.told(os.fsdecode(cause.filename)) if cause.errno in ownership.DENIED else None
            if told is not None and told not in (error.hint or ""):
                error.hint = f"{told} {error.hint or ''}".strip()
            return
        cause = cause.__cause__ or cause.__context__


def _report(error: FasedError) -> int:
    _say_whose(error)
    if os.environ.get("FASED_DEBUG") == "1" and error.__traceback__ is not None:
        output.diagnostic("".join(traceback.format_exception(error)))
    output.failure(error)
    return error.exit_status
