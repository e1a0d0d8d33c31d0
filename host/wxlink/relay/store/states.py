"""What devices report: the latest state of each, and the single reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database
from wxlink.relay.store.happenings import Happening, Reported
from wxlink.relay.store.hours import Now, add_hours
from wxlink.relay.store.months import Months
from wxlink.relay.store.schema import history, states

BATCH_MAX: Final = (
    1_000  # reports in one transaction; keeps a statement's parameters far below a database's limit
)


@dataclass(frozen=True, slots=True)
class Report:
    """One message of a device. `attrs` are its data points (`values.to_store`), None when it has none.

    sn: of a 0x0093 or 0x0094.
    """

    did: str
    at: float
    cmd: int
    p0: bytes
    attrs: dict[str, Any] | None
    sn: int | None = None


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
    sn: int | None = None


class States:
    """The tables of states and of history."""

    def __init__(self, database: Database, months: Months) -> None:
        self._database = database
        self._months = months

    async def apply(self, batch: Sequence[Report]) -> None:
        """Keep a batch of reports in one transaction: each in the history, all merged into the latest states.

        A report of a device that was reset meanwhile is passed over: the others must not fail with it.
        Raises ValueError for more than BATCH_MAX reports.
        """
        if len(batch) > BATCH_MAX:
            raise ValueError(f"a batch holds at most {BATCH_MAX} reports, not {len(batch)}")
        if not batch:
            return
        moments = {report.at for report in batch}
        await self._months.make(*moments)
        try:
            await self._apply(batch)
        except IntegrityError as error:
            if not await self._months.missed(error, moments):
                raise
            await self._apply(batch)

    async def _apply(self, batch: Sequence[Report]) -> None:
        async with self._database.write() as conn:
            latest = await _latest(conn, {report.did for report in batch})
            kept = [report for report in batch if report.did in latest]
            happenings: list[Happening] = []
            for report in kept:
                known = latest[report.did]
                happenings.append(_happening(report, known.attrs))
                if report.attrs is not None:
                    known.take(report)
            if kept:
                await conn.execute(history.insert(), [_history_row(report) for report in kept])
            changed = [known for known in latest.values() if known.updated_at is not None]
            if changed:
                await conn.execute(_MERGED, [known.row() for known in changed])
                past = [(one.did, hour, points) for one in changed for hour, points in one.now.past]
                await add_hours(conn, past)
            await self._database.followers.tell(conn, happenings)

    async def latest(self, did: str) -> State:
        """The latest state of a device; an empty one when nothing is known."""
        async with self._database.read() as conn:
            query = select(states.c.did, states.c.updated_at, states.c.attrs).where(states.c.did == did)
            row = (await conn.execute(query)).one_or_none()
        return State(did, 0.0, {}) if row is None else State(**row._mapping)

    async def reports(
        self, did: str, after: float, until: float, limit: int, skip: int = 0, *, newest_first: bool = True
    ) -> list[Kept]:
        """Single reports of a device with after < at <= until, the newest or the oldest first."""
        order = (history.c.at, history.c.id)
        query = (
            select(history.c.at, history.c.cmd, history.c.p0, history.c.sn)
            .where(*_within(did, after, until))
            .order_by(*(column.desc() if newest_first else column for column in order))
            .limit(limit)
            .offset(skip)
        )
        async with self._database.read() as conn:
            return [Kept(*row) for row in await conn.execute(query)]

    async def count(self, did: str, after: float, until: float) -> int:
        """How many single reports of a device there are with after < at <= until."""
        query = select(func.count()).select_from(history).where(*_within(did, after, until))
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())


@dataclass(slots=True)
class _Latest:
    """What is known of one device while a batch is merged into it; `updated_at` None: nothing new yet."""

    did: str
    attrs: dict[str, Any]
    now: Now
    updated_at: float | None = None

    def take(self, report: Report) -> None:
        attrs = report.attrs or {}
        self.attrs = self.attrs | attrs
        self.updated_at = report.at
        self.now.take(report.at, attrs)

    def row(self) -> dict[str, object]:
        return {
            "of": self.did,
            "at": self.updated_at,
            "merged": self.attrs,
            "of_hour": self.now.hour,
            "sums": self.now.points,
        }


_MERGED: Final = (
    update(states)
    .where(states.c.did == bindparam("of"))
    .values(
        updated_at=bindparam("at"),
        attrs=bindparam("merged", type_=states.c.attrs.type),
        hour=bindparam("of_hour"),
        points=bindparam("sums", type_=states.c.points.type),
    )
)


def _within(did: str, after: float, until: float) -> tuple[ColumnElement[bool], ...]:
    return history.c.did == did, history.c.at > after, history.c.at <= until


def _history_row(report: Report) -> dict[str, object]:
    return {"did": report.did, "at": report.at, "cmd": report.cmd, "sn": report.sn, "p0": report.p0}


def _happening(report: Report, before: dict[str, Any]) -> Reported:
    return Reported(report.did, report.at, report.cmd, report.p0, report.attrs, before)


async def _latest(conn: AsyncConnection, dids: set[str]) -> dict[str, _Latest]:
    """What is known of every device that exists, locked in one order: two relays cannot block each other."""
    query = select(states.c.did, states.c.attrs, states.c.hour, states.c.points)
    query = query.where(states.c.did.in_(sorted(dids))).order_by(states.c.did).with_for_update()
    rows = await conn.execute(query)
    return {did: _Latest(did, attrs, Now(hour, points or {})) for did, attrs, hour, points in rows}
