"""``fased litellm up | down | status | logs``: a LiteLLM proxy on this machine."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ..errors import FasedError, UsageError
from ..localproxy import logs as log_files
from ..localproxy.control import DEFAULT_PORT, LocalProxy, LocalProxyStatus, Progress, Wanted
from ..localproxy.routes import MOCK_ROUTES, ServedRoute, parse_route
from . import output, session
from .commands import SETTINGS

app = typer.Typer(**SETTINGS, help="A LiteLLM proxy on this machine, for those who have none yet.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def up(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="ALIAS=PROVIDER/MODEL",
            help="Offer a model under an alias, such as default=openai/gpt-5.5; repeat it for more.",
        ),
    ] = None,
    mock: Annotated[
        bool,
        typer.Option("--mock", help="Offer default, gpt-5.5 and fast-cheap-chat, answered by LiteLLM itself."),
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Use a LiteLLM config of your own.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = DEFAULT_PORT,
    json_output: Json = False,
) -> None:
    """Start a LiteLLM proxy on 127.0.0.1 and wait until it takes requests.

    Without --model, --mock and --config it starts with the models of the last time. The provider's key comes from its
    variable, such as OPENAI_API_KEY, in this shell or in ~/.fased/.env.
    """
    if config is not None and (model or mock):
        raise UsageError("--config cannot be combined with --model or --mock, which write their own config.")
    routes = (*(parse_route(text) for text in model or ()), *(MOCK_ROUTES if mock else ()))
    env = _environment()
    for warning in missing_keys(routes, env):
        output.diagnostic(warning)
    proxy = LocalProxy(session.paths().local_proxy, env)
    with _progress() as progress:
        status = proxy.start(Wanted(routes, config, port), progress=progress)
    if json_output:
        output.document(status.as_dict())
        return
    for text in started(status, port):
        output.line(text)


@app.command()
def down(*, json_output: Json = False) -> None:
    """Stop the proxy which `up` started, and no other."""
    stopped = LocalProxy(session.paths().local_proxy).stop()
    if stopped.stranger:
        output.diagnostic(f"{stopped.stranger} It was left alone, and is forgotten.")
    if json_output:
        output.document({"stopped": stopped.ended})
    else:
        output.line("The local proxy is stopped." if stopped.ended else "The local proxy was not running.")


@app.command()
def status(*, json_output: Json = False) -> None:
    """Say whether the local proxy runs, where, and with which models."""
    found = LocalProxy(session.paths().local_proxy).status()
    if found.stranger:
        output.diagnostic(found.stranger)
    if json_output:
        output.document(found.as_dict())
        return
    for text in described(found, now_ms=time.time() * 1000):
        output.line(text)


@app.command()
def logs(
    *,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the proxy ends.")] = False,
    json_output: Json = False,
) -> None:
    """Show the log of the local proxy, also that of one which has ended."""
    proxy = LocalProxy(session.paths().local_proxy)
    proxy.files.read_master_key()  # so that it is redacted wherever it might stand
    path = proxy.files.log
    if json_output:
        if follow:
            raise UsageError("--json prints one document, so it does not go with --follow.")
        output.document({"logPath": str(path), "lines": log_files.tail(path, lines)})
        return
    if not path.exists():
        output.diagnostic(f"No log yet: {path}")
        return
    if not follow:
        for text in log_files.tail(path, lines):
            output.line(text)
        return
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to leave
        for text in log_files.follow(path, lines, going_on=proxy.is_running):
            output.line(text)
            sys.stdout.flush()
        output.diagnostic("The local proxy is not running any more.")


def _environment() -> Mapping[str, str]:
    """The shell's variables with those of Fased's ``.env`` files, where people keep the keys of their providers."""
    try:
        return session.config(require_valid=False).env
    except FasedError:
        return os.environ  # a config that cannot be read is no reason not to start a proxy


# ---- words


def missing_keys(routes: tuple[ServedRoute, ...], env: Mapping[str, str]) -> list[str]:
    """A warning for each provider key that the routes need and the environment lacks."""
    missing: dict[str, list[str]] = {}
    for route in routes:
        if route.key_variable is not None and not env.get(route.key_variable):
            missing.setdefault(route.key_variable, []).append(f"{route.alias} ({route.model})")
    return [
        f"{variable} is not set: requests to {', '.join(aliases)} will be refused by the provider until "
        "the proxy is started with it."
        for variable, aliases in missing.items()
    ]


def started(status: LocalProxyStatus, port: int) -> list[str]:
    """What to say after a start: where it is, with which models, and what to do next."""
    known = status.process
    if known is None or not status.running:
        return ["The local proxy has ended again. Its log: fased litellm logs"]
    text = [f"LiteLLM is ready at {known.url} (process {known.pid}).", _models_line(status)]
    key = status.files.master_key
    if status.key_accepted:
        where = "" if port == DEFAULT_PORT else f" --custom-base-url {known.url}"
        text += [
            f"Master key: {key}",
            "Next:",
            f'  export LITELLM_API_KEY="$(cat {_quoted(key)})"',
            f"  fased onboard --auth-choice litellm-api-key{where}",
        ]
    else:
        text.append(f"It does not take the master key in {key}: the config sets one of its own. Use that one.")
    return text


def described(status: LocalProxyStatus, *, now_ms: float) -> list[str]:
    """The state of the local proxy in words."""
    known = status.process
    if known is None:
        return ["The local proxy is not running. Start it with: fased litellm up --model default=PROVIDER/MODEL"]
    if not status.running:
        return [
            f"The local proxy exited unexpectedly (it was process {known.pid} at {known.url}).",
            "See its log: fased litellm logs",
        ]
    since = f"process {known.pid}, for {_duration((now_ms - known.started_at_ms) / 1000)}"
    if not status.ready:
        return [f"The local proxy runs at {known.url} ({since}), but does not take requests yet."]
    text = [f"The local proxy is ready at {known.url} ({since}).", _models_line(status)]
    if status.key_accepted:
        text.append(f"Master key: {status.files.master_key}")
    else:
        text.append(f"It does not take the master key in {status.files.master_key}: its config sets another one.")
    return [*text, f"Config: {known.config}", f"Log: {status.files.log}"]


def _models_line(status: LocalProxyStatus) -> str:
    if status.models is None:
        return "Models: not known here."
    shown = ", ".join(status.models[:10]) + (f" and {len(status.models) - 10} more" if len(status.models) > 10 else "")
    return f"Models: {shown or 'none'}"


def _duration(seconds: float) -> str:
    whole = max(int(seconds), 0)
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= unit:
            return f"{whole // unit} {name}"
    return f"{whole} s"


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """A line that counts the seconds on a terminal; elsewhere one line, once."""
    if not sys.stderr.isatty():
        said: list[str] = []

        def once(_: float) -> None:
            if not said:
                said.append("Starting LiteLLM; this takes 10 to 20 seconds …")
                output.diagnostic(said[0])

        yield once
        return
    with output.console(stderr=True).status("Starting LiteLLM …") as line:
        yield lambda seconds: line.update(f"Starting LiteLLM … {seconds:.0f} s")
