"""``fased litellm map``: which alias of a LiteLLM config is which model, and what is wrong with the file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import FasedError, UsageError
from ...formatting import count
from ...visible import one_line
from .. import output, session
from ..commands import SETTINGS

if TYPE_CHECKING:
    from ...config.load import ConfigSnapshot
    from ...doctor.modelmap.inspect import Inspection

app = typer.Typer(**SETTINGS)

_MARKS = {"error": "✗", "warning": "!", "info": "·"}


@app.command("map")
def map_(
    *,
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[CONFIG]", help="LiteLLM's config; else config.yaml here, or that of the local proxy."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the map as one JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the map as Markdown.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the map there, as Markdown or (.json) JSON."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if there is a finding that is an error.")] = False,
    init: Annotated[bool, typer.Option("--init", help="Write a first config with one alias to CONFIG.")] = False,
    alias: Annotated[str, typer.Option("--alias", metavar="NAME", help="--init: what clients ask for.")] = "default",
    model: Annotated[
        str | None, typer.Option("--model", metavar="PROVIDER/MODEL", help="--init: which model that is.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option("--api-key-env", metavar="NAME", help="--init: the variable with the provider's key.")
    ] = None,
    api_base: Annotated[
        str | None,
        typer.Option("--api-base", metavar="URL", help="--init: the endpoint, if it is not the provider's own."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Show which alias of a LiteLLM config is which model, whose key it takes, and what is wrong with the file.

    Nothing is sent anywhere. Variables are looked up in this shell and, if the proxy runs on this machine, in its process.
    """
    if init:
        _begin(config, json_output=json_output, alias=alias, model=model, key=api_key_env, base=api_base, force=force)
        return
    if model or api_key_env or api_base:
        raise UsageError("--model, --api-key-env and --api-base are for --init.", hint="Add --init, or leave them out.")
    if json_output and markdown:
        raise UsageError("--json and --markdown cannot be combined.", hint="Give the one or the other.")
    from ...doctor.modelmap.inspect import find, inspect

    paths = session.paths()
    snapshot, note = _agent()
    found = inspect(config or find(Path(), paths), paths, snapshot, note=note)
    if out is not None:
        _write(found, out, force=force)
    if json_output:
        output.document(found.as_dict())
    elif markdown:
        from ...doctor.modelmap.markdown import markdown as as_markdown

        output.block(as_markdown(found.map, found.findings).rstrip("\n"))
    else:
        _show(found)
    if out is not None:
        output.diagnostic(f"Written: {out}")
    if check and any(finding.severity == "error" for finding in found.findings):
        raise typer.Exit(1)


def _agent() -> tuple[ConfigSnapshot | None, str | None]:
    """The agent's config, if it can be read: a map can be had without."""
    try:
        snapshot = session.config(require_valid=False)
    except FasedError as error:
        return None, error.message
    return snapshot, None


def _begin(
    config: Path | None,
    *,
    json_output: bool,
    alias: str,
    model: str | None,
    key: str | None,
    base: str | None,
    force: bool,
) -> None:
    from ...doctor.modelmap.first import first_config, write

    if model is None:
        if json_output or not sys.stdin.isatty():
            raise UsageError(
                "--init needs --model.", hint="Give it as PROVIDER/MODEL, for example --model openai/gpt-5.5."
            )
        model = str(typer.prompt("Model, as PROVIDER/MODEL", default="openai/gpt-5.5", err=True))
    path = config or Path("config.yaml")
    text = first_config(alias=alias, model=model, key_variable=key, api_base=base)
    write(path, text, force=force)
    if json_output:
        output.document({"path": str(path), "alias": alias, "model": model, "written": True})
        return
    output.line(f"Wrote {path}: {alias} is {model}.")
    output.line(f"Next: fased litellm up --config {path}, then fased litellm verify {alias}")


def _write(found: Inspection, path: Path, *, force: bool) -> None:
    from ... import jsontext
    from ...doctor.modelmap.first import write
    from ...doctor.modelmap.markdown import markdown

    as_json = path.suffix == ".json"
    text = jsontext.indented(found.as_dict()).decode() if as_json else markdown(found.map, found.findings)
    write(path, text, force=force)


def _show(found: Inspection) -> None:
    from ...doctor.modelmap.markdown import callers_text, key_text, limits_text, proxy_lines
    from ..display.table import Column, render
    from ..display.terminal import detect

    mapped = found.map
    output.line(
        f"{mapped.path}: {count(len(mapped.aliases), 'alias', 'aliases')}, {count(len(mapped.deployments), 'deployment')}"
    )
    rows = mapped.deployments
    if rows:
        columns = [
            Column("Alias", [one_line(each.alias) for each in rows]),
            Column("Model", [one_line(f"{each.provider or '?'}/{each.model}") for each in rows]),
            Column("Key", [one_line(key_text(each.key)) for each in rows]),
            Column("Endpoint", [one_line(each.api_base or "-") for each in rows], spare=2),
            Column("Limits", [one_line(limits_text(each) or "-") for each in rows], spare=3),
            Column("Line", [str(each.line) for each in rows], right=True, spare=1),
        ]
        shown = [column for column in columns if not column.spare or set(column.cells) != {"-"}]
        output.line()
        for line in render(shown, [0.0] * len(rows), detect()):
            output.line(line)
    for renaming in mapped.renamings:
        output.line(f"{one_line(renaming.name)} is another name for {one_line(renaming.target)}")
    for fallback in mapped.fallbacks:
        kind = "" if fallback.kind == "general" else f" ({fallback.kind})"
        output.line(
            f"{one_line(fallback.source)} falls back to {one_line(', '.join(fallback.targets)) or 'nothing'}{kind}"
        )
    output.line()
    for line in proxy_lines(mapped):
        output.line(line)
    callers = sorted({callers_text(mapped, each) for each in rows})
    output.line(f"Who may call: {'; '.join(callers) or 'nobody: no model'}")
    output.line()
    for finding in found.findings:
        place = f"{finding.place}: " if finding.place else ""
        output.line(f"{_MARKS[finding.severity]} {place}{finding.message}")
        output.line(f"  → {finding.remedy}")
    if not found.findings:
        output.line("Nothing is wrong with it, as far as the file shows.")
    for note in found.notes:
        output.diagnostic(f"! {note}")
