"""Open the database. The only module that imports psycopg."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import FleetError
from .errors import explain
from .url import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

CONNECT_TIMEOUT_S = 10
_OLDEST = 13
_PATIENCE = {
    # A connection whose other end has silently gone is given up after about a minute, instead of two hours.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


@contextmanager
def connected(place: DatabaseUrl, *, purpose: str = "fased usage") -> Iterator[psycopg.Connection[Any]]:
    """A connection, in autocommit mode: every statement is a transaction of its own.

    What the address says goes before what is set here. ``sslmode`` and the like are libpq's.

    Args:
        place: the database.
        purpose: the name by which its administrator sees this connection.

    Raises:
        FleetError: psycopg is not installed, the database cannot be reached or refused, or, in the block, psycopg raised.
    """
    driver = _driver()
    try:
        with _open(driver, place, purpose) as connection:
            yield connection
    except driver.Error as error:
        raise explain(error, place) from error


@contextmanager
def one_state(connection: psycopg.Connection[Any], name: str) -> Iterator[None]:
    """Within this, the tables of a schema are read as they were at its beginning, and nothing can be changed."""
    driver = _driver()
    connection.isolation_level = driver.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection.transaction():
        connection.execute("SELECT set_config('search_path', %s, true), set_config('jit', 'off', true)", (name,))
        yield


def _open(driver: Any, place: DatabaseUrl, purpose: str) -> psycopg.Connection[Any]:
    try:
        given = driver.conninfo.conninfo_to_dict(place.address)
    except driver.ProgrammingError:
        # Without its cause, which quotes the part that is wrong.
        raise FleetError(
            f"The address of {place.shown} is not one that libpq can read.",
            hint="See https://www.postgresql.org/docs/current/libpq-connect.html for what it may contain.",
        ) from None
    defaults = {**_PATIENCE, "application_name": purpose, "client_encoding": "UTF8"}
    if not os.environ.get("PGCONNECT_TIMEOUT"):
        defaults["connect_timeout"] = str(CONNECT_TIMEOUT_S)
    # Without prepared statements, so that a pooler of connections may stand between.
    connection: psycopg.Connection[Any] = driver.connect(autocommit=True, prepare_threshold=None, **(defaults | given))
    try:
        _check_server(connection, place)
    except BaseException:
        connection.close()
        raise
    return connection


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "psycopg"
        raise FleetError(
            "PostgreSQL needs psycopg 3, which is not installed."
            if missing
            else f"psycopg is installed, but cannot be used: {error}",
            hint="Install it: pip install 'fased-litellm[postgres]'",
        ) from error
    return psycopg


def _check_server(connection: psycopg.Connection[Any], place: DatabaseUrl) -> None:
    if connection.info.server_version < _OLDEST * 10_000:
        raise FleetError(
            f"{place.shown} is PostgreSQL {connection.info.server_version // 10_000}.",
            hint=f"The usage of many machines needs PostgreSQL {_OLDEST} or newer.",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise FleetError(
            f"The database {place.shown} is encoded in {encoding}, which cannot represent every name.",
            hint="Make one for this: CREATE DATABASE usage ENCODING 'UTF8' TEMPLATE template0",
        )
