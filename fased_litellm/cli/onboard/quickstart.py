"""``fased litellm quickstart``: the whole path once, on a proxy of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ...errors import FasedError
from ...localproxy.process import find_program
from ...quickstart import Quickstart, QuickstartResult, QuickstartStep
from ...visible import lines, styled
from .. import output
from ..commands import SETTINGS

app = typer.Typer(**SETTINGS)

_ON_YOUR_OWN = """\
That was the whole path. The same on your own machine:
  fased litellm up --model default=openai/gpt-5.5     or a LiteLLM proxy that you have already
  fased onboard --auth-choice litellm-api-key
  fased litellm chat "Hello"
  fased usage"""


@app.command()
def quickstart(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the scratch folder, and say where it is.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of the proxy; 4000 or a free one by default.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """See the whole path once, on a LiteLLM proxy of its own.

    It works in a scratch folder and needs no provider key: set up, discover, choose a role, one request, one deliberate
    failure, the usage. Your own config is neither read nor changed.
    """
    find_program()  # before anything is made
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fased-quickstart-"))
    run = Quickstart(folder, port=port)
    done: list[QuickstartResult] = []
    try:
        if not json_output:
            output.line(f"The whole path once, in the scratch folder {folder}.")
        for number, step in enumerate(run.steps, 1):
            if not json_output:
                _announce(step, f"{number}/{len(run.steps)}")
            done.append(run.perform(step, capture=json_output))
            if not done[-1].as_expected:
                keep = True
                raise _stopped(done[-1], number, folder)
    finally:
        run.close()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - begin
    if json_output:
        output.document({"seconds": round(seconds, 1), "steps": [_as_dict(one) for one in done]})
        return
    output.line("")
    output.block(_ON_YOUR_OWN)
    output.line("")
    output.line(f"It took {seconds:.0f} s. The scratch folder is {folder if keep else 'removed'}.")


def _announce(step: QuickstartStep, number: str) -> None:
    def in_style(text: str, code: str) -> str:
        return styled(text, code) if _colour() else text

    output.line("")
    output.line(in_style(f"{number}  {step.title}", "1"))
    output.line(in_style(step.words, "2"))
    # The key in it is none; redaction would hide that it is broken on purpose.
    sys.stdout.write(lines(in_style(f"$ {step.command}", "1"), colour=True) + "\n")
    sys.stdout.flush()  # the step writes to the same screen


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _stopped(done: QuickstartResult, number: int, folder: Path) -> FasedError:
    said = f" It said:\n{done.output.rstrip()}" if done.output else ""
    return FasedError(
        f"The quickstart stopped at step {number} ({done.step.title}): `{done.step.command}` ended with {done.status} "
        f"in place of {done.step.status}.{said}",
        hint=f"The scratch folder is kept: {folder}",
    )


def _as_dict(done: QuickstartResult) -> dict[str, Any]:
    return {
        "title": done.step.title,
        "command": done.step.command,
        "exitStatus": done.status,
        "output": done.output,
    }
