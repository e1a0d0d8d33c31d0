"""The database file: made, migrated, kept private, shared by processes."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from wxlink.relay.store import Report, Store, StoreError
from wxlink.relay.store.months import Month
from wxlink.relay.store.schema import metadata

BATCHES = 20
WRITER = f"""
import asyncio, sys
from wxlink.relay.store import Report, Store

async def main(url, did):
    store = await Store.open(url)
    for i in range({BATCHES}):
        await store.states.apply([Report(did, {NOW} + i, 0x91, bytes([1, i]), {{"theirs": i}})])
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


ON_SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


async def test_migrations_make_exactly_the_schema_that_the_code_uses(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {
            "include_name": lambda name, kind, _parents: kind != "table" or not Month.named(name or "")
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with store._database.read() as conn:
        assert await conn.run_sync(differences) == []


async def test_a_database_that_is_opened_again_has_kept_everything(store: Store, store_url: str) -> None:
    did = (await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)).did
    await store.states.apply([Report(did, NOW, 0x91, b"\x04", {"LED_R": 7})])
    await store.close()
    again = await Store.open(store_url)
    try:
        assert (await again.states.latest(did)).attrs == {"LED_R": 7}
        product = await again.products.get(PRODUCT_KEY)
        assert product is not None
        assert product.definition == lamp().definition
    finally:
        await again.close()


@ON_SQLITE
async def test_only_the_owner_can_read_the_files(store: Store, tmp_path: Path) -> None:
    def modes() -> dict[str, int]:
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes() == dict.fromkeys(("relay.sqlite3", "relay.sqlite3-wal", "relay.sqlite3-shm"), 0o600)


@ON_SQLITE
async def test_a_commit_survives_loss_of_power(store: Store) -> None:
    async with store._database.write() as conn:  # a pragma belongs to the connection that writes
        answers = [
            (await conn.execute(text(f"PRAGMA {name}"))).scalar() for name in ("synchronous", "journal_mode")
        ]
    assert answers == [2, "wal"]


async def test_a_database_of_a_newer_wxlink_is_not_touched(store: Store, store_url: str) -> None:
    async with store._database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    with pytest.raises(StoreError, match="newer wxlink"):
        await Store.open(store_url)


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("sqlite+aiosqlite://", "database in a file"),
        ("relay.sqlite3", "write it like"),
        ("postgresql+nosuchdriver://h/db", "write it like"),
    ],
)
async def test_a_url_that_cannot_work_is_refused_with_a_remedy(url: str, remedy: str) -> None:
    with pytest.raises(StoreError, match=remedy):
        await Store.open(url)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    path.write_bytes(b"this is not a database, and long enough to be sure" * 100)
    with pytest.raises(StoreError, match="not a database"):
        await Store.open(f"sqlite+aiosqlite:///{path}")


def test_the_schema_is_valid_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    for table in metadata.sorted_tables:
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert f"ON {table.name}" in str(CreateIndex(index).compile(dialect=dialect))


async def test_relays_that_start_together_on_an_empty_database_agree(store_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(store_url) for _ in range(4)))
    try:
        await stores[0].products.put(lamp())
        registered = await asyncio.gather(
            *(store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW) for store in stores)
        )
        assert len({one.did for one in registered}) == 1
        assert [one.new for one in registered].count(True) == 1
    finally:
        for store in stores:
            await store.close()


async def test_two_processes_write_to_one_database(store: Store, store_url: str) -> None:
    did = (await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)).did
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, store_url, did, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    for i in range(BATCHES):
        await store.states.apply([Report(did, NOW + i, 0x91, bytes([2, i]), {"ours": i})])
        await asyncio.sleep(0.02)
    assert await asyncio.wait_for(process.wait(), 60) == 0
    assert (await store.states.latest(did)).attrs == {"ours": BATCHES - 1, "theirs": BATCHES - 1}
    assert len(await store.states.reports(did, 0, NOW + 1000, limit=1000)) == 2 * BATCHES
