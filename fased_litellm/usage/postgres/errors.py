"""What PostgreSQL and libpq complain about, as errors with a hint. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import FleetError
from .url import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

SCHEMA = "fased_usage"

_STATES: tuple[tuple[str, str, str], ...] = (
    # Beginning of the SQLSTATE, what happened, what to do.
    (
        "42501",
        "does not allow this role to do that",
        "Its owner prepares it with `fased usage push --prepare`, and grants what docs/how-to/many-machines.md says.",
    ),
    ("25006", "can only be read: it is a standby, or was made so", "Name the primary server."),
    ("53100", "has no room left on its disk", "Free some, then run this again: it goes on where it stopped."),
    ("53300", "has no free connection", "Try again later, or raise max_connections there."),
    ("53", "has no memory left for this", "Try again later."),
    ("57014", "stopped a statement that ran too long", "Raise statement_timeout for this role."),
    ("57P03", "is not ready yet", "Try again in a moment."),
    ("57", "was shut down, or ended this connection", "Run this again: it goes on where it stopped."),
    ("08001", "cannot be reached", "Check host and port, that the server runs, and that no firewall is between."),
    ("08", "was lost", "Run this again: it goes on where it stopped."),
    ("28", "refused this user", "Check the user and the password (PGPASSFILE, PGPASSWORD, or a service file)."),
    ("3D000", "does not exist", "Make it with `createdb`, or name another."),
    ("40", "is in use by too many at once", "Try again."),
    ("XX001", "is damaged", "Its administrator has to repair it. The ledgers of the machines have all their rows."),
    (
        "TLS",
        "cannot be reached securely",
        "Check sslmode and sslrootcert in the address, and the server's certificate.",
    ),
    ("service", "cannot be found", "Services stand in ~/.pg_service.conf, or where PGSERVICEFILE says."),
)
_WORDS: tuple[tuple[str, str], ...] = (
    # What the message of a connection that did not come about has in it. libpq gives no SQLSTATE for it.
    ("authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("permission denied for database", "42501"),
    ("too many connections", "53300"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
    ("recovery mode", "57P03"),
    ("definition of service", "service"),
    ("service file", "service"),
    ("certificate", "TLS"),
    ("SSL", "TLS"),
    ("sslmode", "TLS"),
)
UNREACHED = "08001"
"""The SQLSTATE of "the client cannot make the connection", which libpq leaves out."""
_UNREACHED = ("failed to resolve", "could not translate", "Connection refused", "timeout", "No route", "unreachable")
_PASSING = ("08", "40", "53200", "53300", "57P")


def passing(error: FleetError) -> bool:
    """Whether the same may succeed a moment later. A server that was not reached from the beginning is not hoped for."""
    return error.state is not None and error.state.startswith(_PASSING) and error.state != UNREACHED


def explain(error: psycopg.Error, place: DatabaseUrl) -> FleetError:
    """The error in words; what the server said stands behind."""
    state, said = _state(error), _said(error)
    for beginning, happened, remedy in _STATES:
        if state.startswith(beginning):
            return FleetError(f"{place.shown} {happened}: {said}", hint=remedy, state=state)
    return FleetError(f"{place.shown} failed: {said}", state=state)


def _state(error: psycopg.Error) -> str:
    if error.sqlstate:
        return error.sqlstate
    text = str(error)
    if "FATAL" in text and "does not exist" in text:
        return "3D000" if "database" in text else "28000"
    if any(words in text for words in _UNREACHED):
        return UNREACHED
    return next((state for words, state in _WORDS if words in text), "08006")


def _said(error: psycopg.Error) -> str:
    """The first line of the message, without libpq's introduction."""
    line = (error.diag.message_primary or str(error)).strip().partition("\n")[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ") or type(error).__name__
