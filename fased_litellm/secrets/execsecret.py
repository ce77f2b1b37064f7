"""``{source: "exec"}``: a secret which a program tells, by one JSON document in and one out.

Fact: protocol, limits and rules are those of Fased's ``src/secrets/resolve.ts``. What the program prints is never repeated
in a message.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import jsontext
from ..errors import SecretError
from .guarded import check_command

PROTOCOL_VERSION = 1
TIMEOUT_MS = 5_000
NO_OUTPUT_TIMEOUT_MS = 2_000
MAX_OUTPUT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExecLimits:
    """How long to wait (milliseconds) and how much to take (bytes, both streams together)."""

    timeout_ms: int = TIMEOUT_MS
    no_output_timeout_ms: int = NO_OUTPUT_TIMEOUT_MS
    max_output_bytes: int = MAX_OUTPUT_BYTES


def resolve(ref: Mapping[str, str], provider: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    """What the program says of the reference's id.

    Raises:
        SecretError: the program may not be run, fails, is too slow, says too much, or has no such id.
    """
    label = f"secrets.providers.{ref['provider']}"
    command = check_command(
        str(provider.get("command", "")),
        label=f"{label}.command",
        env=dict(env),
        trusted_dirs=provider.get("trustedDirs") or (),
        allow_symlink=provider.get("allowSymlinkCommand") is True,
        allow_insecure=provider.get("allowInsecurePath") is True,
    )
    request = {"protocolVersion": PROTOCOL_VERSION, "provider": ref["provider"], "ids": [ref["id"]]}
    passed = {name: env[name] for name in provider.get("passEnv") or () if name in env}
    limits = ExecLimits(
        provider.get("timeoutMs") or TIMEOUT_MS,
        provider.get("noOutputTimeoutMs") or NO_OUTPUT_TIMEOUT_MS,
        provider.get("maxOutputBytes") or MAX_OUTPUT_BYTES,
    )
    output = run(
        [command, *(provider.get("args") or ())],
        json.dumps(request).encode(),
        {**passed, **(provider.get("env") or {})},
        limits,
        label=label,
    )
    return value_in(output, ref["id"], json_only=provider.get("jsonOnly") is not False, label=label)


def value_in(output: bytes, wanted: str, *, json_only: bool, label: str) -> Any:
    """The value of an id in what a program printed.

    Raises:
        SecretError: it is no answer, or has no such id.
    """
    text = output.decode("utf-8", errors="replace").strip()
    if not text:
        raise SecretError(f"{label}: the program printed nothing.")
    try:
        answer = jsontext.loads(text)
    except jsontext.NotJson:
        if not json_only:
            return text
        raise SecretError(
            f"{label}: the program did not print JSON.",
            hint="For a program that prints the bare value, set jsonOnly: false.",
        ) from None
    if not json_only and isinstance(answer, str):
        return answer
    if not isinstance(answer, dict) or answer.get("protocolVersion") != PROTOCOL_VERSION:
        raise SecretError(f"{label}: the program's answer has no protocolVersion {PROTOCOL_VERSION}.")
    errors, values = answer.get("errors"), answer.get("values")
    if not isinstance(values, dict):
        raise SecretError(f'{label}: the program\'s answer has no "values".')
    if (isinstance(errors, dict) and wanted in errors) or wanted not in values:
        raise SecretError(
            f"{label}: the program has no value for {wanted}.", hint="Run the program by hand to see why."
        )
    return values[wanted]


def run(command: Sequence[str], request: bytes, env: Mapping[str, str], limits: ExecLimits, *, label: str) -> bytes:
    """Run a program in its own folder, with nothing but ``env`` around it; what it printed on stdout.

    Raises:
        SecretError: it cannot be started, ends with a failure, or oversteps a limit; then it is killed with all it started.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=os.path.dirname(command[0]),
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SecretError(f"{label}: {command[0]} does not start ({type(error).__name__}).") from None
    try:
        output = _exchange(process, request, limits, label)
        status = process.wait()  # both streams are closed, or it was killed
    except BaseException:
        _kill(process)
        raise
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
    if status != 0:
        raise SecretError(f"{label}: the program ended with status {status}.", hint="Run it by hand to see why.")
    return output


def _exchange(process: subprocess.Popen[bytes], request: bytes, limits: ExecLimits, label: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with contextlib.suppress(OSError):  # it may answer without listening
        process.stdin.write(request)  # one id: it fits into the pipe
        process.stdin.close()
    printed, taken = bytearray(), 0
    end = time.monotonic() + limits.timeout_ms / 1000
    silent_until = time.monotonic() + limits.no_output_timeout_ms / 1000
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, min(end, silent_until) - time.monotonic()))
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                    continue
                taken += len(chunk)
                if key.fileobj is process.stdout:
                    printed += chunk
                silent_until = time.monotonic() + limits.no_output_timeout_ms / 1000
            if taken > limits.max_output_bytes:
                raise SecretError(f"{label}: the program printed more than {limits.max_output_bytes} bytes.")
            now = time.monotonic()
            if selector.get_map() and now >= end:
                raise SecretError(f"{label}: the program did not end within {limits.timeout_ms} ms.")
            if selector.get_map() and now >= silent_until:
                raise SecretError(f"{label}: the program printed nothing for {limits.no_output_timeout_ms} ms.")
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise SecretError(f"{label}: the program did not end within {limits.timeout_ms} ms.") from None
    return bytes(printed)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Until it is waited for, its id is its own, and so is that of the group which it leads.
    if process.returncode is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
