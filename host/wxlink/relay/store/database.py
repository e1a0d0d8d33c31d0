"""The connections behind the store: many readers, one writer a process."""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Delete, QueuePool, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wxlink.relay.store.happenings import Followers
from wxlink.relay.store.trouble import StoreError

READERS: Final = 4  # SQLite connections for reading; each holds a thread
SERVER_WRITERS: Final = 8  # connections for writing to a database server, which orders writers by itself
CONNECT_WITHIN_S: Final = 10.0
WAL_RETRY_S: Final = 0.02
_WHEN_COMMITTED: Final = "when_committed"  # a key in what a connection carries
BUSY_MS: Final = 10_000  # how long to wait for another process to finish its transaction

# WAL lets readers go on while a batch is written. synchronous=FULL, not NORMAL: a device's message is
# acknowledged to the broker after its commit, and NORMAL may lose the last commits when the power fails; they
# would be gone on both sides. One fsync a batch is what that costs.
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_LIKE: Final = (
    "the database URL cannot be read; write it like sqlite:////var/lib/wxlink/relay.sqlite3 "
    "or postgresql://user:password@host/database"
)

# At DEBUG the driver writes the values of every row, secrets and all, whatever hide_parameters says.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


class Database:
    """Two engines on one URL: `read()` sees committed data, `write()` is a transaction, alone here."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.followers = Followers()
        """Told within the transactions that change something about a device."""
        self._reader = reader
        self._writer = writer

    @classmethod
    def connect(cls, url: str) -> "Database":
        """Make the engines; a SQLite file is created readable by its owner only. Raises StoreError."""
        try:
            parsed = address(url)
            if parsed.get_backend_name() == "sqlite":
                return cls._sqlite(parsed)
            engine = create_async_engine(
                parsed,
                pool_size=SERVER_WRITERS,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"timeout": CONNECT_WITHIN_S},
            )
        except ArgumentError as error:
            raise StoreError(_LIKE) from error
        except ModuleNotFoundError as error:
            raise StoreError(f"PostgreSQL needs {error.name}: pip install 'wxlink[postgres]'") from error
        return cls(engine, engine)

    @classmethod
    def _sqlite(cls, url: URL) -> "Database":
        if url.database in (None, "", ":memory:"):
            raise StoreError(
                "the relay needs a database in a file: a memory database is lost with its connection"
            )
        path = Path(str(url.database))
        _create_private(path)
        _use_wal(path)
        # hide_parameters: an error that is logged must not show the values of a row.
        # Returning a reader to its pool needs no rollback: it never opens a transaction.
        reader = create_async_engine(
            url, pool_size=READERS, max_overflow=0, pool_reset_on_return=None, hide_parameters=True
        )
        writer = create_async_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
        for engine, pragmas in ((reader, (*_PRAGMAS, "PRAGMA query_only=ON")), (writer, _PRAGMAS)):
            event.listen(engine.sync_engine, "connect", _prepare(pragmas))
        # IMMEDIATE takes the write lock first: a transaction that reads and then writes cannot fail half-way
        # because another process wrote in between.
        event.listen(writer.sync_engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
        return cls(reader, writer)

    @property
    def is_server(self) -> bool:
        """Whether it is a PostgreSQL server, which orders writers by itself and parts tables."""
        return self._writer.dialect.name == "postgresql"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries."""
        async with self._reader.connect() as conn:
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        async with self._writer.begin() as conn:
            calls: list[Callable[[], None]] = []
            conn.info[_WHEN_COMMITTED] = calls
            yield conn
        for call in calls:
            call()

    async def ping(self) -> None:
        """One query that needs no table."""
        async with self.read() as conn:
            await conn.execute(select(1))

    @property
    def connections_in_use(self) -> int:
        """Connections that are taken from their pools."""
        pools = {engine.pool for engine in (self._reader, self._writer)}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


def when_committed(conn: AsyncConnection, call: Callable[[], None]) -> None:
    """Call it once the transaction of `write` is committed, not at all when it is rolled back."""
    conn.info[_WHEN_COMMITTED].append(call)


def address(url: str) -> URL:
    """The URL with the driver that is used here. Raises StoreError for another database or driver."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(_LIKE) from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(_LIKE)
    return parsed.set(drivername=driver)


def insert(conn: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows `on_conflict_do_...`, in the dialect of the connection."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


async def deleted(conn: AsyncConnection, statement: Delete) -> int:
    """Run a DELETE; the number of rows that went."""
    return int((await conn.execute(statement)).rowcount)


async def turn(conn: AsyncConnection, *name: str) -> None:
    """Wait until no other transaction has the turn of this name; it is given back at the end of this one.

    For what is read, then inserted: there is no row yet that could be locked. SQLite has one writer anyway.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("\n".join(name), 0))))


def pairs(rows: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Rows of two columns, to make a dict of."""
    return ((row[0], row[1]) for row in rows)


def _create_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the database file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _use_wal(path: Path) -> None:
    """Switch the file to write-ahead logging, which it keeps. Raises StoreError.

    busy_timeout does not hold here: SQLite refuses at once while another process, which starts at the same
    moment, does the same.
    """
    deadline = time.monotonic() + BUSY_MS / 1000
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if time.monotonic() > deadline:
                    raise StoreError(f"the database {path} cannot be used: {error}") from error
                time.sleep(WAL_RETRY_S)
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{path} is not the database of a relay: {error}") from error
            else:
                return


def _prepare(pragmas: Sequence[str]) -> Any:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    return prepare
