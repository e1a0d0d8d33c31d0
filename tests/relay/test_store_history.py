"""Single reports are kept for as long as the relay or their product says, on PostgreSQL in months."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from postgres_ground import Postgres
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp
from sqlalchemy import Connection, text

from wxlink.relay.store import BATCH_MAX, Report, Store
from wxlink.relay.store.database import Database
from wxlink.relay.store.months import Month
from wxlink.relay.store.retention import PRUNE_CHUNK
from wxlink.relay.store.store import MIGRATIONS

ON_POSTGRESQL = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
DAY = 86_400.0
SHORT_KEY = "1" * 32


def report(did: str, at: float, p0: bytes = b"\x04") -> Report:
    return Report(did, at, 0x91, p0, {"LED_R": 1})


async def ages(store: Store, did: str, now: float) -> list[int]:
    """The ages in days of the reports that are kept."""
    return [round((now - kept.at) / DAY) for kept in await store.states.reports(did, 0, now, 10_000)]


async def partitions(store: Store) -> list[str]:
    async with store._database.read() as conn:
        query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'history'::regclass")
        return sorted((await conn.execute(query)).scalars())


async def test_reports_are_kept_as_long_as_their_product_says(store: Store, did: str) -> None:
    await store.products.put(replace(lamp(SHORT_KEY), history_days=3))
    short = (await store.devices.register(SHORT_KEY, MAC, PASSCODE, NOW)).did
    gone = (await store.devices.register(SHORT_KEY, "gone", PASSCODE, NOW)).did
    for one in (did, short, gone):
        await store.states.apply([report(one, NOW - day * DAY) for day in (200, 100, 5, 2)])
    await store.devices.retire(gone, PASSCODE, NOW)
    await store.prune(NOW, 10 * DAY)
    assert await ages(store, short, NOW) == [2]
    assert await ages(store, did, NOW) == [2, 5]
    assert await ages(store, gone, NOW) == [2, 5], "a device that is gone has no product"
    assert (await store.states.latest(short)).attrs == {"LED_R": 1}
    assert await store.products.keep_history(SHORT_KEY, 1)
    assert not await store.products.keep_history("2" * 32, 1)
    await store.prune(NOW, 10 * DAY)
    assert await ages(store, short, NOW) == []
    assert await ages(store, did, NOW) == [2, 5]


async def test_a_product_may_keep_longer_than_the_relay(store: Store, did: str) -> None:
    await store.products.put(replace(lamp(SHORT_KEY), history_days=365))
    long = (await store.devices.register(SHORT_KEY, MAC, PASSCODE, NOW)).did
    for one in (did, long):
        await store.states.apply([report(one, NOW - day * DAY) for day in (800, 300, 40, 20)])
    await store.prune(NOW, 30 * DAY)
    assert await ages(store, long, NOW) == [20, 40, 300]
    assert await ages(store, did, NOW) == [20]


async def test_many_old_reports_go_in_chunks(store: Store, did: str) -> None:
    await store.products.put(replace(lamp(), history_days=3))
    count = PRUNE_CHUNK + 10
    for start in range(0, count, BATCH_MAX):
        await store.states.apply([report(did, NOW - 4 * DAY)] * min(BATCH_MAX, count - start))
    await store.states.apply([report(did, NOW)])
    assert await store.retention.prune(NOW, 30 * DAY) == count
    assert await ages(store, did, NOW) == [0]


def test_months_follow_each_other_without_a_gap(seeded: random.Random) -> None:
    for _ in range(1_000):
        at = seeded.uniform(0, 4e9)
        month = Month.of(at)
        assert month.begin <= at < month.end
        assert Month.of(month.end).begin == month.end
        assert Month.named(month.name) == month
    assert Month.named("history") is None


@ON_POSTGRESQL
async def test_months_are_made_ahead_and_on_demand_and_dropped_whole(store: Store, did: str) -> None:
    await store.prune(NOW, 30 * DAY)  # the middle of November 2023
    assert await partitions(store) == ["history_y2023m11", "history_y2023m12"]
    await store.states.apply([report(did, NOW - 70 * DAY), report(did, NOW + 100 * DAY)])
    assert (await partitions(store))[::4] == ["history_y2023m09"]
    assert len(await partitions(store)) == 4
    await store.prune(NOW, 30 * DAY)
    assert "history_y2023m09" not in await partitions(store)
    assert await ages(store, did, NOW) == []


@ON_POSTGRESQL
async def test_those_kept_longest_go_with_their_month(store: Store, did: str) -> None:
    await store.states.apply([report(did, NOW - day * DAY) for day in (20, 10)])
    await store.prune(NOW + 15 * DAY, 30 * DAY)
    assert await ages(store, did, NOW) == [10, 20], "October is not over for 30 days"
    await store.prune(NOW + 17 * DAY, 30 * DAY)
    assert await ages(store, did, NOW) == [10], "and now it is"


@ON_POSTGRESQL
async def test_a_report_finds_a_month_that_another_relay_has_dropped(
    store: Store, store_url: str, did: str
) -> None:
    await store.states.apply([report(did, NOW, b"\x04a")])
    async with store._database.write() as conn:
        await conn.execute(text("DROP TABLE history_y2023m11"))
    await store.states.apply([report(did, NOW, b"\x04b")])
    assert [kept.p0 for kept in await store.states.reports(did, 0, NOW, 10)] == [b"\x04b"]


@ON_POSTGRESQL
async def test_two_relays_make_the_same_month_at_once(store: Store, store_url: str, did: str) -> None:
    other = await Store.open(store_url)
    try:
        batches = [[report(did, NOW + month * 31 * DAY)] for month in range(6)]
        each = [one.states.apply(batch) for one in (store, other) for batch in batches]
        await asyncio.wait_for(asyncio.gather(*each), 60)
    finally:
        await other.close()
    assert len(await store.states.reports(did, 0, NOW * 2, 100)) == 12


@ON_POSTGRESQL
async def test_a_month_with_a_long_query_on_it_is_dropped_another_time(store: Store, did: str) -> None:
    await store.states.apply([report(did, NOW - 100 * DAY)])
    async with store._database.read() as conn:
        await conn.execute(text("SELECT count(*) FROM history"))  # its transaction holds a lock
        assert await store.prune(NOW, 30 * DAY) == 0
    await store.prune(NOW, 30 * DAY)
    assert await ages(store, did, NOW) == []


async def test_an_unparted_history_is_brought_into_months_and_back(postgres: Postgres) -> None:
    url = postgres.fresh()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def to(connection: Connection, verb: Callable[[Config, str], None], revision: str) -> None:
        config.attributes["connection"] = connection
        verb(config, revision)

    database = Database.connect(url)
    moments = [NOW, NOW + 20 * DAY, NOW + 100 * DAY]
    async with database.write() as conn:
        await conn.run_sync(to, command.upgrade, "0002")
        for at in moments:
            await conn.execute(
                text("INSERT INTO history (did, at, cmd, p0) VALUES ('d', :at, 145, '\\x04')"), {"at": at}
            )
    ways = (command.upgrade, "0003"), (command.downgrade, "0002"), (command.upgrade, "0003")
    for verb, revision in ways:
        async with database.write() as conn:
            await conn.run_sync(to, verb, revision)
            rows = (await conn.execute(text("SELECT id, at FROM history ORDER BY id"))).all()
        assert rows == [(1, moments[0]), (2, moments[1]), (3, moments[2])]
    await database.close()
    store = await Store.open(url)
    await store.products.put(lamp())
    did = (await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)).did
    await store.states.apply([report(did, NOW)])
    assert len(await partitions(store)) == 4, "November to February"
    async with store._database.read() as conn:
        assert (await conn.execute(text("SELECT max(id) FROM history"))).scalar() == 4
    await store.close()
