"""PostgreSQL for tests: one private server a worker, one fresh database a test.

`postgres` is the server (to stop and start it), `postgres_url` the URL of an empty database on it.
"""

from collections.abc import Iterator

import pytest
from bench.postgres import NoPostgres, Postgres, private_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server of our own; the test is skipped where there is no PostgreSQL."""
    try:
        with private_postgres() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The SQLAlchemy URL of a database that nothing stands in yet."""
    return postgres.fresh()
