"""A PostgreSQL server for all tests of a run, with a database that is empty for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.usage.postgres.server import OWNER, Server, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of a run with pytest-xdist starts the server."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("PostgreSQL"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        started.administer(f"CREATE DATABASE usage OWNER {OWNER}", f"CREATE DATABASE followers OWNER {OWNER}")
        yield started


@pytest.fixture
def database(server: Server) -> str:
    """The name of a database without tables, owned by ``OWNER``."""
    with psycopg.connect(server.url("usage"), autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS fased_usage CASCADE")
    return "usage"


@pytest.fixture
def url(server: Server, database: str) -> str:
    """The address of that database, with its owner as the user."""
    return server.url(database)
