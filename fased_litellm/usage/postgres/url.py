"""Which database is meant: an address as typed or from the environment, and what may be shown of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import unquote

from ...documents import Doc
from ...errors import UsageError
from ...redaction import Secret, remember

SCHEMES = ("postgresql://", "postgres://")
VARIABLE = "FASED_USAGE_POSTGRES"
"""The variable of the environment which names the database where the command line does not."""

_HOSTS = re.compile(r"(?:(?:\[[0-9A-Fa-f:.]*\]|[^:,\[\]]*)(?::\d*)?(?:,|$))*")
_SECRETS = re.compile(r"&(?:password|sslpassword)=([^&]*)")
_HINT = (
    "Write it as postgresql://user@host/database. In a name or password, write special characters as %-codes: %40 for @, "
    "%2F for /."
)

ShownUrl = Annotated[str, Doc("The database, without user and password.", pattern=r"^postgresql://")]


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database.

    Attributes:
        address: what is handed to libpq; not to be shown.
        shown: the same without user, password and options.
        exposed: whether a password stands in the arguments of this process, where other users of the machine see it.
    """

    address: Secret
    shown: str
    exposed: bool = field(default=False, compare=False)


def is_place(text: str) -> bool:
    """Whether a text names a database, rather than a day."""
    return text.lower().startswith(("postgres:", "postgresql:"))


def find_place(given: str | None, env: Mapping[str, str], *, option: str = "--to") -> DatabaseUrl:
    """The database which is named on the command line, else in the environment.

    Args:
        given: the value of the option. ``postgresql://`` alone leaves all to the environment: ``FASED_USAGE_POSTGRES``,
            or libpq's own variables (``PGHOST``, ``PGSERVICE``, …).
        env: the environment of this process.
        option: for messages.

    Raises:
        UsageError: none is named, or it is not an address.
    """
    for name in ("PGPASSWORD", "PGSSLPASSWORD"):
        remember(env.get(name))
    own = env.get(VARIABLE, "").strip()
    if given is None and not own:
        raise UsageError(
            f"No database given: {option} is missing.",
            hint=f"Give {option} postgresql://user@host/database, or set {VARIABLE}.",
        )
    if own and (given is None or given.strip().lower() in SCHEMES):
        return _parse(own, VARIABLE, env, exposed=False)
    return _parse((given or "").strip(), option, env, exposed=True)


def _parse(text: str, source: str, env: Mapping[str, str], *, exposed: bool) -> DatabaseUrl:
    """Nothing of a text that is wrong is repeated: any part of it may be a part of a password."""
    scheme = next((scheme for scheme in SCHEMES if text.lower().startswith(scheme)), None)
    if scheme is None or any(character.isspace() or not character.isprintable() for character in text):
        raise UsageError(f"The value of {source} is not the address of a PostgreSQL database.", hint=_HINT)
    before, _, options = text[len(scheme) :].partition("?")
    authority, _, database = before.partition("/")
    user, _, hosts = authority.rpartition("@")
    if "@" in user + database + options or "/" in database or "#" in before or not _HOSTS.fullmatch(hosts):
        raise UsageError(f"The value of {source} is not an address that can be read.", hint=_HINT)
    passwords = [user.partition(":")[2], *_SECRETS.findall(f"&{options}")]
    for password in passwords:
        remember(password)
        remember(unquote(password))
    where = hosts or _option(options, "host") or _option(options, "service", "service ")
    if not where:
        where = f"service {env['PGSERVICE']}" if env.get("PGSERVICE") else env.get("PGHOST", "")
    name = unquote(database) or _option(options, "dbname") or env.get("PGDATABASE", "")
    shown = f"{SCHEMES[0]}{where}" + (f"/{name}" if name else "")
    return DatabaseUrl(Secret(text), shown, exposed=exposed and any(passwords))


def _option(options: str, name: str, before: str = "") -> str:
    found = re.search(rf"(?:^|&){name}=([^&]+)", options)
    return before + unquote(found[1]) if found else ""
