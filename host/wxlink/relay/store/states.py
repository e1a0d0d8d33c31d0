"""What devices report: the latest state of each, and the single reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.happenings import Happening, Reported
from wxlink.relay.store.schema import history, states

BATCH_MAX: Final = (
    1_000  # reports in one transaction; keeps a statement's parameters far below a database's limit
)
PRUNE_CHUNK: Final = 5_000  # rows deleted in one transaction, so that reports wait milliseconds at most


@dataclass(frozen=True, slots=True)
class Report:
    """One message of a device. `attrs` are its data points (`values.to_store`), None when it has none."""

    did: str
    at: float
    cmd: int
    p0: bytes
    attrs: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class State:
    """The latest value of every data point that a device has reported; `updated_at` 0 without a report."""

    did: str
    updated_at: float
    attrs: dict[str, Any]


class Kept(NamedTuple):
    """One report as it is kept."""

    at: float
    cmd: int
    p0: bytes


class States:
    """The tables of states and of history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, batch: Sequence[Report]) -> None:
        """Keep a batch of reports in one transaction: each in the history, all merged into the latest states.

        A report of a device that was reset meanwhile is passed over: the others must not fail with it.
        Raises ValueError for more than BATCH_MAX reports.
        """
        if len(batch) > BATCH_MAX:
            raise ValueError(f"a batch holds at most {BATCH_MAX} reports, not {len(batch)}")
        if not batch:
            return
        async with self._database.write() as conn:
            latest = await _latest(conn, {report.did for report in batch})
            kept = [report for report in batch if report.did in latest]
            updated_at: dict[str, float] = {}
            happenings: list[Happening] = []
            for report in kept:
                happenings.append(_happening(report, latest[report.did]))
                if report.attrs is not None:
                    latest[report.did] = latest[report.did] | report.attrs
                    updated_at[report.did] = report.at
            if kept:
                rows = [{"did": one.did, "at": one.at, "cmd": one.cmd, "p0": one.p0} for one in kept]
                await conn.execute(history.insert(), rows)
            if updated_at:
                merged = [{"of": did, "at": at, "merged": latest[did]} for did, at in updated_at.items()]
                await conn.execute(_MERGED, merged)
            await self._database.followers.tell(conn, happenings)

    async def latest(self, did: str) -> State:
        """The latest state of a device; an empty one when nothing is known."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(states).where(states.c.did == did))).one_or_none()
        return State(did, 0.0, {}) if row is None else State(**row._mapping)

    async def reports(self, did: str, after: float, until: float, limit: int, skip: int = 0) -> list[Kept]:
        """Single reports of a device with after < at <= until, the newest first."""
        query = (
            select(history.c.at, history.c.cmd, history.c.p0)
            .where(history.c.did == did, history.c.at > after, history.c.at <= until)
            .order_by(history.c.at.desc(), history.c.id.desc())
            .limit(limit)
            .offset(skip)
        )
        async with self._database.read() as conn:
            return [Kept(*row) for row in await conn.execute(query)]

    async def prune(self, before: float) -> int:
        """Forget single reports older than `before`; how many went. Latest states stay.

        Goes from the oldest key on, in chunks: keys grow with time, so no index on the time alone is needed.
        """
        total = 0
        while True:
            oldest = select(history.c.id).order_by(history.c.id).limit(PRUNE_CHUNK).scalar_subquery()
            async with self._database.write() as conn:
                count = await deleted(
                    conn, delete(history).where(history.c.id.in_(oldest), history.c.at < before)
                )
            total += count
            if count < PRUNE_CHUNK:
                return total


_MERGED: Final = (
    update(states)
    .where(states.c.did == bindparam("of"))
    .values(updated_at=bindparam("at"), attrs=bindparam("merged", type_=states.c.attrs.type))
)


def _happening(report: Report, before: dict[str, Any]) -> Reported:
    return Reported(report.did, report.at, report.cmd, report.p0, report.attrs, before)


async def _latest(conn: AsyncConnection, dids: set[str]) -> dict[str, dict[str, Any]]:
    """The attrs of every device that exists, locked in one order: two relays cannot block each other."""
    query = select(states.c.did, states.c.attrs).where(states.c.did.in_(sorted(dids)))
    rows: list[Row[Any]] = list(await conn.execute(query.order_by(states.c.did).with_for_update()))
    return {row.did: row.attrs for row in rows}
