"""``fased litellm secrets exec``: tell the Node agent a key from the OS keyring.

Apart from Typer, whose import would take half of the time which there is to answer.
"""

from __future__ import annotations

import json
import os
import sys

from ...errors import KeyringError, SecretError
from ...secrets import exec_answer, keyring_store
from ...secrets.timelimit import TimeLimitExceeded, limited

LIMIT_S = 0.6
"""Seconds for the question to come in, and again for the keyring: with the start of Python an answer is there within one."""


def serve() -> int:
    """Answer one request; the exit status."""
    try:
        document = exec_answer.answer(exec_answer.ids_of(_request()), _get)
        status = 0
    except SecretError as error:
        document, status = exec_answer.refusal(error), 1
    # The one place where keys are printed as they are: to whoever started this program for them.
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
    return status


def _request() -> bytes:
    if os.isatty(0):
        raise SecretError("This command is for programs: the request comes on stdin.", hint="See its --help.")
    try:
        return limited(_read, LIMIT_S)
    except OSError as error:
        raise SecretError(f"There is no stdin to read the request from ({error.strerror}).") from None
    except TimeLimitExceeded:
        raise SecretError(f"The request did not end within {LIMIT_S:g} s.", hint="Close stdin after it.") from None


def _read() -> bytes:
    # From the descriptor: Python cannot end while a thread waits inside of sys.stdin.
    taken = bytearray()
    while len(taken) <= exec_answer.MAX_BYTES and (chunk := os.read(0, 65536)):
        taken += chunk
    return bytes(taken)


def _get(user: str) -> str | None:
    try:
        return keyring_store.get(user, limit_s=LIMIT_S)
    except KeyringError:
        raise
    except Exception as error:  # one document, whatever happens
        raise KeyringError(f"The keyring failed ({type(error).__name__}).", trouble="failed") from None
