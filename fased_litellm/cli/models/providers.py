"""``fased providers``: discovery on demand, and definitions made by hand."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ...errors import CatalogError, ConfigError, MissingKey, MissingVariable, UsageError
from ...refs import PROVIDER, normalize_provider
from .. import output, session
from ..commands import SETTINGS
from ..edits import RETRY, write
from ..groups import SharedGroup
from ..handover import NotOurs

if TYPE_CHECKING:
    from ...catalog.facts import Catalog
    from ...catalog.snapshot import MissingSource
    from ...config.load import ConfigSnapshot
    from ...paths import Paths
    from ...provider.settings import Settings

REVIEW_NAME = "provider-refresh.review.patch"

app = typer.Typer(**SETTINGS, cls=SharedGroup, no_args_is_help=True, help="Discover and define a provider's models.")
models_app = typer.Typer(**SETTINGS, cls=SharedGroup, no_args_is_help=True, help="Model definitions made by hand.")
app.add_typer(models_app, name="models")


class _OptionalReview(TyperCommand):
    """Gives ``--write-review`` its default where no path follows."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--write-review" in args:
            place = args.index("--write-review") + 1
            if place == len(args) or args[place].startswith("-"):
                args = [*args[:place], REVIEW_NAME, *args[place:]]
        return super().parse_args(ctx, args)


@app.command(cls=_OptionalReview)
def refresh(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the definitions into fased.json; none is ever deleted.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what --apply would change; write nothing at all.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    no_network: Annotated[
        bool, typer.Option("--no-network", help="Ask nobody: report what the config defines.")
    ] = False,
    from_file: Annotated[
        Path | None, typer.Option("--from-file", metavar="FILE", help="Take the models from a snapshot file.")
    ] = None,
    write_review: Annotated[
        Path | None,
        typer.Option("--write-review", metavar="[FILE]", help=f"Write the change as a diff; {REVIEW_NAME} by default."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="ID", help="Write this one even where there are more than 50; repeatable."),
    ] = None,
    retry: RETRY = False,
) -> None:
    """Ask the proxy for its models and show how the config differs.

    For litellm there is no central catalog: the proxy is the only source. Without --apply, only the list that is kept under the
    state folder changes.
    """
    from ...catalog import report as reports
    from ...catalog.configured import uses_of
    from ...catalog.difference import compare
    from ...catalog.snapshot import MissingSource, from_definitions

    if no_network and from_file:
        raise UsageError("--no-network and --from-file cannot be combined.")
    snapshot, paths, now = session.config(), session.paths(), datetime.now(UTC)
    catalog, base_url = _source(snapshot, paths, now, no_network=no_network, from_file=from_file, keep=not dry_run)
    missing = isinstance(catalog, MissingSource)
    local = from_definitions(snapshot.source, base_url=base_url, now=now)
    known = local if isinstance(catalog, MissingSource) else catalog
    # What the config itself defines cannot tell whether a reference in use has vanished from the proxy.
    uses = {} if no_network or missing else uses_of(snapshot, known.by_id)
    difference = compare(snapshot.source, uses, known)
    name = reports.LOCAL if no_network else str(from_file) if from_file else reports.OFFICIAL
    report = reports.build(source=name, base_url=base_url, now=now, catalog=catalog, difference=difference)
    writing = apply or dry_run or write_review is not None
    change = None
    if writing:
        from ...catalog import refresh as plans
        from ...config import conflict_merge, save

        if isinstance(catalog, MissingSource):
            raise CatalogError(f"There is nothing to compare with: {catalog.detail}", hint="Nothing was written.")
        plan = plans.plan_apply(snapshot.source, uses, known, difference, model or ())
        change = save.plan(snapshot, plan.edits, now=now)
        report["notes"] += [note for note in [plan.note()] if note]
        report["writtenModels"] = list(plan.added)
        report["review"] = change.diff() if dry_run else None
        if write_review is not None and not dry_run:
            _write_review(write_review, change.diff())
        if apply and not dry_run:
            report["applied"] = conflict_merge.commit(change, retry=retry).changed
    if json_output:
        output.document(report)
        return
    for text in reports.lines(report):
        output.line(text)
    if missing or change is None:
        return
    output.line()
    if dry_run:
        output.block(change.diff().rstrip("\n") or "Nothing would change.")
        return
    if write_review is not None:
        output.line(f"Review patch written: {write_review}")
    if apply:
        output.line(
            "Provider registry updated."
            if report["applied"]
            else "Provider registry already matched the selected source."
        )


def _source(
    snapshot: ConfigSnapshot, paths: Paths, now: datetime, *, no_network: bool, from_file: Path | None, keep: bool
) -> tuple[Catalog | MissingSource, str]:
    """What is compared with, and the proxy's address: as written, while a variable of it is not set and nobody asks there."""
    from ...catalog import cache
    from ...catalog import snapshot as snapshots
    from ...config.defaults import provider_of
    from ...provider.settings import Settings

    asks = not (no_network or from_file)
    settings: Settings | None = None
    try:
        settings = Settings.of(snapshot, paths)
    except MissingVariable:
        if asks:
            raise
    base_url = settings.base_url if settings else provider_of(snapshot).base_url
    before = cache.load_last_good(paths, base_url) if settings else None
    if settings is not None and asks:
        catalog = _asked(settings, keep=keep)
    elif from_file is not None:
        catalog = snapshots.from_file(snapshots.read(from_file), path=str(from_file), base_url=base_url, now=now)
    else:
        catalog = snapshots.from_definitions(snapshot.source, base_url=base_url, now=now)
    if not isinstance(catalog, snapshots.MissingSource):
        catalog = cache.with_history(catalog, before)
    return catalog, base_url


def _asked(settings: Settings, *, keep: bool) -> Catalog | MissingSource:
    from ...catalog import snapshot as snapshots
    from ...catalog.configured import uses_of
    from ...catalog.discover import discover
    from ...catalog.unlisted import with_unlisted
    from ...errors import CallError
    from ...provider import LiteLLMProvider
    from . import model_check

    with LiteLLMProvider(settings) as provider:
        try:
            catalog = provider.discover() if keep else discover(provider.client())
            used = [ref.model for ref in uses_of(settings.snapshot, catalog.by_id)]
            return with_unlisted(provider.client(), catalog, used)
        except MissingKey as error:
            return snapshots.MissingSource("credential-missing", error.message)
        except CallError:
            last = provider.last_good()
            if last is not None:
                output.diagnostic(f"The last good list of this proxy is {model_check.age_of(last)} old; it stays.")
            raise


def _write_review(path: Path, diff: str) -> None:
    from ... import atomicfile
    from ...redaction import redact

    # A file leaves the machine more easily than a screen: what is printed is redacted, so this is too.
    text = redact(diff) or "# The provider registry is aligned with the selected source; there is nothing to review.\n"
    try:
        atomicfile.replace(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", hint="Nothing was changed.") from error


@app.command()
def connect(
    provider: Annotated[str | None, typer.Argument(help="The provider; litellm is this package's.")] = None,
    set_default: Annotated[bool, typer.Option("--set-default", help="Make its model the primary one.")] = False,
    method: Annotated[str | None, typer.Option("--method", metavar="ID", help="The way to authenticate.")] = None,
) -> None:
    """Connect a provider, with questions (needs a terminal)."""
    if provider is None or normalize_provider(provider) != PROVIDER or method not in (None, "litellm-api-key"):
        wanted = provider or "a provider to be chosen"
        raise NotOurs(f"`fased providers connect` of this package connects {PROVIDER} alone, not {wanted}.")
    if not sys.stdin.isatty():
        raise ConfigError(
            "providers connect requires an interactive TTY.",
            hint="Without one: fased onboard --non-interactive --accept-risk --auth-choice litellm-api-key",
        )
    from ..commands import root

    words = ["onboard", "--auth-choice", "litellm-api-key", *(["--set-default"] if set_default else [])]
    root().main(args=words, prog_name="fased", standalone_mode=False)
    output.line("Provider connected: LiteLLM")


@models_app.command("list")
def list_models(
    provider: Annotated[str | None, typer.Option("--provider", metavar="ID", help="Only this provider.")] = None,
) -> None:
    """List the definitions of the config, one provider/id per line."""
    from ...catalog.manual import listing

    for text in listing(session.config().source, provider):
        output.line(text)


@models_app.command()
def add(
    *,
    provider: Annotated[str, typer.Option("--provider", metavar="ID", help="Its provider.")],
    model: Annotated[str, typer.Option("--model", metavar="ID", help="Its id.")],
    name: Annotated[str | None, typer.Option("--name", help="For people; the id by default.")] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Needed where the provider is not configured yet.")
    ] = None,
    api: Annotated[str | None, typer.Option("--api", help="Wire format, such as openai-completions.")] = None,
    context_window: Annotated[
        str | None, typer.Option("--context-window", metavar="TOKENS", help="128000 by default.")
    ] = None,
    max_tokens: Annotated[str | None, typer.Option("--max-tokens", metavar="TOKENS", help="4096 by default.")] = None,
    reasoning: Annotated[bool, typer.Option("--reasoning", help="The model reasons.")] = False,
    vision: Annotated[bool, typer.Option("--vision", help="It takes images.")] = False,
    tools: Annotated[bool, typer.Option("--tools", help="It calls tools.")] = False,
    json_mode: Annotated[
        bool, typer.Option("--json", help="The model supports JSON output (does not set the output format).")
    ] = False,
    audio: Annotated[bool, typer.Option("--audio", help="It takes audio.")] = False,
    video: Annotated[bool, typer.Option("--video", help="It takes video.")] = False,
    speech: Annotated[bool, typer.Option("--speech", help="It answers in speech.")] = False,
    retry: RETRY = False,
) -> None:
    """Define a model by hand, or change its definition."""
    from ...catalog import manual

    flags = {"tools": tools, "json": json_mode, "audio": audio, "video": video, "speech": speech}
    entry = manual.ManualEntry(
        provider=provider,
        model=_required("--model", model),
        name=name,
        base_url=base_url,
        api=api,
        context_window=manual.positive("--context-window", context_window),
        max_tokens=manual.positive("--max-tokens", max_tokens),
        reasoning=reasoning,
        vision=vision,
        capabilities=frozenset(flag for flag, given in flags.items() if given),
    )
    _required("--provider", provider)
    snapshot = session.config()
    write(snapshot, manual.add_edits(snapshot.source, entry), retry=retry)
    output.line(f"Model saved: {normalize_provider(provider)}/{model.strip()}")


def _remove(
    provider: Annotated[str, typer.Option("--provider", metavar="ID", help="Its provider.")],
    model: Annotated[str, typer.Option("--model", metavar="ID", help="Its id.")],
    *,
    retry: RETRY = False,
) -> None:
    """Remove a definition from the config."""
    from ...catalog import manual

    snapshot = session.config()
    write(snapshot, manual.remove_edits(snapshot.source, provider, model), retry=retry)
    output.line(f"Model removed: {normalize_provider(provider)}/{model.strip()}")


models_app.command("remove")(_remove)
models_app.command("delete", hidden=True)(_remove)


def _required(option: str, text: str) -> str:
    if not text.strip():
        raise UsageError(f"{option} must not be empty.")
    return text
