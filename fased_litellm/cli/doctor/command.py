"""``fased litellm doctor``: look at everything that can be looked at without spending."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .. import output, session
from ..commands import SETTINGS

if TYPE_CHECKING:
    from ...doctor.checks.examine import Examination

app = typer.Typer(**SETTINGS)

_MARKS = {"error": "✗", "warning": "!", "info": "·"}


@app.command()
def doctor(
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Do what is safe to do about it, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="--fix: do not ask.")] = False,
    offline: Annotated[bool, typer.Option("--no-network", help="Leave the proxy alone.")] = False,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Also ask OSV (api.osv.dev) what is known against the proxy's release; kept for a day."
        ),
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look at config, key, address, models, definitions, ledger, permissions, the proxy and its release.

    Nothing is spent. Exit 1 if something is wrong that makes calls fail or puts a secret in danger.
    """
    from ...doctor.checks.examine import examine
    from ..startup import without_plugins_of_pydantic

    if fix and not yes and (json_output or not sys.stdin.isatty()):
        raise UsageError("--fix asks for confirmation, which needs a terminal.", hint="Add --yes.")
    if online and offline:
        raise UsageError("--online and --no-network exclude each other.", hint="Leave one of them out.")
    with without_plugins_of_pydantic():
        found = examine(session.paths(), os.environ, offline=offline, online=online)
        done = _mend(found, yes=yes) if fix else []
        if done:
            found = examine(session.paths(), os.environ, offline=offline, online=online)
    if json_output:
        output.document(found.as_dict(done))
    else:
        _show(found, done)
    if not found.ok:
        raise typer.Exit(1)


def _mend(found: Examination, *, yes: bool) -> list[str]:
    from ...doctor.checks.fixes import mends

    done = []
    for mend in mends(found.subject):
        if yes or output.confirm(f"{mend.what}?", default=True):
            mend.do()
            done.append(mend.what)
    return done


def _show(found: Examination, done: list[str]) -> None:
    from ...doctor.findings import counts

    for what in done:
        output.line(f"Done: {what}")
    output.line(f"Config: {found.subject.paths.config}")
    if found.subject.base_url:
        state = "not asked" if found.subject.offline else "ready" if found.asked.ready else "not reached"
        release = f", LiteLLM {found.version}: {found.verdict}" if found.version else ""
        output.line(f"Proxy:  {found.subject.base_url}, {state}{release}")
    provided = ", ".join(f"{one} by {source}" for one, source in found.registry.sources.items())
    output.line(f"Providers: {provided}")
    output.line()
    for finding in found.findings:
        place = f"{finding.place}: " if finding.place and finding.place not in finding.message else ""
        output.line(f"{_MARKS[finding.severity]} {place}{finding.message}")
        command = f"  [{finding.command}]" if finding.command else ""
        output.line(f"    → {finding.remedy}{command}")
    number = counts(found.findings)
    if found.findings:
        output.line()
    words = [f"{count} {name}{'s' if count != 1 and name != 'info' else ''}" for name, count in number.items() if count]
    output.line(f"{', '.join(words)}." if words else "Nothing is wrong, as far as can be seen without spending.")
