"""The tables in the database, as numbered steps: ``schema_1_….sql``, …. A table says how many of them it has seen.

A step that was released is never changed; a new one is added behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...documents import Count, TypedDict
from ...errors import FleetError
from .connect import connected
from .errors import SCHEMA
from .url import DatabaseUrl, ShownUrl

if TYPE_CHECKING:
    import psycopg

_HERE = Path(__file__).parent
STEPS: tuple[tuple[Path, ...], ...] = ((_HERE / "schema_1_tables.sql", _HERE / "schema_1_functions.sql"),)


class UsagePrepareDocument(TypedDict):
    """The document of ``fased usage push --prepare --json``: versions of the tables, 0 for none."""

    to: ShownUrl
    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found and left in a database: numbers of the schema's version, 0 for no schema."""

    place: str
    before: int
    after: int

    def as_dict(self) -> UsagePrepareDocument:
        """The document of ``fased usage push --prepare --json``."""
        return {"to": self.place, "before": self.before, "after": self.after}


def prepare(place: DatabaseUrl) -> Prepared:
    """Make the tables, or bring them up to date, on a connection of its own; see ``bring_up_to_date``.

    Raises:
        FleetError: the database cannot be reached, does not allow it, or is of a newer version.
    """
    with connected(place, purpose="fased usage push --prepare") as connection:
        return bring_up_to_date(connection, place)


def bring_up_to_date(connection: psycopg.Connection[Any], place: DatabaseUrl) -> Prepared:
    """Make the tables, or bring them up to date. Several machines may do this at once; one does it.

    The role has to own the schema, or to have the right ``CREATE`` on the database if there is none yet.

    Raises:
        FleetError: the schema is from a newer version, or is another program's.
        psycopg.Error: the database cannot be changed; nothing was.
    """
    before = version(connection, place)
    if before == len(STEPS):
        return Prepared(place.shown, before, before)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('fased_usage'), 0)")
        # Another machine may have done it while this one waited.
        before = version(connection, place)
        for step in STEPS[before:]:
            for file in step:
                connection.execute(file.read_bytes())
        if before < len(STEPS):
            connection.execute("UPDATE fased_usage.version SET version = %s", (len(STEPS),))
    return Prepared(place.shown, before, len(STEPS))


def require(connection: psycopg.Connection[Any], place: DatabaseUrl) -> None:
    """Check that the tables are there and up to date.

    Raises:
        FleetError: they are not.
        psycopg.Error: it cannot be asked.
    """
    found = version(connection, place)
    if found == 0:
        raise FleetError(
            f"{place.shown} holds no usage yet.",
            hint="Its owner makes the tables with `fased usage push --prepare`.",
        )
    if found < len(STEPS):
        raise FleetError(
            f"The usage in {place.shown} has version {found}; this fased-litellm works with version {len(STEPS)}.",
            hint="Its owner brings it up to date with `fased usage push --prepare`.",
        )


def version(connection: psycopg.Connection[Any], place: DatabaseUrl) -> int:
    """How many steps the database has seen, 0 if there is no schema.

    Raises:
        FleetError: the schema is from a newer version, is another program's, or may not be used by this role.
        psycopg.Error: it cannot be asked.
    """
    row = connection.execute(
        "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s", (SCHEMA,)
    ).fetchone()
    if row is None:
        return 0
    if not row[0]:
        raise FleetError(
            f"{place.shown} does not allow this role to use the schema {SCHEMA}.",
            hint=f"Its owner has to grant it: GRANT USAGE ON SCHEMA {SCHEMA} TO …",
        )
    made = connection.execute("SELECT to_regclass('fased_usage.version') IS NOT NULL").fetchone()
    if made is None or not made[0]:
        raise FleetError(
            f"{place.shown} has a schema {SCHEMA} that is not ours.",
            hint="Rename that schema, or name another database.",
        )
    found = connection.execute("SELECT max(version) FROM fased_usage.version").fetchone()
    number = int(found[0]) if found and found[0] is not None else 0
    if number > len(STEPS):
        raise FleetError(
            f"The usage in {place.shown} was prepared by a newer fased-litellm (version {number}; this one knows "
            f"{len(STEPS)}).",
            hint="Upgrade fased-litellm on this machine. Nothing was changed; the rows wait in its ledger.",
        )
    return number
