"""How many reports a second the store keeps, on SQLite and on PostgreSQL, and how soon it adds up 30 days."""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench.figure import Figure
from bench.postgres import NoPostgres, private_postgres
from wxlink.assets import asset
from wxlink.relay import values
from wxlink.relay.store import HOUR_S, Product, Report, Store
from wxlink.relay.store.database import address

DEVICES: Final = 50
BATCH: Final = 200  # what ingest puts into one transaction
BATCHES: Final = 100
DAY_S: Final = 86_400
DAYS: Final = 30
EVERY_S: Final = 10
BEGAN: Final = 1_700_000_000.0

# As the relay writes: what is committed is on the disk.
_SQLITE: Final = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
_BARE: Final = "CREATE TABLE bare (id {key}, did VARCHAR(22), at DOUBLE PRECISION, cmd INTEGER, p0 {bytes})"
_INDEX: Final = "CREATE INDEX ix_bare_did_at ON bare (did, at)"
_P0: Final = bytes((4, 7, 17, 34, 51, 0, 3, 1, 39, 55, 1, 9))


def measure() -> list[Figure]:
    """Both databases beside a bare loop of inserts on the same one, and each other; an aggregate."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        on_sqlite = await _kept(url), _bare_sqlite(Path(folder, "bare.sqlite3"))
        figures = [_figure("SQLite", *on_sqlite), await _aggregate(url)]
    try:
        with private_postgres({}) as server:
            url = server.fresh()
            on_server = await _kept(url), await _bare_postgres(url)
    except NoPostgres:
        return figures
    note = f"batches of {BATCH}, {DEVICES} devices, one relay"
    beside = Figure(
        "reports stored, PostgreSQL", on_server[0], "reports/s", "SQLite", on_sqlite[0], "more", note
    )
    return [*figures, _figure("PostgreSQL", *on_server), beside]


def _figure(database: str, ours: float, bare: float) -> Figure:
    note = (
        f"States.apply in batches of {BATCH}: history, latest state, numbers by the hour; committed to disk"
    )
    peer = "executemany of the same rows into one table through the driver alone"
    return Figure(f"reports stored, {database}", ours, "reports/s", peer, bare, "more", note)


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[tuple[Store, Product, list[str]]]:
    definition = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    product = Product(definition["product_key"], definition["name"], "0" * 32, definition)
    store = await Store.open(url)
    try:
        await store.products.put(product)
        known = [
            await store.devices.register(product.product_key, f"{number:012x}", "PASSCODE", BEGAN)
            for number in range(DEVICES)
        ]
        yield store, product, [one.did for one in known]
    finally:
        await store.close()


async def _kept(url: str) -> float:
    async with _open(url) as (store, product, dids):
        attrs = values.to_store(product.points, product.codec.decode_report(_P0))
        batches = [
            [
                Report(dids[row % DEVICES], BEGAN + number * BATCH + row, 0x91, _P0, attrs)
                for row in range(BATCH)
            ]
            for number in range(BATCHES)
        ]
        await store.states.apply(batches.pop())
        began = time.perf_counter()
        for batch in batches:
            await store.states.apply(batch)
        return BATCH * len(batches) / (time.perf_counter() - began)


def _rows(number: int) -> list[tuple[str, float, int, bytes]]:
    return [(f"{row % DEVICES:022}", BEGAN + number * BATCH + row, 0x91, _P0) for row in range(BATCH)]


def _bare_sqlite(path: Path) -> float:
    connection = sqlite3.connect(path)
    for statement in (*_SQLITE, _BARE.format(key="INTEGER PRIMARY KEY", bytes="BLOB"), _INDEX):
        connection.execute(statement)
    began = time.perf_counter()
    for number in range(BATCHES):
        with connection:
            connection.executemany("INSERT INTO bare (did, at, cmd, p0) VALUES (?, ?, ?, ?)", _rows(number))
    took = time.perf_counter() - began
    connection.close()
    return BATCH * BATCHES / took


async def _bare_postgres(url: str) -> float:
    parsed = address(url)
    connection: Any = await asyncpg.connect(
        user=parsed.username,
        password=parsed.password,
        database=parsed.database,
        host=str(parsed.query["host"]),
    )
    await connection.execute(_BARE.format(key="BIGSERIAL PRIMARY KEY", bytes="BYTEA"))
    await connection.execute(_INDEX)
    began = time.perf_counter()
    for number in range(BATCHES):
        async with connection.transaction():
            await connection.executemany(
                "INSERT INTO bare (did, at, cmd, p0) VALUES ($1, $2, $3, $4)", _rows(number)
            )
    took = time.perf_counter() - began
    await connection.close()
    return BATCH * BATCHES / took


async def _aggregate(url: str) -> Figure:
    """Averages of a month, from the sums of hours; beside reading and decoding its reports."""
    count = DAYS * DAY_S // EVERY_S
    async with _open(url) as (store, product, dids):
        did, attrs = dids[0], values.to_store(product.points, product.codec.decode_report(_P0))
        for start in range(0, count, 1_000):
            some = range(start, min(start + 1_000, count))
            moments = [BEGAN + DAY_S + number * EVERY_S for number in some]
            await store.states.apply([Report(did, at, 0x91, _P0, attrs) for at in moments])
        first, last = BEGAN + DAY_S, BEGAN + DAY_S + DAYS * DAY_S
        began = time.perf_counter()
        hours = await store.hours.of_device(did, int(first // HOUR_S), int(last // HOUR_S))
        added = sum(points["Temperature"][0] for _, points in hours)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        reports = await store.states.reports(did, first - 1, last, count)
        decoded = [product.codec.decode_report(one.p0)["Temperature"] for one in reports]
        theirs = time.perf_counter() - began
    if added != len(decoded):
        raise RuntimeError(f"{added} numbers were added up, {len(decoded)} reported")
    return Figure(
        "30 days of a device that reports every 10 s, added up",
        ours * 1000,
        "ms",
        "reading and decoding its reports",
        theirs * 1000,
        "less",
        f"{count} reports, SQLite; the sums of hours are written with the reports",
    )
