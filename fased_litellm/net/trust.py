"""Whom TLS trusts, as whom it shows itself, and what its failures mean.

Only the environment of the process counts, no ``.env`` file and no config: ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` as OpenSSL has
them; ``SSL_CLIENT_CERT`` and ``SSL_CLIENT_KEY`` (PEM files, the key may stand in the first one) for a proxy which wants a client
certificate, and ``SSL_CLIENT_KEY_PASSWORD`` for a key that is encrypted. The certificate is shown to the configured proxy alone.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from .. import plainfile
from ..errors import TlsFailed
from .causes import remedy

CERTIFICATE, KEY, PASSWORD = "SSL_CLIENT_CERT", "SSL_CLIENT_KEY", "SSL_CLIENT_KEY_PASSWORD"
AUTHORITIES = "SSL_CERT_FILE"
_MOST_BYTES = 1024 * 1024


def context(*, secure: bool, identify: bool) -> ssl.SSLContext:
    """The TLS context of an origin. It always verifies.

    Args:
        secure: whether the origin is https; plain http has an empty trust store, since loading one takes 20 ms.
        identify: whether the client certificate is shown, where there is one.

    Raises:
        TlsFailed: the client certificate cannot be used.
    """
    if not secure:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made = ssl.create_default_context()
    if identify:
        _identify(made, os.environ)
    return made


def _identify(made: ssl.SSLContext, environ: Mapping[str, str]) -> None:
    certificate, key = environ.get(CERTIFICATE), environ.get(KEY)
    if not certificate and not key:
        return
    if not certificate:
        raise _unusable(f"{KEY} is set, and {CERTIFICATE} is not.")
    for variable, path in ((CERTIFICATE, certificate), (KEY, key)):
        if path:
            try:
                plainfile.read(Path(path), _MOST_BYTES)
            except OSError as error:
                raise _unusable(f"{variable} names {path}, which cannot be read: {error.strerror}.") from None
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True  # without this OpenSSL would ask the terminal
        return environ.get(PASSWORD, "")

    try:
        made.load_cert_chain(certificate, key or None, password)
    except (ssl.SSLError, ValueError, OSError) as error:
        if asked:
            what = f"does not fit the key in {key or certificate}" if environ.get(PASSWORD) else "is not set"
            raise _unusable(f"The key of the client certificate is encrypted, and {PASSWORD} {what}.") from None
        if "KEY_VALUES_MISMATCH" in str(error):
            raise _unusable(f"{KEY} is not the key of the certificate in {CERTIFICATE}.") from None
        where = f"{certificate} and {key}" if key else certificate
        raise _unusable(f"There is no certificate with its key, as PEM, in {where}.") from None


def _unusable(problem: str) -> TlsFailed:
    return TlsFailed(
        f"The client certificate cannot be used: {problem}",
        cause="tls-client-certificate",
        origin="caller",
        hint=f"Name the PEM file of the certificate in {CERTIFICATE}, and that of its key in {KEY} (or have both in the first).",
    )


def failure(name: str, text: str) -> TlsFailed:
    """The exception for a failed handshake, or for one that the other side ended later.

    Args:
        name: the origin.
        text: OpenSSL's words.
    """
    cause, hint = _meaning(text, os.environ)
    return TlsFailed(f"TLS with {name} failed: {text}", cause=cause, hint=hint)


def _meaning(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    said = text.lower()
    if "wrong_version_number" in said or "record_layer" in said:
        return "tls", "What listens there speaks plain http: write http:// in the base URL."
    if "certificate_required" in said or "certificate required" in said:
        return "tls-client-certificate", wanted(environ)
    if "alert" in said and any(word in said for word in ("unknown ca", "certificate", "access denied")):
        return (
            "tls-client-certificate",
            f"It does not accept the client certificate in {CERTIFICATE}: it is for another authority, has expired or was revoked."
            if environ.get(CERTIFICATE)
            else wanted(environ),
        )
    if "handshake_failure" in said or "handshake failure" in said:
        return (
            "tls",
            (
                f"It ended the handshake. Mostly it wants a client certificate ({CERTIFICATE}, {KEY}); or it has no protocol or cipher in"
                " common with this machine."
            ),
        )
    if "has expired" in said:
        return "tls-expired", remedy("tls-expired")
    if "not yet valid" in said:
        return "tls-expired", "The certificate is not valid yet. Check the clock of this machine, then the certificate."
    if "mismatch" in said or "is not valid for" in said:
        return "tls-host-name", remedy("tls-host-name")
    if "certificate_verify_failed" in said or "verify failed" in said:
        trouble = _trust_file(environ)
        if trouble is not None:
            return "tls-trust-file", trouble
        return (
            "tls",
            "The certificate is not trusted. Add its authority to the system's trust store, or name it in SSL_CERT_FILE.",
        )
    return "tls", "Check the certificate and the TLS settings of the proxy."


def wanted(environ: Mapping[str, str]) -> str:
    """What to do where a client certificate is wanted."""
    if environ.get(CERTIFICATE):
        return f"It wants another client certificate than the one in {CERTIFICATE}."
    return f"It wants a client certificate. Name its PEM file in {CERTIFICATE}, and that of its key in {KEY}."


def _trust_file(environ: Mapping[str, str]) -> str | None:
    """What is wrong with ``SSL_CERT_FILE``. Fact: OpenSSL passes over a file that is not there, without a word."""
    path = environ.get(AUTHORITIES)
    if not path:
        return None
    try:
        plainfile.read(Path(path), 64 * _MOST_BYTES)
    except OSError as error:
        return f"{AUTHORITIES} names {path}, which cannot be read ({error.strerror}), so nothing in it is trusted. Correct it."
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (ssl.SSLError, OSError):
        return f"{AUTHORITIES} names {path}, in which there is no certificate as PEM. Correct it."
    return None


def trouble_with_files(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the files that the variables name, for the doctor; in sentences."""
    found = [said for said in (_trust_file(environ),) if said]
    try:
        _identify(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), environ)
    except TlsFailed as error:
        found.append(f"{error.message} {error.hint}")
    return found
